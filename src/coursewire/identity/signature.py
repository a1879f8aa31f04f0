"""The compact form of a signed token (RFC 7515, 3.1), taken apart and put together; PyJWT knows the public keys."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final, NamedTuple

import orjson
from jwt import PyJWK

# Strict: the decoder would skip what is not of its alphabet, and two spellings would be one token.
_ALPHABET: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_STANDARD: Final = bytes.maketrans(b"-_", b"+/")


class Signed(NamedTuple):
    """A token taken apart; nothing of it is to be believed yet."""

    header: Mapping[str, Any]
    signed: bytes
    payload: bytes
    signature: bytes

    def is_signed_with_secret(self, secret: bytes) -> bool:
        """Whether the signature is HS256 with this secret, compared in constant time."""
        return self.header.get("alg") == "HS256" and hmac.compare_digest(
            hmac.digest(secret, self.signed, "sha256"), self.signature
        )

    def is_signed_with_key(self, key: PyJWK) -> bool:
        """Whether the signature is of this key, with the algorithm that belongs to the key.

        Raises jwt.PyJWTError, ValueError or TypeError for a signature that is none.
        """
        if self.header.get("alg") != key.algorithm_name:
            return False
        return bool(key.Algorithm.verify(self.signed, key.key, self.signature))

    def claims(self) -> dict[str, Any]:
        """Read the payload; ask for the signature first. Raises ValueError."""
        return _object(self.payload)


def take_apart(token: str) -> Signed:
    """Read the compact form. Raises ValueError, also for extensions that we would have to understand."""
    whole = token.encode("ascii")
    if whole.translate(None, _ALPHABET) != b"..":
        raise ValueError("not three parts of base64url")
    signed, _, signature = whole.rpartition(b".")
    header, _, payload = signed.partition(b".")
    if not (header and payload and signature):
        raise ValueError("one of the three parts is empty")
    return Signed(_header(header), signed, payload, _decoded(signature))


def sign_with_secret(claims: dict[str, Any], secret: bytes) -> str:
    """Return claims as a token that is signed with HS256."""
    signed = f"{_HS256_HEADER}.{_encoded(orjson.dumps(claims))}"
    return f"{signed}.{_encoded(hmac.digest(secret, signed.encode(), 'sha256'))}"


# An issuer writes the same header on all its tokens. Whoever sends others only makes us read ours again.
@lru_cache(maxsize=16)
def _header(segment: bytes) -> Mapping[str, Any]:
    header = _object(segment)
    if "crit" in header:  # RFC 7515, 4.1.11: whoever does not know one of them must refuse; we know none
        raise ValueError("has critical extensions")
    return header


def _object(segment: bytes) -> dict[str, Any]:
    value = orjson.loads(_decoded(segment))
    if not isinstance(value, dict):
        raise ValueError("not an object")  # noqa: TRY004 - like all that is wrong with a token's form
    return value


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decoded(text: bytes) -> bytes:
    # What `base64.urlsafe_b64decode` does, without the four functions between.
    return binascii.a2b_base64(text.translate(_STANDARD) + b"=" * (-len(text) % 4))


_HS256_HEADER: Final = _encoded(b'{"alg":"HS256","typ":"JWT"}')
