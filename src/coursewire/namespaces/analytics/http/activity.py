"""Activity that the LMS reports."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Body, Response
from pydantic import TypeAdapter, ValidationError

from coursewire.errors import CoursewireError
from coursewire.identity.access import ServiceWork, good_for
from coursewire.namespaces.analytics import service
from coursewire.namespaces.analytics.contract import ActivityBatch, ActivityBody, ActivityTaken
from coursewire.realtime.validation import invalid_from

NAMESPACE: Final = "/analytics"

router = APIRouter(prefix="/v1/activity", tags=["analytics"], dependencies=[good_for(NAMESPACE)])

_body = TypeAdapter(ActivityBody)


@router.post("", response_model=ActivityTaken)
async def report(body: Annotated[ActivityBatch, Body()], work: ServiceWork) -> Response:
    """Take in up to 1,000 reports, each once by its id. One that is wrong is refused by itself, with its place."""
    checked = [_checked(event) for event in body.events]

    def run(tx: Any) -> ActivityTaken:
        return service.take_batch(tx, checked)

    return await work.write(NAMESPACE, run)


def _checked(event: dict[str, Any]) -> ActivityBody | CoursewireError:
    try:
        return _body.validate_python(event)
    except ValidationError as error:
        return invalid_from(error)
