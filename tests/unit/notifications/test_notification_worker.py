"""The background's own rounds."""

from __future__ import annotations

from typing import Any, cast

import pytest
from tests.unit.notifications.inboxes import Inboxes

from coursewire.namespaces.notifications import service
from coursewire.namespaces.notifications.contract import NotificationBody
from coursewire.namespaces.notifications.worker import Worker
from coursewire.realtime.background import Background


class _Works:
    """A background that does everything at once."""

    def __init__(self, inboxes: Inboxes) -> None:
        self._inboxes = inboxes

    async def read(self, fn: Any) -> Any:
        return self._inboxes.do(fn)

    async def write(self, fn: Any) -> Any:
        return self._inboxes.do(fn)


async def test_a_delivery_that_cannot_be_given_holds_up_nothing_else(
    inboxes: Inboxes, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = (
        inboxes.do(
            service.start_delivery,
            NotificationBody.model_validate(
                {"audience": {"users": [who]}, "category": "grade", "title": "x"}
            ),
        ).delivery_id
        for who in ("ben", "cleo")
    )
    go_on = service.go_on_delivering

    def fails_for_the_first(channels: Any, tx: Any, delivery_id: str) -> None:
        if delivery_id == first:
            raise LookupError(delivery_id)
        go_on(channels, tx, delivery_id)

    monkeypatch.setattr(service, "go_on_delivering", fails_for_the_first)
    worker, works = Worker(inboxes.channels), cast("Background", _Works(inboxes))
    assert await worker.round(works)
    assert len(inboxes.items("cleo")) == 1
    assert inboxes.do(service.read_delivery, second).state == "finished"
    assert not await worker.round(works), "with nothing but failures left it rests"
    monkeypatch.setattr(service, "go_on_delivering", go_on)
    assert await worker.round(works)
    assert len(inboxes.items("ben")) == 1
