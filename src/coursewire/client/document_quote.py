"""A quote: what an annotation stands beside, with what is around it, so that it is found again."""

from __future__ import annotations

from typing import Final

from pydantic import ValidationError

from coursewire.client.failures import invalid
from coursewire.namespaces.collaboration.contract import Quote

AROUND: Final = 32
"""Characters of the text around a quote that go with it."""


def quoted(text: str, quote: str, after: int = 0) -> Quote:
    """Return the first place from the character `after` on where a text has a quote; of no text, the quote alone.

    Raises ValueError where it has not, Invalid for one that is empty or too long.
    """
    at = text.index(quote, after) if text else 0
    end = at + len(quote)
    try:
        return Quote(exact=quote, prefix=text[max(0, at - AROUND) : at], suffix=text[end : end + AROUND])
    except ValidationError as error:
        raise invalid(error) from error
