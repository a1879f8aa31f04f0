"""The words of the contract as types: ids, times, text. One spelling from the wire to the database."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints
from uuid_utils import uuid7

ID_PATTERN = r"^[A-Za-z0-9._:@\-]{1,128}$"
"""Ids that the LMS chooses (courses, users, jobs); our own are UUIDv7 and match as well."""

Id = Annotated[str, StringConstraints(pattern=ID_PATTERN)]
UserId = Id
CourseId = Id
RoomId = Id
MessageId = Id
Key = Annotated[str, StringConstraints(pattern=ID_PATTERN)]
"""Chosen by the client, once per intention; makes a command run once (LOG3)."""

Role = Literal[
    "administrator",
    "instructor",
    "teaching_assistant",
    "content_developer",
    "learner",
    "mentor",
    "service",
]
"""LTI role names, and `service` for server-to-server tokens."""

STAFF_ROLES: frozenset[str] = frozenset({"administrator", "instructor", "teaching_assistant"})

# Control characters other than tab and newline, and lone surrogates, which UTF-8 cannot carry.
_FORBIDDEN_CHARACTERS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


def _clean(text: str) -> str:
    if text.isascii() and text.isprintable():
        return text  # one line of ASCII: nothing to change, nothing to forbid
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    if _FORBIDDEN_CHARACTERS.search(text):
        raise ValueError("must not contain control characters")
    return text


def _clean_line(text: str) -> str:
    text = _clean(text).strip()
    if not text or "\n" in text or "\t" in text:
        raise ValueError("must be one line that is not empty")
    return text


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be blank")
    return text


Clean = Annotated[str, AfterValidator(_clean)]
"""Unicode NFC, newlines and tabs allowed, no other control character and nothing that UTF-8 cannot carry."""

Text = Annotated[str, AfterValidator(_clean), AfterValidator(_not_blank)]
"""Unicode NFC, newlines and tabs allowed, no other control character; add the length where it is used."""

Line = Annotated[str, AfterValidator(_clean_line), StringConstraints(max_length=200)]
"""One line of text, for names and titles: 1-200 characters."""

Email = Annotated[
    str,
    StringConstraints(
        max_length=254,
        pattern=r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?"
        r"(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)+$",
    ),
]
"""An address as HTML's `<input type=email>` takes it, in ASCII: a domain with other letters comes as `xn--...`."""

Time = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$"),
]
"""ISO 8601 in UTC with milliseconds: `2026-11-22T18:22:54.123Z`."""


class Model(BaseModel):
    """A value of the contract: immutable; fields unknown to this version are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    def as_json(self) -> bytes:
        """Write it as it travels: without what is None."""
        # What `model_dump_json` does, without its dozen arguments, and without a str in between (ADR 0014).
        return self.__pydantic_serializer__.to_json(self, exclude_none=True)


class Position(Model):
    """How far a stream was read (SUB2)."""

    epoch: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    offset: Annotated[int, "the offset of the last event seen; 0 before the first"]


def new_id() -> str:
    """Return a fresh UUIDv7: unique, and sorted by time of creation to the millisecond."""
    return str(uuid7())


def what_is_wrong(finding: Mapping[str, Any]) -> str:
    """Return in words what pydantic has found: one of `ValidationError.errors()`."""
    if finding["type"] == "too_long" and finding["ctx"]["field_type"] == "Value":
        # A text is measured once it is cleaned, and pydantic calls its characters "items after validation" then.
        most, length = finding["ctx"]["max_length"], finding["ctx"]["actual_length"]
        return f"must have at most {most} characters, not {length}"
    return str(finding["msg"]).removeprefix("Value error, ")


def iso(milliseconds: int) -> str:
    """Write milliseconds since 1970 as the contract's time."""
    return f"{_second(milliseconds // 1000)}.{milliseconds % 1000:03d}Z"


@lru_cache(maxsize=1_024)
def _second(seconds: int) -> str:
    """Write a whole second; events of now share a few of them."""
    return datetime.fromtimestamp(seconds, UTC).isoformat()[:19]  # strftime writes the year 1 as `1`


def milliseconds(time: str) -> int:
    """Read the contract's time as milliseconds since 1970. Raises ValueError."""
    return round(datetime.fromisoformat(time).timestamp() * 1000)
