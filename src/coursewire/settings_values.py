"""How the values of settings are written, where that is not plain."""

from __future__ import annotations

import re
from typing import Any, Final, Literal, NamedTuple
from urllib.parse import unquote, urlsplit

SMTP_PORTS: Final = {"smtp": 587, "smtps": 465, "smtp+plain": 25}
_ORIGIN: Final = re.compile(r"[a-z][a-z0-9+.-]*://([a-z0-9._-]+|\[[0-9a-f:.]+\])(:[1-9][0-9]*)?")


class SmtpServer(NamedTuple):
    """Where mails are handed in."""

    host: str
    port: int
    security: Literal["starttls", "tls", "plain"]
    username: str | None
    password: str | None

    @classmethod
    def parse(cls, url: str) -> SmtpServer:
        """Read `smtp://user:password@host:port`. Raises ValueError, which shows nothing of the URL."""
        try:
            parts = urlsplit(url)
            port, host = parts.port, parts.hostname
        except ValueError:
            raise ValueError("is no URL: set one like smtp://user:password@mail.example.edu:587") from None
        if parts.scheme not in SMTP_PORTS or not host or parts.path.strip("/") or parts.query:
            raise ValueError(
                "must be smtp://, smtps:// or smtp+plain://, and a host: smtp://mail.example.edu"
            )
        username = unquote(parts.username) if parts.username else None
        password = unquote(parts.password) if parts.password else None
        if (username is None) != (password is None):
            raise ValueError("must have both a user and a password, or neither; % in them is written %25")
        if parts.scheme == "smtp+plain" and password and host not in {"localhost", "127.0.0.1", "::1"}:
            raise ValueError("would send the password in the clear: use smtp:// or smtps://")
        security: Literal["starttls", "tls", "plain"]
        security = "starttls" if parts.scheme == "smtp" else "tls" if parts.scheme == "smtps" else "plain"
        return cls(host, port or SMTP_PORTS[parts.scheme], security, username, password)


def keeps_nothing(database_url: str) -> bool:
    """Whether this is the private database that is gone at the end, and not a file."""
    return database_url.removeprefix("sqlite://").strip("/") in {"", ":memory:"}


def is_sqlite(database_url: str) -> bool:
    """Whether this names a file, or nothing at all: `sqlite://campus.db` would be a host, and its file forgotten."""
    return re.fullmatch(r"sqlite://(/(?!file:)[^?]*)?", database_url) is not None


def listed(value: Any) -> Any:
    """Read a list from one variable, as `a, b`."""
    return [item.strip() for item in value.split(",") if item.strip()] if isinstance(value, str) else value


def switches(value: Any) -> Any:
    """Read switches from one variable, as `namespace.chat=off, other=on`."""
    if not isinstance(value, str):
        return value
    return dict(part.partition("=")[::2] for part in value.replace(" ", "").split(",") if part)


def hour(value: Any) -> Any:
    """Refuse what is no full hour in words that say what one is: people write 8:00 too."""
    if isinstance(value, bool) or not re.fullmatch(r"[01]?[0-9]|2[0-3]", str(value).strip()):
        raise ValueError("must be a full hour of the day, from 0 to 23, such as 8")
    return int(value)


def origin(value: str) -> str:
    """Refuse what no browser sends as the origin of a page (RFC 6454, 6.2): it would let nobody in, and not say so."""
    says_default_port = value.startswith("https://") and value.endswith(":443")
    says_default_port = says_default_port or (value.startswith("http://") and value.endswith(":80"))
    if value not in {"*", "null"} and (not _ORIGIN.fullmatch(value) or says_default_port):
        raise ValueError(
            "must be an origin as browsers send it, such as https://lms.example.edu or http://localhost:5173:"
            " in small letters, without a path, a slash at the end, or a port that is the usual one"
        )
    return value
