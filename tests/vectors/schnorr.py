# SPDX-License-Identifier: Apache-2.0
"""Schnorr signatures over P-256, RFC 6979 and JWS in Python's own numbers: a second opinion on crypto/schnorr.cpp.

Slow, and no secret is safe with it.
"""

import base64
import hashlib
import hmac
import json

P = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
G = (0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
     0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5)


def add(a, b):
    """The sum of two points; None is the one at infinity."""
    if a is None or b is None:
        return a or b
    if a[0] == b[0] and (a[1] + b[1]) % P == 0:
        return None
    if a == b:
        slope = 3 * (a[0] * a[0] - 1) * pow(2 * a[1], -1, P)  # the curve's a is -3
    else:
        slope = (b[1] - a[1]) * pow(b[0] - a[0], -1, P)
    x = (slope * slope - a[0] - b[0]) % P
    return x, (slope * (a[0] - x) - a[1]) % P


def multiply(scalar, point):
    product = None
    while scalar:
        if scalar & 1:
            product = add(product, point)
        point = add(point, point)
        scalar >>= 1
    return product


def octets(number):
    return number.to_bytes(32, "big")


def encoded(point):
    return b"\x04" + octets(point[0]) + octets(point[1])


def decoded(octet_string):
    return int.from_bytes(octet_string[1:33], "big"), int.from_bytes(octet_string[33:], "big")


def sha256(data):
    return hashlib.sha256(data).digest()


def nonce(q, scalar, digest):
    """RFC 6979 section 3.2 for an order of 256 bits."""
    def mac(key, data):
        return hmac.new(key, data, hashlib.sha256).digest()

    fixed = octets(scalar) + octets(int.from_bytes(digest, "big") % q)
    v, k = b"\x01" * 32, b"\x00" * 32
    k = mac(k, v + b"\x00" + fixed)
    v = mac(k, v)
    k = mac(k, v + b"\x01" + fixed)
    v = mac(k, v)
    while True:
        v = mac(k, v)
        candidate = int.from_bytes(v, "big")
        if 0 < candidate < q:
            return candidate
        k = mac(k, v + b"\x00")
        v = mac(k, v)


def challenge(nonce_point, signer, message):
    parts = encoded(G), nonce_point, signer, message
    return int.from_bytes(sha256(b"".join(len(part).to_bytes(4, "big") + part for part in parts)), "big")


def sign(scalar, message):
    k = nonce(N, scalar, sha256(message))
    v = encoded(multiply(k, G))
    r = (k - scalar * challenge(v, encoded(multiply(scalar, G)), message)) % N
    return v[1:] + octets(r)


def verifies(signer, message, signature):
    """`signer` as 65 bytes."""
    v, r = b"\x04" + signature[:64], int.from_bytes(signature[64:], "big")
    c = challenge(v, signer, message)
    return len(signature) == 96 and r < N and encoded(add(multiply(r, G), multiply(c, decoded(signer)))) == v


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def from_base64url(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def jws(scalar, claims_text):
    """The compact form of a token with these claims, as JSON text."""
    head = base64url(b'{"alg":"Tesla.SS256","typ":"JWT"}')
    signed = head + "." + base64url(claims_text.encode())
    return signed + "." + base64url(sign(scalar, signed.encode()))


def claims_of(token, signer):
    """The claims of a token that this key, as 65 bytes, has signed."""
    signed, _, signature = token.rpartition(".")
    head, _, claims = signed.partition(".")
    assert json.loads(from_base64url(head)) == {"alg": "Tesla.SS256", "typ": "JWT"}, head
    assert verifies(signer, signed.encode(), from_base64url(signature)), "the signature is not this key's"
    return json.loads(from_base64url(claims))
