"""Links in mails that work without signing in: a word of ours says whom and what they switch off (RFC 8058)."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from coursewire.namespaces.notifications.delivery.encryption import from_base64url, to_base64url

PATH: Final = "/v1/notifications/unsubscribe"
MAX_TOKEN: Final = 512
"""Characters: an id has at most 128."""

_PURPOSE: Final = b"coursewire unsubscribe 1\x00"


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    """What one link switches off: somebody's mails of a category."""

    user_id: str
    scope: str
    """A category, or `daily` or `weekly` for all categories that come in that digest."""


class Links:
    """Makes links and reads them. They do not expire: a mail is found again after years, and the harm is nil."""

    def __init__(self, secret: str, public_url: str) -> None:
        """Take a secret of ours, of which only a derived key is used, and our address as mail readers see it."""
        self._key = hmac.digest(secret.encode(), _PURPOSE, hashlib.sha256)
        self._base = public_url.rstrip("/")
        self.site = urlsplit(public_url).hostname or public_url
        """How people call this server: its host name."""

    def unsubscribe(self, what: Unsubscribe) -> str:
        """Return the URL that switches this off when it is posted to."""
        return f"{self._base}{PATH}?token={self.token(what)}"

    def token(self, what: Unsubscribe) -> str:
        """Return the signed part of the URL."""
        said = f"{what.scope} {what.user_id}".encode()
        return f"{to_base64url(said)}.{to_base64url(self._sign(said))}"

    def read(self, token: str) -> Unsubscribe | None:
        """Return what a token of ours switches off; None for any other."""
        said, _, signature = token.partition(".")
        raw, signed = from_base64url(said), from_base64url(signature)
        if len(token) > MAX_TOKEN or raw is None or signed is None:
            return None
        if not hmac.compare_digest(self._sign(raw), signed):
            return None
        scope, _, user_id = raw.decode().partition(" ")
        return Unsubscribe(user_id, scope)

    def absolute(self, url: str) -> str | None:
        """Return where an action leads from a mail: a path to our own host; what is not http(s) leads nowhere."""
        if url.startswith("/") and not url.startswith(("//", "/\\")):
            return self._base + url
        return url if url.startswith(("https://", "http://")) else None

    def _sign(self, said: bytes) -> bytes:
        return hmac.digest(self._key, said, hashlib.sha256)
