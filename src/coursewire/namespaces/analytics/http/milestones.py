"""Rules of milestones, and milestones that were reached elsewhere."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Response

from coursewire.identity.access import ServiceWork, good_for
from coursewire.namespaces.analytics import service
from coursewire.namespaces.analytics.contract import MilestoneBody, OneMilestone, Rules, RulesBody
from coursewire.vocabulary import ID_PATTERN

NAMESPACE: Final = "/analytics"

router = APIRouter(prefix="/v1", tags=["analytics"], dependencies=[good_for(NAMESPACE)])


@router.put("/courses/{course_id}/milestones", response_model=Rules, response_model_exclude_none=True)
async def put_rules(
    course_id: Annotated[str, Path(pattern=ID_PATTERN)], body: RulesBody, work: ServiceWork
) -> Response:
    """Let these be all rules of a course. One with an id that was there is the same rule, and stays reached."""

    def run(tx: Any) -> Rules:
        return service.put_rules(tx, course_id, body)

    return await work.write(NAMESPACE, run)


@router.post("/milestones", response_model=OneMilestone, response_model_exclude_none=True, status_code=201)
async def put_milestone(body: MilestoneBody, work: ServiceWork) -> Response:
    """Say that something was reached elsewhere, such as in the LMS; once by its id, if it has one."""

    def run(tx: Any) -> OneMilestone:
        return service.put_milestone(tx, body)

    return await work.write(NAMESPACE, run, status=201)
