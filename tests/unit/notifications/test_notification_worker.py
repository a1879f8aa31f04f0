"""The background's own rounds."""

from __future__ import annotations

from typing import Any, cast

import pytest
from tests.unit.notifications.inboxes import HOUR, Inboxes

from coursewire.namespaces.notifications import service, store
from coursewire.namespaces.notifications.contract import NotificationBody
from coursewire.namespaces.notifications.worker import Worker
from coursewire.realtime.background import Background
from coursewire.vocabulary import iso


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


async def test_what_fails_holds_up_nobody_else(inboxes: Inboxes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Marks of one person, which go on in their order, hold up neither those of others nor what time does to items."""
    monkeypatch.setattr(store, "SLICE", 1)
    for number in range(3):
        inboxes.send("ben", "cleo", title=f"{number}")
    inboxes.send("ada", title="later")
    inboxes.send("ada", title="over", expires_at=iso(inboxes.ledger.now + HOUR))
    [snoozed] = [item for item in inboxes.items("ada") if item.title == "later"]
    inboxes.snooze("ada", snoozed.id, inboxes.ledger.now + HOUR)
    for who in ("ben", "cleo"):
        assert inboxes.mark(who, "read").more
    inboxes.ledger.now += HOUR
    go_on = service.go_on_marking

    def fails_for_ben(tx: Any, sweep: Any) -> None:
        if sweep.user_id == "ben":
            raise LookupError(sweep.id)
        go_on(tx, sweep)

    monkeypatch.setattr(service, "go_on_marking", fails_for_ben)
    worker, works = Worker(inboxes.channels), cast("Background", _Works(inboxes))
    while await worker.round(works):
        pass
    assert [inboxes.counts(who).unread for who in ("ben", "cleo")] == [2, 0]
    assert [item.title for item in inboxes.items("ada")] == ["later"]
    assert {item.user_id for item in inboxes.rows() if item.expires_at is not None} == set()
    monkeypatch.setattr(service, "go_on_marking", go_on)
    while await worker.round(works):
        pass
    assert inboxes.counts("ben").unread == 0
