"""Tokens: a JWT (RFC 7519, RFC 8725) in, a Caller out; the other way round for the shared secret."""

from __future__ import annotations

import re
import time
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from jwt import PyJWTError
from pydantic import TypeAdapter, ValidationError

from coursewire.errors import AuthExpired, AuthInvalid, AuthMissing, TooLarge, Unavailable
from coursewire.identity.caller import Caller
from coursewire.identity.keys import JwksKeys
from coursewire.identity.roles import roles_in_course, roles_of_person
from coursewire.identity.signature import Signed, sign_with_secret, take_apart
from coursewire.vocabulary import ID_PATTERN, Email, Role

MAX_TOKEN_CHARACTERS: Final = 16_384
ASYMMETRIC_ALGORITHMS: Final = ("RS256", "ES256", "EdDSA")

_MAX_NAME = 200
_MAX_AVATAR_URL = 2_048
_NUMBER = (int, float)
_LAST_SECOND = 253_402_300_799  # the year 9999: what the contract's time can still write
_ID = re.compile(ID_PATTERN)
_EMAIL: Final[TypeAdapter[str]] = TypeAdapter(Email)


class KeyNotLoaded(Unavailable):
    """The token names a key that is not in the cache: `authenticate` fetches it."""


class Verifier:
    """Checks tokens of one issuer for one audience.

    The algorithms are those configured, never those a token asks for: with a secret HS256 and that secret,
    with a key set the algorithm of the key. So a public key never serves as a secret, and `none` is no
    algorithm.
    """

    def __init__(
        self,
        *,
        secret: str | None = None,
        jwks: JwksKeys | None = None,
        issuer: str = "coursewire",
        audience: str = "coursewire",
        leeway_s: float = 5.0,
    ) -> None:
        """Take a shared secret, a key set, or both. `leeway_s` allows for clocks that differ."""
        if not secret and jwks is None:
            raise ValueError("a verifier needs a secret or a key set")
        self.jwks = jwks
        self._secret = secret.encode() if secret else None
        self._issuer = issuer
        self._audience = audience
        self._leeway_ms = int(leeway_s * 1000)

    def verify(self, token: object, now: int) -> Caller:
        """Check a token at `now` (milliseconds since 1970) without I/O.

        Raises AuthMissing, AuthInvalid, AuthExpired, and KeyNotLoaded when its key has to be fetched first.
        """
        if token is None or token == "":
            raise AuthMissing("a token is needed")
        if not isinstance(token, str):
            raise AuthInvalid("the token must be a string")
        if len(token) > MAX_TOKEN_CHARACTERS:
            raise AuthInvalid(f"the token is longer than {MAX_TOKEN_CHARACTERS} characters")
        return self._caller(self._claims(token), now)

    async def authenticate(self, token: object, now: int) -> Caller:
        """Check a token as `verify` does, fetching the issuer's keys when that is needed.

        Raises Unavailable too, when they cannot be had.
        """
        if self.jwks is not None:
            self.jwks.refresh_in_background()
        try:
            return self.verify(token, now)
        except KeyNotLoaded:
            assert self.jwks is not None  # noqa: S101  # only a key set has keys to load
            await self.jwks.load()
        try:
            return self.verify(token, now)
        except KeyNotLoaded:
            if self.jwks.may_lack_some:
                raise self.jwks.away from None
            raise AuthInvalid("the token is signed with a key that its issuer does not publish") from None

    async def close(self) -> None:
        """Stop fetching keys."""
        if self.jwks is not None:
            await self.jwks.close()

    def _claims(self, token: str) -> dict[str, Any]:
        try:
            parts = take_apart(token)
            claims = parts.claims() if self._is_genuine(parts) else None
        except (PyJWTError, ValueError, TypeError):
            claims = None
        if claims is None:
            # Which of them it was helps only who forges; a token's text must not get into a message.
            raise AuthInvalid("the token is malformed or its signature is wrong")
        return claims

    def _is_genuine(self, parts: Signed) -> bool:
        if self._secret is not None and parts.is_signed_with_secret(self._secret):
            return True
        if self.jwks is None or parts.header.get("alg") not in ASYMMETRIC_ALGORITHMS:
            return False
        kid = parts.header.get("kid")
        key = self.jwks.find(kid if isinstance(kid, str) else None)
        if key is None:
            raise KeyNotLoaded("the key of the token is not known yet")
        return parts.is_signed_with_key(key)

    def _caller(self, claims: dict[str, Any], now: int) -> Caller:
        if claims.get("iss") != self._issuer:
            raise AuthInvalid("the token is from another issuer (iss)")
        audience = claims.get("aud")
        if audience != self._audience and not (isinstance(audience, list) and self._audience in audience):
            raise AuthInvalid("the token is for another audience (aud)")
        expires_at = _time(claims, "exp")
        if expires_at is None:
            raise AuthInvalid("the token must say when it expires (exp)")
        not_before = _time(claims, "nbf")
        if not_before is not None and not_before > now + self._leeway_ms:
            raise AuthInvalid("the token is not valid yet (nbf)")
        issued_at = _time(claims, "iat") or 0
        if issued_at > now + self._leeway_ms:
            # Were it taken at its word, it would outrank every later change of the roster.
            raise AuthInvalid("the token was issued in the future (iat)")
        if expires_at + self._leeway_ms <= now:
            raise AuthExpired("the token has expired")
        user_id = claims.get("sub")
        if not isinstance(user_id, str) or not _ID.fullmatch(user_id):
            raise AuthInvalid("the token's user id (sub) must be 1-128 characters of A-Z a-z 0-9 . _ : @ -")
        courses = claims.get("courses")
        return Caller(
            user_id=user_id,
            name=_name(claims.get("name"), user_id),
            avatar_url=_avatar_url(claims.get("avatar_url")),
            email=_email(claims.get("email")),
            roles=roles_of_person(_strings(claims.get("roles"), "roles")),
            courses=_courses(courses),
            claims_courses=courses is not None,
            namespaces=_namespaces(claims.get("namespaces")),
            issued_at=issued_at,
            expires_at=expires_at,
        )


class Issuer:
    """Makes tokens with the shared secret: for the LMS (`POST /v1/tokens`), the demo, the command line."""

    def __init__(
        self,
        secret: str,
        *,
        issuer: str = "coursewire",
        audience: str = "coursewire",
        clock: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        """Take the secret that a `Verifier` has; `clock` gives milliseconds since 1970."""
        self._secret = secret.encode()
        self._issuer = issuer
        self._audience = audience
        self._clock = clock

    def issue(
        self,
        user_id: str,
        name: str,
        *,
        roles: Iterable[Role] = (),
        courses: Mapping[str, Iterable[Role]] | None = None,
        ttl_s: int = 3_600,
        namespaces: Iterable[str] | None = None,
        avatar_url: str | None = None,
        email: str | None = None,
    ) -> tuple[str, int]:
        """Return a token and when it expires, in milliseconds since 1970.

        `courses=None` says nothing about courses; `{}` says that there are none. Raises TooLarge for more than a
        verifier reads.
        """
        now = self._clock()
        # Whole seconds would make a token look older than a removal in the same second.
        claims: dict[str, Any] = {
            "iss": self._issuer,
            "aud": self._audience,
            "sub": user_id,
            "name": name,
            "iat": now / 1000,
            "exp": now // 1000 + ttl_s,
            "roles": sorted(roles),
        }
        if courses is not None:
            claims["courses"] = {course_id: sorted(held) for course_id, held in courses.items()}
        if namespaces is not None:
            claims["namespaces"] = sorted(namespaces)
        if avatar_url is not None:
            claims["avatar_url"] = avatar_url
        if email is not None:
            claims["email"] = email
        token = sign_with_secret(claims, self._secret)
        if len(token) > MAX_TOKEN_CHARACTERS:
            raise TooLarge(
                f"a token has at most {MAX_TOKEN_CHARACTERS:,} characters, this would have {len(token):,}:"
                " name fewer courses, and keep the roster by HTTP",
                field="courses",
            )
        return token, claims["exp"] * 1000


def _time(claims: dict[str, Any], claim: str) -> int | None:
    seconds = claims.get(claim)
    if seconds is None:
        return None
    if isinstance(seconds, bool) or not isinstance(seconds, _NUMBER) or not 0 <= seconds <= _LAST_SECOND:
        raise AuthInvalid(f"the token's {claim} must be seconds since 1970")
    return round(seconds * 1000)


def _strings(value: Any, claim: str) -> list[str]:
    if value is None:
        return []
    if isinstance(value, list):
        for item in value:
            if not isinstance(item, str):
                break
        else:
            return value
    raise AuthInvalid(f"the token's {claim} must be a list of strings")


def _courses(value: Any) -> dict[str, frozenset[Role]]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise AuthInvalid("the token's courses must be an object: course id -> roles")
    for course_id in value:
        if not _ID.fullmatch(course_id):
            raise AuthInvalid("the token's course ids must be 1-128 characters of A-Z a-z 0-9 . _ : @ -")
    return {course_id: roles_in_course(_strings(held, "courses")) for course_id, held in value.items()}


def _namespaces(value: Any) -> frozenset[str] | None:
    if value is None:
        return None
    return frozenset("/" + name.removeprefix("/") for name in _strings(value, "namespaces"))


def _name(value: Any, user_id: str) -> str:
    """Take a name as one clean line. An LMS passes on what people typed, so it is mended, not refused."""
    if value is None:
        return user_id
    if not isinstance(value, str):
        raise AuthInvalid("the token's name must be a string")
    if not value.isprintable():
        value = "".join(
            " " if unicodedata.category(character) in {"Cc", "Cs"} else character for character in value
        )
    return " ".join(unicodedata.normalize("NFC", value).split())[:_MAX_NAME].strip() or user_id


def _email(value: Any) -> str | None:
    """Take an address (OpenID Connect's claim); what we could not send to is left out, not refused."""
    if value is None:
        return None
    try:
        return _EMAIL.validate_python(value)
    except ValidationError:
        return None


def _avatar_url(value: Any) -> str | None:
    """Take a picture's address over HTTP, or a path on this host; any other scheme is left out."""
    if not isinstance(value, str) or len(value) > _MAX_AVATAR_URL or not value.isprintable():
        return None
    is_path = value.startswith("/") and not value.startswith(("//", "/\\"))
    return value if is_path or value.startswith(("https://", "http://")) else None
