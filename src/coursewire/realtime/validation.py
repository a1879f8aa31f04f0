"""Pydantic's findings as the contract's error: the field, and what would be right."""

from __future__ import annotations

from pydantic import ValidationError

from coursewire.errors import Invalid

NAMED = 10
"""Fields that one error names."""


def invalid_from(error: ValidationError) -> Invalid:
    """Return `invalid` for the first finding; `details.errors` lists up to ten."""
    found = [
        (".".join(str(part) for part in item["loc"]), item["msg"].removeprefix("Value error, "))
        for item in error.errors(include_url=False, include_input=False)[:NAMED]
    ]
    field, message = found[0]
    details = {"errors": [{"field": place, "message": text} for place, text in found]}
    return Invalid(
        f"{field}: {message}" if field else message,
        field=field or "payload",
        details=details if len(found) > 1 else None,
    )
