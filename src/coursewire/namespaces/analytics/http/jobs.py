"""Jobs, by whoever does the work."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Response

from coursewire.identity.access import ServiceWork, good_for
from coursewire.namespaces.analytics import service
from coursewire.namespaces.analytics.contract import JobBody, JobPatch, JobReply
from coursewire.vocabulary import ID_PATTERN

NAMESPACE: Final = "/analytics"

router = APIRouter(prefix="/v1/jobs", tags=["analytics"], dependencies=[good_for(NAMESPACE)])


@router.post("", response_model=JobReply, status_code=201)
async def create(body: JobBody, work: ServiceWork) -> Response:
    """Announce work. The same body with the same `id` again returns the job that is there."""

    def run(tx: Any) -> JobReply:
        return service.create_job(tx, body, by=work.caller.user_id)

    return await work.write(NAMESPACE, run, status=201)


@router.patch("/{job_id}", response_model=JobReply)
async def report(
    job_id: Annotated[str, Path(pattern=ID_PATTERN, description="The id of the job.")],
    body: JobPatch,
    work: ServiceWork,
) -> Response:
    """Report how far it has got; every report, also an empty one, is a heartbeat."""

    def run(tx: Any) -> JobReply:
        return service.report_job(tx, job_id, body)

    return await work.write(NAMESPACE, run)
