"""Notifications by the LMS, over HTTP: to some people, to a course, to everyone."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Response

from coursewire.identity.access import ServiceWork, good_for
from coursewire.namespaces.notifications import service
from coursewire.namespaces.notifications.contract import DeliveryProgress, DeliveryStarted, NotificationBody
from coursewire.namespaces.notifications.delivery.http import router as links
from coursewire.vocabulary import ID_PATTERN

NAMESPACE = "/notifications"
ENTRY = good_for(NAMESPACE)
"""Not of the whole router: who follows the link in a mail has no token."""

router = APIRouter(prefix="/v1/notifications", tags=["notifications"])
router.include_router(links)


@router.post("", response_model=DeliveryStarted, status_code=201, dependencies=[ENTRY])
async def send(body: NotificationBody, work: ServiceWork) -> Response:
    """Notify an audience. The reply comes when it is stored; everybody has it soon after, each once."""

    def run(tx: Any) -> DeliveryStarted:
        return service.start_delivery(tx, body)

    return await work.write(NAMESPACE, run, status=201)


@router.get("/deliveries/{delivery_id}", response_model_exclude_none=True, dependencies=[ENTRY])
async def read(
    delivery_id: Annotated[str, Path(pattern=ID_PATTERN, description="As the notification's reply gave it.")],
    work: ServiceWork,
) -> DeliveryProgress:
    """Return how far a notification has got."""
    return await work.read(NAMESPACE, lambda tx: service.read_delivery(tx, delivery_id))
