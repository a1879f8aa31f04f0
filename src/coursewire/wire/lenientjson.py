"""JSON as Socket.IO peers write it: by orjson, else by the standard library, which allows a little more."""

from __future__ import annotations

import json
from typing import Any, NoReturn

import orjson

MAX_DEPTH = 200
"""Deepest nesting read. orjson writes up to 254 levels, so what was read can be sent on."""


def loads(text: str) -> Any:
    """Parse JSON. Lone surrogates in escapes are kept, NaN and Infinity are refused. Raises ValueError."""
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        value = _loads_leniently(text)
    # Counting is cheap and almost always settles it; only a suspicious text is walked.
    if text.count("[") + text.count("{") > MAX_DEPTH and _is_deeper_than(value, MAX_DEPTH):
        raise ValueError(f"JSON is nested deeper than {MAX_DEPTH} levels")
    return value


def dumps(value: Any, attachments: list[str | bytes] | None = None) -> bytes:
    """Write JSON as UTF-8. Lone surrogates are written as escapes. Raises TypeError or ValueError.

    With `attachments`, a list to be filled, bytes in `value` move there in the order of writing and leave the
    placeholders of the Socket.IO protocol; without, they are refused.
    """
    default = None if attachments is None else _Placeholders(attachments)
    try:
        return orjson.dumps(value, default=default)
    except orjson.JSONEncodeError:
        if attachments:
            attachments.clear()
    try:
        return json.dumps(value, default=default, separators=(",", ":"), allow_nan=False).encode()
    except RecursionError as error:
        raise ValueError("nested too deep for JSON") from error


class _Placeholders:
    """Collects the bytes that a JSON writer stumbles upon."""

    __slots__ = ("_attachments",)

    def __init__(self, attachments: list[str | bytes]) -> None:
        self._attachments = attachments

    def __call__(self, value: Any) -> dict[str, Any]:
        if not isinstance(value, (bytes, bytearray, memoryview)):
            raise TypeError(f"cannot send a {type(value).__name__}")
        self._attachments.append(bytes(value))
        return {"_placeholder": True, "num": len(self._attachments) - 1}


def _loads_leniently(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except RecursionError as error:
        raise ValueError("JSON is nested too deep") from error


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _is_deeper_than(value: Any, limit: int) -> bool:
    """Walk level by level, without recursion."""
    level = [value]
    for _ in range(limit + 1):
        level = [
            child
            for node in level
            if isinstance(node, (list, dict))
            for child in (node.values() if isinstance(node, dict) else node)
            if isinstance(child, (list, dict))
        ]
        if not level:
            return False
    return True
