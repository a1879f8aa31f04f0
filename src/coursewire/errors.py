"""Every error that may leave the server, as one tree.

CoursewireError
├── AuthMissing          auth_missing        no token where one is needed
├── AuthInvalid          auth_invalid        forged, malformed or not for us
├── AuthExpired          auth_expired        was valid once
├── Forbidden            forbidden           known caller, not allowed
├── NotFound             not_found           or not visible to this caller: the two look alike
├── Invalid              invalid             names the field and what would be right
├── Conflict             conflict            an old version, or a key that was used for something else
├── RateLimited          rate_limited        carries `retry_after_ms`
├── TooLarge             too_large
├── Disabled             disabled            switched off by a feature flag
├── Unavailable          unavailable         try again later
├── Overloaded           overloaded          a bounded queue is full; try again later
├── UnknownCommand       unknown_command
└── Internal             internal            a bug of ours; the cause is in the log, never on the wire
"""

from __future__ import annotations

from typing import Any, ClassVar


class CoursewireError(Exception):
    """An error with a code of the contract. `str(error)` is the message a client may show."""

    code: ClassVar[str] = "internal"
    retryable: ClassVar[bool] = False
    status: ClassVar[int] = 500
    """The HTTP status of the same error."""

    def __init__(
        self,
        message: str,
        *,
        field: str | None = None,
        retry_after_ms: int | None = None,
        details: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.retry_after_ms = retry_after_ms
        self.details = details

    def as_wire(self) -> dict[str, Any]:
        """Return the contract's `Error`: `{code, message, retryable, field?, retry_after_ms?, details?}`."""
        wire: dict[str, Any] = {"code": self.code, "message": self.message, "retryable": self.retryable}
        if self.field is not None:
            wire["field"] = self.field
        if self.retry_after_ms is not None:
            wire["retry_after_ms"] = self.retry_after_ms
        if self.details is not None:
            wire["details"] = self.details
        return wire


class AuthMissing(CoursewireError):
    """No token where one is needed."""

    code = "auth_missing"
    status = 401


class AuthInvalid(CoursewireError):
    """A token that is forged, malformed or meant for somebody else."""

    code = "auth_invalid"
    status = 401


class AuthExpired(CoursewireError):
    """A token that was valid once; a fresh one helps."""

    code = "auth_expired"
    retryable = True
    status = 401


class Forbidden(CoursewireError):
    """The caller is known and may not do this."""

    code = "forbidden"
    status = 403


class NotFound(CoursewireError):
    """There is no such thing, or none that this caller may know of."""

    code = "not_found"
    status = 404


class Invalid(CoursewireError):
    """Input that breaks the contract; `field` names where."""

    code = "invalid"
    status = 422


class Conflict(CoursewireError):
    """Somebody was faster, or a key was reused for another payload."""

    code = "conflict"
    status = 409


class RateLimited(CoursewireError):
    """Too many; `retry_after_ms` says when the next one fits."""

    code = "rate_limited"
    retryable = True
    status = 429


class TooLarge(CoursewireError):
    """More bytes or items than the contract allows."""

    code = "too_large"
    status = 413


class Disabled(CoursewireError):
    """A feature flag has switched this off."""

    code = "disabled"
    status = 503


class Unavailable(CoursewireError):
    """Something this needs is away for now."""

    code = "unavailable"
    retryable = True
    status = 503


class Overloaded(CoursewireError):
    """A bounded queue is full."""

    code = "overloaded"
    retryable = True
    status = 503


class UnknownCommand(CoursewireError):
    """This namespace has no such command."""

    code = "unknown_command"
    status = 404


class Internal(CoursewireError):
    """A bug of ours. Clients see this sentence; the cause stays in the server's log."""

    code = "internal"
    retryable = True
    status = 500


CODES: tuple[str, ...] = tuple(sorted(kind.code for kind in CoursewireError.__subclasses__()))
"""All codes of the contract."""
