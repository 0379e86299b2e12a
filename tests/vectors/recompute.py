#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Recomputes protocol.json with Python's hashlib, hmac and cryptography: proof that its values belong together."""

import hashlib
import hmac
import json
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

VECTORS = json.loads((Path(__file__).parent / "protocol.json").read_text(encoding="utf-8"))
CURVE = ec.SECP256R1()


def field(group, name):
    return bytes.fromhex(VECTORS[group][name])


def public(scalar):
    point = ec.derive_private_key(int(scalar, 16), CURVE).public_key()
    return point.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint).hex()


def tag(key, message):
    return hmac.new(key, message, hashlib.sha256).digest()


def sealed(group, plaintext):
    metadata_hash = hashlib.sha256(field(group, "metadata")).digest()
    return AESGCM(K).encrypt(field(group, "nonce"), field(group, plaintext), metadata_hash)


def command_tag(group):
    return tag(COMMAND_KEY, field(group, "metadata") + field(group, "payload"))


def check(what, holds):
    print("ok  " if holds else "BAD ", what)
    return holds


client = ec.derive_private_key(int(VECTORS["client_private_scalar"], 16), CURVE)
vehicle = ec.EllipticCurvePublicKey.from_encoded_point(CURVE, bytes.fromhex(VECTORS["vehicle_public"]))
K = hashlib.sha1(client.exchange(ec.ECDH(), vehicle)).digest()[:16]
COMMAND_KEY = tag(K, b"authenticated command")
INFO_KEY = tag(K, b"session info")
COMMAND = "hmac_command_infotainment"
VCSEC = "hmac_command_vcsec"
RESPONSE = "aes_gcm_response_infotainment"
SCHNORR = VECTORS["schnorr_p256_sha256"]
NAME = VECTORS["ble_local_name"]

results = [
    check("client_public", public(VECTORS["client_private_scalar"]) == VECTORS["client_public"]),
    check("vehicle_public", public(VECTORS["vehicle_private_scalar"]) == VECTORS["vehicle_public"]),
    check("session_key", K == field("session_key", "value")),
    check("session_info.subkey", INFO_KEY == field("session_info", "subkey")),
    check(
        "session_info.hmac_tag",
        tag(INFO_KEY, field("session_info", "metadata") + field("session_info", "encoded"))
        == field("session_info", "hmac_tag"),
    ),
    check(
        "aes_gcm_command",
        sealed("aes_gcm_command", "plaintext_action")
        == field("aes_gcm_command", "ciphertext") + field("aes_gcm_command", "tag"),
    ),
    check(f"{COMMAND}.subkey", COMMAND_KEY == field(COMMAND, "subkey")),
    check(f"{COMMAND}.tag", command_tag(COMMAND) == field(COMMAND, "tag")),
    check(f"{VCSEC}.tag", command_tag(VCSEC) == field(VCSEC, "tag")),
    check(
        f"{VCSEC}.request_hash_for_response",
        b"\x08" + field(VCSEC, "tag")[:16] == field(VCSEC, "request_hash_for_response"),
    ),
    check(f"{RESPONSE}.request_hash", b"\x08" + field(COMMAND, "tag") == field(RESPONSE, "request_hash")),
    check(RESPONSE, sealed(RESPONSE, "plaintext") == field(RESPONSE, "ciphertext") + field(RESPONSE, "tag")),
    check("schnorr_p256_sha256.public", public(SCHNORR["private_scalar"]) == SCHNORR["public"]),
    check("ble_local_name", NAME["value"] == f"S{hashlib.sha1(NAME['vin'].encode()).hexdigest()[:16]}C"),
]
raise SystemExit(0 if all(results) else 1)
