"""Words of xAPI statements: IRIs, UUIDs, language tags, durations, timestamps, as their specification has them."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints

_DURATION: Final = re.compile(
    r"^P(?:(?P<weeks>\d+(?:\.\d+)?)W|"
    r"(?:(?P<years>\d+)Y)?(?:(?P<months>\d+)M)?(?:(?P<days>\d+(?:\.\d+)?)D)?"
    r"(?:T(?=\d)(?:(?P<hours>\d+(?:\.\d+)?)H)?(?:(?P<minutes>\d+(?:\.\d+)?)M)?(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?)$",
    re.ASCII,
)
_SECONDS: Final = {"weeks": 604_800, "days": 86_400, "hours": 3_600, "minutes": 60, "seconds": 1}


def duration_ms(text: str) -> int:
    """Read an ISO 8601 duration as milliseconds; years and months, whose length varies, count 365 and 30 days.

    Raises ValueError.
    """
    match = _DURATION.fullmatch(text)
    if match is None or text in {"P", "PT"}:
        raise ValueError("must be an ISO 8601 duration, such as PT1H30M")
    found = {unit: float(value) for unit, value in match.groupdict().items() if value is not None}
    days = found.pop("years", 0) * 365 + found.pop("months", 0) * 30
    return round((days * 86_400 + sum(value * _SECONDS[unit] for unit, value in found.items())) * 1_000)


def moment(text: str) -> datetime:
    """Read a timestamp of a statement; one without a zone, which 1.0.3 allows, is in UTC. Raises ValueError."""
    if text.endswith(("-00:00", "-0000", "-00")) and "T" in text:
        raise ValueError("must not have the offset -00:00: that it is unknown is not said so")
    if "T" not in text.upper():
        raise ValueError("must be a date and a time, such as 2026-11-22T18:22:54.123Z")
    read = datetime.fromisoformat(text)
    return read if read.tzinfo else datetime.fromisoformat(text + "+00:00")


def _checked_duration(text: str) -> str:
    duration_ms(text)
    return text


def _checked_moment(text: str) -> str:
    try:
        moment(text)
    except ValueError as error:
        wrong = str(error)
        raise ValueError(
            wrong if wrong.startswith("must") else "must be a time of ISO 8601 that exists"
        ) from None
    return text


def _checked_uuid(text: str) -> str:
    try:
        return str(UUID(text)) if len(text) == len("01234567-0123-0123-0123-0123456789ab") else _no_uuid()
    except ValueError:
        return _no_uuid()


def _no_uuid() -> str:
    raise ValueError("must be a UUID, such as 01938f0e-7c1a-7000-8000-1f2e3d4c5b6a")


Iri = Annotated[
    str,
    StringConstraints(
        max_length=2_000, pattern=r"^[A-Za-z][A-Za-z0-9+.\-]*:[^\s\x00-\x1f\x7f-\x9f<>\"{}|\\^`]+$"
    ),
]
"""An absolute IRI (RFC 3987), so far as it can be told from its form; no control characters in it."""
ActivityId = Annotated[
    str,
    StringConstraints(
        max_length=2_000,
        pattern=r"^([A-Za-z][A-Za-z0-9+.\-]*:[^\s\x00-\x1f\x7f-\x9f<>\"{}|\\^`]+|[0-9A-Fa-f-]{36})$",
    ),
]
"""An absolute IRI; or a bare UUID, as Open edX names exams."""
LanguageTag = Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*$", max_length=64)]
LanguageMap = dict[LanguageTag, str]
Extensions = dict[Iri, Any]
Uuid = Annotated[str, AfterValidator(_checked_uuid)]
Timestamp = Annotated[str, StringConstraints(max_length=64), AfterValidator(_checked_moment)]
Duration = Annotated[str, StringConstraints(max_length=64), AfterValidator(_checked_duration)]
Mbox = Annotated[
    str,
    StringConstraints(
        pattern=r"^mailto:[^\s\x00-\x1f\x7f-\x9f@]+@[^\s\x00-\x1f\x7f-\x9f@]+$", max_length=320
    ),
]
Number = Annotated[float, Field(allow_inf_nan=False)]
