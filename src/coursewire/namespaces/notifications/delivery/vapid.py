"""Tells push services who we are (RFC 8292): a signed word per origin, and the key pair behind it."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from coursewire.namespaces.notifications.delivery.encryption import from_base64url, to_base64url

TOKEN_TTL_S: Final = 12 * 3_600
"""RFC 8292, 2: at most 24 hours."""
RENEW_BEFORE_S: Final = 3_600
ORIGINS: Final = 256
"""Push services that a token is kept for; there are about five in the world. When full, all are made anew."""

_SCALAR_BYTES: Final = 32


class Vapid:
    """The application server's key, and what it signs."""

    def __init__(self, private_key: str, contact: str) -> None:
        """Take the private key in base64url, and a `mailto:` or `https:` address where a push service reaches us.

        Raises ValueError.
        """
        scalar = from_base64url(private_key)
        if scalar is None or len(scalar) != _SCALAR_BYTES:
            raise ValueError("must be 32 bytes in base64url, as `coursewire vapid` prints it")
        self._key = ec.derive_private_key(int.from_bytes(scalar, "big"), ec.SECP256R1())
        self._contact = contact
        self.public_key = public_key_of(self._key)
        """What a browser subscribes with (`applicationServerKey`), base64url."""
        self._tokens: dict[str, tuple[str, float]] = {}

    def authorization(self, endpoint: str, now_s: float) -> str:
        """Return the Authorization header for an endpoint; `now_s` is seconds since 1970."""
        parts = urlsplit(endpoint)
        origin = f"{parts.scheme}://{parts.netloc}"
        token, expires_at = self._tokens.get(origin, ("", 0.0))
        if expires_at - RENEW_BEFORE_S <= now_s:
            expires_at = now_s + TOKEN_TTL_S
            claims = {"aud": origin, "exp": int(expires_at), "sub": self._contact}
            token = jwt.encode(claims, self._key, algorithm="ES256")
            if len(self._tokens) >= ORIGINS:
                self._tokens.clear()
            self._tokens[origin] = (token, expires_at)
        return f"vapid t={token}, k={self.public_key}"


def make_key_pair() -> tuple[str, str]:
    """Return a fresh (private, public) pair, both in base64url."""
    key = ec.generate_private_key(ec.SECP256R1())
    scalar = key.private_numbers().private_value.to_bytes(_SCALAR_BYTES, "big")
    return to_base64url(scalar), public_key_of(key)


def public_key_of(key: ec.EllipticCurvePrivateKey) -> str:
    """Return the public half as an uncompressed point, base64url."""
    return to_base64url(key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))
