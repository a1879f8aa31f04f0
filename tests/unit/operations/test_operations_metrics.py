"""Metrics: what Prometheus reads is what was counted."""

from __future__ import annotations

from collections import Counter

import httpx
import pytest
from fastapi import FastAPI
from prometheus_client.parser import text_string_to_metric_families

from coursewire.edge.statistics import Statistics
from coursewire.operations import catalogue
from coursewire.operations.lag import LoopLag
from coursewire.operations.metrics import Metrics, metrics_router

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def samples(metrics: Metrics) -> Samples:
    """Read the page as Prometheus would."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(metrics.text().decode())
        for sample in family.samples
    }


def test_numbers_are_read_when_somebody_scrapes() -> None:
    metrics, counted = Metrics(process=False), Counter[str]()
    metrics.counter("events", "Events.", lambda: counted, ["kind"])
    metrics.gauge("here", "People.", lambda: 3)
    assert samples(metrics) == {("coursewire_here", ()): 3}
    counted.update(["a", "a", "b"])
    assert samples(metrics) == {
        ("coursewire_events_total", (("kind", "a"),)): 2,
        ("coursewire_events_total", (("kind", "b"),)): 1,
        ("coursewire_here", ()): 3,
    }


def test_several_labels() -> None:
    metrics = Metrics(process=False)
    metrics.counter("commands", "Commands.", lambda: {("message.send", "ok"): 2}, ["command", "outcome"])
    assert samples(metrics) == {
        ("coursewire_commands_total", (("command", "message.send"), ("outcome", "ok"))): 2
    }


def test_label_values_cannot_break_the_page() -> None:
    metrics, evil = Metrics(process=False), 'x"} 1\ncoursewire_evil 1\n\\'
    metrics.gauge("here", "People.", lambda: {evil: 1}, ["name"])
    assert samples(metrics) == {("coursewire_here", (("name", evil),)): 1}


def test_a_metric_has_a_bound_of_series() -> None:
    metrics = Metrics(process=False)
    metrics.gauge("here", "People.", lambda: {str(number): 1 for number in range(2_000)}, ["name"])
    assert len(samples(metrics)) == 500


def test_a_name_is_given_once() -> None:
    metrics = Metrics(process=False)
    metrics.gauge("here", "People.", lambda: 1)
    with pytest.raises(ValueError, match="there already"):
        metrics.counter("here", "People.", lambda: 1)


def test_the_catalogue_of_a_server() -> None:
    metrics, edge, lag = Metrics(process=False), Statistics(), LoopLag()
    edge.sessions_opened["websocket"] = 2
    edge.packets_bad = 1
    lag.note(0.25)
    catalogue.add_process(metrics, lag)
    catalogue.add_edge(metrics, edge, lambda: 5)
    catalogue.add_realtime(
        metrics,
        commands=lambda: {("/chat", "message.send", "ok"): 7, ("/chat", "unknown", "unknown_command"): 1},
        sessions=lambda: 12,
        channels=lambda: 3,
        replays=lambda: 2,
        lost=lambda: 1,
    )
    catalogue.add_storage(metrics, lambda: {"read": 0, "write": 5})
    sent = (("command", "message.send"), ("namespace", "/chat"), ("outcome", "ok"))
    expected: Samples = {
        ("coursewire_loop_lag_seconds", ()): 0.25,
        ("coursewire_connections", ()): 5,
        ("coursewire_connections_opened_total", (("transport", "websocket"),)): 2,
        ("coursewire_packets_bad_total", ()): 1,
        ("coursewire_commands_total", sent): 7,
        ("coursewire_sessions", ()): 12,
        ("coursewire_replays_total", ()): 2,
        ("coursewire_positions_behind_total", ()): 1,
        ("coursewire_storage_works", (("kind", "write"),)): 5,
    }
    assert samples(metrics).items() >= expected.items()


async def test_the_page_is_what_prometheus_scrapes() -> None:
    metrics = Metrics()
    metrics.gauge("here", "People.", lambda: 3)
    app = FastAPI()
    app.include_router(metrics_router(metrics))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://node") as client:
        page = await client.get("/metrics")
    assert page.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert "# TYPE coursewire_here gauge\ncoursewire_here 3.0\n" in page.text
    assert "process_resident_memory_bytes" in page.text
