"""Pydantic's findings as the contract's error: the field, and what would be right."""

from __future__ import annotations

from pydantic import ValidationError

from coursewire.errors import Invalid, TooLarge
from coursewire.vocabulary import what_is_wrong

NAMED = 10
"""Fields that one error names."""


def invalid_from(error: ValidationError) -> Invalid | TooLarge:
    """Return `invalid` for the first finding, `too_large` for too many bytes; `details.errors` lists up to ten."""
    items = error.errors(include_url=False, include_input=False)[:NAMED]
    found = [(".".join(str(part) for part in item["loc"]), what_is_wrong(item)) for item in items]
    field, message = found[0]
    details = {"errors": [{"field": place, "message": text} for place, text in found]}
    kind = TooLarge if items[0]["type"] == "bytes_too_long" else Invalid
    return kind(
        f"{field}: {message}" if field else message,
        field=field or "payload",
        details=details if len(found) > 1 else None,
    )
