"""When a version is saved, by whom, and how many are kept: pure decisions, no clock, no database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from coursewire.errors import NotFound, TooLarge

if TYPE_CHECKING:
    from coursewire.namespaces.collaboration.contract import AutomaticReason

MOST_NAMED: Final = 200
"""Of one document, that somebody gave a name."""
MOST_AUTOMATIC: Final = 50
"""Of one document; the oldest are forgotten."""
INTERVAL_MS: Final = 30 * 60_000
"""While somebody edits, a version is saved this often."""
QUIET_MS: Final = 5 * 60_000
"""When nobody has edited for so long, a session of editing is over."""


def no_such_version(field: str) -> NotFound:
    """Return the error for a version that is not there, or of a document that is not this caller's to know of."""
    return NotFound("there is no such version, or its document is not open to you", field=field)


def check_may_name(named: int) -> None:
    """Raise TooLarge when a document has as many named versions as are kept."""
    if named >= MOST_NAMED:
        raise TooLarge(f"a document keeps at most {MOST_NAMED} versions with a name", field="document_id")


def reason_to_save(now: int, edited_at: int, since: int) -> AutomaticReason | None:
    """Return why a version is due of a document that was edited since its last one; None when it is not yet."""
    if now - edited_at >= QUIET_MS:
        return "session_end"
    return "interval" if now - since >= INTERVAL_MS else None
