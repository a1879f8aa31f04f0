"""Statements of the Experience API, from an LMS, a player or a record store that passes them on."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Header, Query, Request, Response
from pydantic import ValidationError

from coursewire.errors import Invalid
from coursewire.identity.access import ServiceWork, good_for
from coursewire.namespaces.analytics import service
from coursewire.namespaces.analytics.contract import Statement, StatementIds
from coursewire.namespaces.analytics.contract.xapi import MOST_STATEMENTS, VERSIONS
from coursewire.namespaces.analytics.rules.xapi import first_repeated
from coursewire.realtime.validation import invalid_from
from coursewire.vocabulary import ID_PATTERN

NAMESPACE: Final = "/analytics"
VERSION: Final = "X-Experience-API-Version"
SLICE: Final = 10
"""Statements that are checked before the event loop gets its turn: one or two milliseconds."""

router = APIRouter(prefix="/v1/xapi", tags=["analytics"], dependencies=[good_for(NAMESPACE)])


class BadStatement(Invalid):
    """Input that breaks the contract; `field` names where."""

    status = 400  # as xAPI has it (1.0.3, part 3, 3.2)


@router.post(
    "/statements",
    response_model=StatementIds,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": {"description": "One statement, or a list of up to 1,000."}}
            },
        }
    },
)
async def store(
    request: Request,
    work: ServiceWork,
    course_id: Annotated[
        str | None,
        Query(pattern=ID_PATTERN, description="The course of statements that name none, as H5P's."),
    ] = None,
    version: Annotated[str | None, Header(alias=VERSION, description="1.0.x or 2.0.x")] = None,
) -> Response:
    """Store statements, all or none, each once; what learners did in courses known here goes into the metrics."""
    if version is not None and not VERSIONS.fullmatch(version):
        raise BadStatement("must be 1.0.x or 2.0.x", field=VERSION)
    given = await read(await request.body())

    def run(tx: Any) -> StatementIds:
        return service.store_statements(tx, given, course_id=course_id)

    reply = await work.write(NAMESPACE, run)
    reply.headers[VERSION] = "2.0.0" if version is not None and version.startswith("2") else "1.0.3"
    return reply


async def read(body: bytes) -> list[service.Given]:
    """Return the statements of a request's body; the event loop gets its turn between a few. Raises BadStatement."""
    try:
        # Strictly JSON (RFC 8259), so neither NaN nor Infinity is in it.
        content = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BadStatement(f"must be JSON: {error}", field="body") from None
    several = content if isinstance(content, list) else [content]
    if not 1 <= len(several) <= MOST_STATEMENTS:
        raise BadStatement(f"must be 1 to {MOST_STATEMENTS:,} statements", field="body")
    given = []
    for place, one in enumerate(several):
        if place % SLICE == SLICE - 1:
            await asyncio.sleep(0)
        if not isinstance(one, dict):
            raise BadStatement("must be a statement: an object", field=str(place))
        try:
            read = Statement.model_validate(one)
        except ValidationError as error:
            wrong = invalid_from(error)
            if wrong.field == "payload":  # of the statement as a whole
                raise BadStatement(f"{place}: {wrong.message}", field=str(place)) from None
            raise BadStatement(
                f"{place}.{wrong.message}", field=f"{place}.{wrong.field}", details=wrong.details
            ) from None
        try:
            given.append(service.Given(one, orjson.dumps(one), read))
        except TypeError:  # orjson reads what is nested 1,024 deep, and writes 254
            raise BadStatement(
                "is nested too deep: at most 250 lists and objects", field=str(place)
            ) from None
    twice = first_repeated([one.read.id for one in given])
    if twice is not None:
        raise BadStatement("two statements of one request have this id", field=f"{twice}.id")
    return given
