"""Health: who is ready for people, and what speaks against it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import httpx
import pytest
from fastapi import FastAPI

from coursewire.errors import Unavailable
from coursewire.operations import health as module
from coursewire.operations.health import Health, health_router
from coursewire.operations.lag import LoopLag


async def answers() -> None:
    """Answer at once."""


async def fails() -> None:
    raise Unavailable("cannot open /secret/path/campus.db")


async def hangs() -> None:
    await asyncio.Event().wait()


def probe(health: Health) -> httpx.AsyncClient:
    app = FastAPI()
    app.include_router(health_router(health))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://node")


@pytest.fixture
async def lag() -> AsyncIterator[LoopLag]:
    lag = LoopLag()
    yield lag
    lag.stop()


async def test_a_node_that_is_well_is_ready(lag: LoopLag) -> None:
    async with probe(Health(answers, lag)) as client:
        assert (await client.get("/healthz")).json() == {"status": "ok"}
        ready = await client.get("/readyz")
    assert ready.status_code == 200
    assert ready.json() == {
        "ready": True,
        "checks": {"storage": {"ok": True}, "event_loop": {"ok": True}, "draining": {"ok": True}},
    }


@pytest.mark.parametrize(("storage", "detail"), [(fails, "Unavailable"), (hangs, "no answer within 0.01 s")])
async def test_a_node_without_storage_lives_but_is_not_ready(
    lag: LoopLag, monkeypatch: pytest.MonkeyPatch, storage: Callable[[], Awaitable[None]], detail: str
) -> None:
    monkeypatch.setattr(module, "CHECK_TIMEOUT_S", 0.01)
    async with probe(Health(storage, lag)) as client:
        ready = await client.get("/readyz")
        assert (await client.get("/healthz")).status_code == 200
    assert ready.status_code == 503
    assert ready.json()["checks"]["storage"] == {"ok": False, "detail": detail}
    assert "/secret/path" not in ready.text


async def test_a_node_that_is_late_is_not_ready_until_it_has_caught_up(lag: LoopLag) -> None:
    health = Health(answers, lag)
    lag.note(1.5)
    readiness = await health.readiness()
    assert not readiness.ready
    assert readiness.checks["event_loop"].detail == "1.5 s late"
    for _ in range(100):
        lag.note(0.001)
    assert (await health.readiness()).ready


async def test_a_node_on_its_way_out_is_not_ready(lag: LoopLag) -> None:
    health = Health(answers, lag)
    health.draining = True
    async with probe(health) as client:
        ready = await client.get("/readyz")
    assert ready.status_code == 503
    assert ready.json()["checks"]["draining"]["ok"] is False


async def test_the_lag_of_a_loop_is_measured_until_told_to_stop(
    lag: LoopLag, monkeypatch: pytest.MonkeyPatch
) -> None:
    noted = asyncio.Event()
    note = lag.note

    def seen(lag_s: float) -> None:
        note(lag_s)
        noted.set()

    monkeypatch.setattr(lag, "note", seen)
    lag.start()
    await noted.wait()
    assert lag.worst_s >= lag.mean_s >= 0
    lag.stop()
    lag.stop()


def test_a_call_that_comes_early_is_no_lag() -> None:
    lag = LoopLag()
    lag.note(-1.0)
    assert (lag.worst_s, lag.mean_s) == (0.0, 0.0)


def test_the_measurements_are_bounded() -> None:
    lag = LoopLag()
    for number in range(1_000):
        lag.note(float(number))
    assert lag.mean_s == pytest.approx(949.5)
