"""Log records as lines for people or as JSON for machines, and never with a secret in them."""

from __future__ import annotations

import json
import logging
import math
import re
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final, TextIO

_HIDDEN: Final = "[hidden]"
_PATTERNS: Final = (
    # A JWT anywhere: three base64url parts, of which the first is a JSON object ("eyJ" is '{"').
    re.compile(r"eyJ[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*"),
    re.compile(r"(?i)(?<=bearer )[^\s'\",;]+"),
    # `token=...`, `"secret": "..."` and the like, in URLs, JSON and reprs.
    re.compile(r"(?i)(?<=token|ecret|sword)(?P<mark>['\"]?\s*[=:]\s*['\"]?)[^\s'\",;&)}]+"),
    # The password of a database URL.
    re.compile(r"(?<=://)(?P<user>[^\s/:@]*):[^\s/@]+(?=@)"),
)
_STANDARD: Final = frozenset(vars(logging.makeLogRecord({}))) | {
    "message",
    "asctime",
    "color_message",
    "taskName",
}


_OF_STRANGERS: Final = frozenset({"Invalid HTTP request received.", "Unsupported upgrade request."})
"""What uvicorn says of each request that is none: with it anybody could fill the disk, as fast as they can connect."""


def hide_secrets(text: str, secrets: Iterable[str] = ()) -> str:
    """Return `text` without the given secrets, and without whatever looks like a token or a password."""
    for secret in secrets:
        text = text.replace(secret, _HIDDEN)
    for pattern in _PATTERNS:
        text = pattern.sub(_replacement, text)
    return text


def _replacement(match: re.Match[str]) -> str:
    groups = match.groupdict()
    if "user" in groups:
        return f"{groups['user']}:{_HIDDEN}"
    return groups.get("mark", "") + _HIDDEN


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time, level, logger, message, what came in `extra`, and the traceback."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        super().__init__()
        self._secrets = tuple(secrets)

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        entry: dict[str, Any] = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        entry |= {name: value for name, value in vars(record).items() if name not in _STANDARD}
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        # Strings are cleaned before they are encoded: a quote that JSON escapes would end a secret too early. The
        # standard library's JSON, because it takes everything that a record may hold: integers of any size, and
        # lone surrogates.
        return json.dumps(_clean(entry, self._secrets))


class LineFormatter(logging.Formatter):
    """A line for people: time, level, logger, message, then the traceback."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s: %(message)s", "%H:%M:%S")
        self._secrets = tuple(secrets)

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        return hide_secrets(super().format(record), self._secrets)


def _clean(value: Any, secrets: tuple[str, ...]) -> Any:
    if isinstance(value, dict):
        return {
            str(key): _HIDDEN if _is_secret_name(str(key)) else _clean(item, secrets)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean(item, secrets) for item in value]
    if value is None or isinstance(value, bool | int) or (isinstance(value, float) and math.isfinite(value)):
        return value
    return hide_secrets(str(value), secrets)


def _is_secret_name(name: str) -> bool:
    return name.lower().endswith(("token", "secret", "password", "authorization"))


def _time(record: logging.LogRecord) -> str:
    moment = datetime.fromtimestamp(record.created, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def _is_worth_a_line(record: logging.LogRecord) -> bool:
    return record.msg not in _OF_STRANGERS


def configure(
    *, level: str = "info", as_json: bool = False, secrets: Iterable[str] = (), stream: TextIO | None = None
) -> None:
    """Send all log records to `stream` (standard error), uvicorn's too. `secrets` are never written out."""
    known = tuple(secret for secret in secrets if secret)
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter(known) if as_json else LineFormatter(known))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
        logger.disabled = False
        logger.setLevel(logging.NOTSET)
    if level != "debug":
        logging.getLogger("uvicorn.error").addFilter(_is_worth_a_line)
    # One line per request tells little beside the metrics, and costs the hot path of polling.
    logging.getLogger("uvicorn.access").setLevel(logging.WARNING)
    for name in ("httpx", "alembic.runtime.plugins"):
        logging.getLogger(name).setLevel(logging.WARNING)
