"""Errors of the contract, from the wire back to exceptions."""

from __future__ import annotations

from asyncio import Future
from collections.abc import Iterable
from typing import Any

from pydantic import ValidationError

from coursewire import errors
from coursewire.vocabulary import what_is_wrong

_KINDS = {kind.code: kind for kind in errors.CoursewireError.__subclasses__()}
_CHANNEL_KINDS = {"deleted": errors.NotFound, "disabled": errors.Disabled}


def error_from(wire: dict[str, Any]) -> errors.CoursewireError:
    """Return the exception of an `Error`; a code from a newer server becomes Internal."""
    kind = _KINDS.get(wire["code"], errors.Internal)
    return kind(
        wire.get("message") or wire["code"],
        field=wire.get("field"),
        retry_after_ms=wire.get("retry_after_ms"),
        details=wire.get("details"),
    )


def error_of_channel(channel: str, reason: str) -> errors.CoursewireError:
    """Return why a channel was taken away: a code, or a reason of `channel.closed`."""
    kind = _CHANNEL_KINDS.get(reason) or _KINDS.get(reason, errors.Forbidden)
    return kind(f"the channel {channel} ended: {reason}")


def wire_of(error: Exception) -> dict[str, Any]:
    """Return why there is no token as an `Error`; what the application's function raises may pass."""
    if isinstance(error, errors.CoursewireError):
        return error.as_wire()
    return {"code": "unavailable", "message": f"no token: {error!r}", "retryable": True}


def fail_all(futures: Iterable[Future[Any]], error: errors.CoursewireError) -> None:
    """Let all raise this who wait for one of these."""
    for future in futures:
        if not future.done():
            future.set_exception(error)


def invalid(error: ValidationError) -> errors.Invalid:
    """Return what is wrong with a command that this side refuses to send."""
    first = error.errors(include_url=False)[0]
    field = ".".join(str(part) for part in first["loc"])
    message = what_is_wrong(first)
    return errors.Invalid(f"{field}: {message}" if field else message, field=field or None)
