"""Problem documents (RFC 9457) for everything that can go wrong."""

from __future__ import annotations

import math
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, Final

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from coursewire.errors import CoursewireError, Internal, Invalid
from coursewire.vocabulary import what_is_wrong

MEDIA_TYPE: Final = "application/problem+json"
_MAX_ERRORS: Final = 20
"""Fields named in one problem; a roster of 10,000 bad lines makes no document of megabytes."""


_NO_OBJECT: Final = frozenset({"missing", "model_attributes_type", "model_type"})
"""What the whole body is when there is none, or when it is no JSON object: its Content-Type may say so too."""


class FieldError(BaseModel):
    """One field, as a path (`members.3.user_id`), and what is wrong with it."""

    field: str
    message: str


class Problem(BaseModel):
    """A problem document. `code` is the contract's error code; branch on that, never on the texts."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    retryable: bool
    field: str | None = None
    retry_after_ms: int | None = None
    details: dict[str, Any] | None = None
    errors: list[FieldError] | None = None
    instance: str | None = None
    """Names this one occurrence of an internal error in the server's log."""


# Errors of HTTP itself that have no code of their own in the contract.
_CODES: Final = {
    401: "auth_invalid",
    403: "forbidden",
    404: "not_found",
    413: "too_large",
    429: "rate_limited",
}


def problem_response(
    error: CoursewireError,
    *,
    status: int | None = None,
    errors: Sequence[FieldError] = (),
    instance: str | None = None,
    headers: dict[str, str] | None = None,
) -> Response:
    """Return the reply that tells an error."""
    status = status or error.status
    problem = Problem(
        type=f"urn:coursewire:error:{error.code}",
        title=type(error).__doc__ or error.code,
        status=status,
        detail=error.message,
        code=error.code,
        retryable=error.retryable,
        field=error.field,
        retry_after_ms=error.retry_after_ms,
        details=error.details,
        errors=list(errors) or None,
        instance=instance,
    )
    sent = dict(headers or {})
    if error.retry_after_ms is not None:
        sent["Retry-After"] = str(math.ceil(error.retry_after_ms / 1000))
    if status == HTTPStatus.UNAUTHORIZED:
        sent["WWW-Authenticate"] = 'Bearer realm="coursewire"'
    return _reply(problem, status, sent)


def internal_response(instance: str) -> Response:
    """Return the reply to a bug of ours: it says nothing but where to look."""
    return problem_response(Internal("something went wrong on our side"), instance=instance)


def install(app: FastAPI) -> None:
    """Let every error of this application's routes become a problem document."""
    app.add_exception_handler(CoursewireError, _coursewire_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _http_error)


async def _coursewire_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, CoursewireError)  # noqa: S101  # registered for it
    return problem_response(error)


async def _validation_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101  # registered for it
    found = [
        FieldError(field=_path(item["loc"]), message=_message(item)) for item in error.errors()[:_MAX_ERRORS]
    ]
    first = found[0]
    detail = f"{first.field}: {first.message}" if first.field else first.message
    return problem_response(Invalid(detail, field=first.field or None), errors=found)


async def _http_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101  # registered for it
    status = HTTPStatus(error.status_code)
    code = _CODES.get(status, "internal" if status >= HTTPStatus.INTERNAL_SERVER_ERROR else "invalid")
    problem = Problem(
        type="about:blank",
        title=status.phrase,
        status=status,
        # Where the framework says more than the name of the status, that is better than what RFC 9110 calls it.
        detail=error.detail if error.detail != status.phrase else status.description or status.phrase,
        code=code,
        retryable=False,
    )
    return _reply(problem, status, dict(error.headers or {}))


def _message(item: dict[str, Any]) -> str:
    """Return what would be right; of JSON that breaks off, why it does."""
    if tuple(item["loc"]) == ("body",) and item["type"] in _NO_OBJECT:
        return "the body must be a JSON object, with Content-Type: application/json"
    if item["type"] == "json_invalid":
        return f"the body must be JSON: {item['ctx']['error']}"
    return what_is_wrong(item)


def _path(location: Sequence[str | int]) -> str:
    """Write a place as `members.3.user_id`: not that it is in the body, nor where broken JSON broke off."""
    inside = location[1:]
    if len(inside) == 1 and isinstance(inside[0], int):
        return ""
    return ".".join(str(part) for part in inside)


def _reply(problem: Problem, status: int, headers: dict[str, str]) -> Response:
    body = orjson.dumps(problem.model_dump(exclude_none=True))
    return Response(body, status, headers, media_type=MEDIA_TYPE)
