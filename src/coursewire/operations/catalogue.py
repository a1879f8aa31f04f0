"""Which metrics a server has, and where their numbers stand."""

from __future__ import annotations

from collections import Counter
from typing import Protocol

from coursewire.operations.lag import LoopLag
from coursewire.operations.metrics import Metrics, Read


class EdgeCounters(Protocol):
    """What the edge counts (`coursewire.edge.statistics.Statistics`)."""

    sessions_opened: Counter[str]
    sessions_closed: Counter[str]
    sessions_upgraded: int
    handshakes_refused: Counter[str]
    packets_in: int
    packets_bad: int
    bytes_in: int
    outboxes_filled: int


def add_process(metrics: Metrics, lag: LoopLag) -> None:
    """Tell how the event loop keeps up."""
    metrics.gauge(
        "loop_lag_seconds", "Longest delay of the event loop in the last 10 s.", lambda: lag.worst_s
    )
    metrics.gauge(
        "loop_lag_mean_seconds", "Mean delay of the event loop in the last 10 s.", lambda: lag.mean_s
    )


def add_edge(metrics: Metrics, counters: EdgeCounters, sessions: Read) -> None:
    """Tell about sessions and packets; `sessions` gives those of now by transport."""
    metrics.gauge("sessions", "Open sessions, by transport.", sessions, ["transport"])
    metrics.counter(
        "sessions_opened",
        "Sessions opened, by first transport.",
        lambda: counters.sessions_opened,
        ["transport"],
    )
    metrics.counter(
        "sessions_closed", "Sessions closed, by reason.", lambda: counters.sessions_closed, ["reason"]
    )
    metrics.counter(
        "sessions_upgraded",
        "Sessions that went from polling to WebSocket.",
        lambda: counters.sessions_upgraded,
    )
    metrics.counter(
        "handshakes_refused", "Requests refused, by reason.", lambda: counters.handshakes_refused, ["reason"]
    )
    metrics.counter("packets_received", "Packets received.", lambda: counters.packets_in)
    metrics.counter("packets_malformed", "Packets that broke the protocol.", lambda: counters.packets_bad)
    metrics.counter("bytes_received", "Bytes received by sessions.", lambda: counters.bytes_in)
    metrics.counter(
        "outboxes_filled", "How often a connection fell behind (FAN3).", lambda: counters.outboxes_filled
    )


def add_realtime(metrics: Metrics, *, commands: Read, delivered: Read, subscriptions: Read) -> None:
    """Tell about commands by (command, outcome), deliveries by class, and the subscriptions of now.

    An outcome is `ok` or an error code. A name that is no command of ours must be counted as `unknown`: a
    client could otherwise make up a metric with every packet.
    """
    metrics.counter("commands", "Commands, by name and outcome.", commands, ["command", "outcome"])
    metrics.counter("events_delivered", "Events given to connections, by class.", delivered, ["delivery"])
    metrics.gauge("subscriptions", "Subscriptions of now.", subscriptions)


def add_storage(metrics: Metrics, waiting: Read) -> None:
    """Tell how many works wait or run, by kind (`read`, `write`)."""
    metrics.gauge("storage_works", "Works that wait or run in the storage.", waiting, ["kind"])
