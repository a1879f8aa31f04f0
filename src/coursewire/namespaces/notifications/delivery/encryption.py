"""Encrypts a push message for one browser (RFC 8291): only it can read it, not the push service in between."""

from __future__ import annotations

import base64
import binascii
import os
from dataclasses import dataclass, field
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

MAX_PLAINTEXT: Final = 3_993
"""Bytes: with header, padding mark and tag a body of 4,096, which every push service takes (RFC 8291, 4)."""

_RECORD_SIZE: Final = 4_096
_POINT_BYTES: Final = 65
_AUTH_BYTES: Final = 16
_LAST_RECORD: Final = b"\x02"


@dataclass(frozen=True, slots=True)
class ReceiverKeys:
    """The keys that a browser made for one subscription."""

    public: bytes
    """`p256dh`: an uncompressed point on P-256, 65 bytes."""
    auth: bytes = field(repr=False)
    """`auth`: 16 bytes."""

    @classmethod
    def parse(cls, p256dh: str, auth: str) -> ReceiverKeys:
        """Read the keys as browsers write them, base64url. Raises ValueError, which names the one that is wrong."""
        public = from_base64url(p256dh)
        if public is None or len(public) != _POINT_BYTES:
            raise ValueError("p256dh must be an uncompressed P-256 point: 65 bytes in base64url")
        try:
            ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), public)
        except ValueError:
            raise ValueError("p256dh is no point on P-256") from None
        secret = from_base64url(auth)
        if secret is None or len(secret) != _AUTH_BYTES:
            raise ValueError("auth must be 16 bytes in base64url")
        return cls(public, secret)


def encrypt(
    plaintext: bytes,
    keys: ReceiverKeys,
    *,
    sender: ec.EllipticCurvePrivateKey | None = None,
    salt: bytes | None = None,
) -> bytes:
    """Return the body of a push request in `aes128gcm`: one record.

    `sender` (a fresh key) and `salt` (16 fresh bytes) are given by tests only: used twice, they give the text away.
    Raises ValueError for more than MAX_PLAINTEXT bytes.
    """
    if len(plaintext) > MAX_PLAINTEXT:
        raise ValueError(f"a push message has at most {MAX_PLAINTEXT} bytes")
    sender = sender or ec.generate_private_key(ec.SECP256R1())
    salt = salt or os.urandom(16)
    receiver = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), keys.public)
    public = sender.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    shared = sender.exchange(ec.ECDH(), receiver)
    key_material = _derive(shared, keys.auth, b"WebPush: info\x00" + keys.public + public, 32)
    key = _derive(key_material, salt, b"Content-Encoding: aes128gcm\x00", 16)
    nonce = _derive(key_material, salt, b"Content-Encoding: nonce\x00", 12)
    header = salt + _RECORD_SIZE.to_bytes(4, "big") + bytes([len(public)]) + public
    return header + AESGCM(key).encrypt(nonce, plaintext + _LAST_RECORD, None)


def _derive(material: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(SHA256(), length, salt, info).derive(material)


def to_base64url(data: bytes) -> str:
    """Write bytes without padding, as push speaks of keys."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def from_base64url(text: str) -> bytes | None:
    """Read bytes with or without padding; None for what is none."""
    try:
        raw = text.rstrip("=").encode("ascii")
        return base64.b64decode(raw + b"=" * (-len(raw) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError):
        return None
