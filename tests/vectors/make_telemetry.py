#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes telemetry.json: what schnorr.py computes. It is held against the published values first."""

import base64
import hashlib
import json
from pathlib import Path

import schnorr

FOLDER = Path(__file__).parent
VECTORS = json.loads((FOLDER / "protocol.json").read_text(encoding="utf-8"))
PUBLISHED = VECTORS["schnorr_p256_sha256"]
RFC6979 = VECTORS["rfc6979_p256_sha256"]
CLIENT = int(VECTORS["client_private_scalar"], 16)
# An order, though of no curve, below which every other candidate is.
HALF = 2**255 + 2**254 + 1


def signature(scalar, message):
    return {"scalar": schnorr.octets(scalar).hex(), "message": message.hex(),
            "signature": schnorr.sign(scalar, message).hex()}


def nonce(q, scalar, message):
    k = schnorr.nonce(q, scalar, hashlib.sha256(message).digest())
    return {"q": schnorr.octets(q).hex(), "scalar": schnorr.octets(scalar).hex(), "message": message.decode(),
            "nonce": schnorr.octets(k).hex()}


def token(body, config):
    """`config` is what stands between the braces of the body's `config`, without white space."""
    issuer = base64.b64encode(schnorr.encoded(schnorr.multiply(CLIENT, schnorr.G))).decode()
    claims = f'{{{config},"iss":"{issuer}","aud":"com.tesla.fleet.TelemetryClient"}}'
    return {"body": body, "claims": claims, "token": schnorr.jws(CLIENT, claims)}


assert schnorr.sign(int(PUBLISHED["private_scalar"], 16), b"hello world").hex() == PUBLISHED["signature"]
assert schnorr.nonce(schnorr.N, int(RFC6979["private_scalar"], 16), schnorr.sha256(b"sample")) == int(RFC6979["nonce"], 16)

MESSAGES = [b"", b"a", b"hello world", bytes(range(256)), b"x" * 1_000]
CONFIG = ('"hostname":"telemetry.example.com","port":443,"ca":"-----BEGIN CERTIFICATE-----\\nAA==\\n",'
          '"fields":{"BatteryLevel":{"interval_seconds":60,"minimum_delta":1.0}},"exp":1790000000,'
          '"large":123456789012345678901234567890,"exponent":1e3')
vectors = {
    "nonces": [nonce(HALF, scalar, message) for scalar in (1, 2, CLIENT, HALF - 1)
               for message in (b"", b"sample", b"test", b"vehicle")],
    "signatures": [signature(scalar, message) for scalar in (1, CLIENT, schnorr.N - 1) for message in MESSAGES[:4]]
                  + [signature(CLIENT, MESSAGES[4])],
    "token": token('{"vins":["5YJ30123456789ABC"],"config":{' + CONFIG + "}}", CONFIG),
}
(FOLDER / "telemetry.json").write_text(json.dumps(vectors, indent=1) + "\n", encoding="utf-8")
