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
    metrics.gauge("loop_lag_seconds", "Worst delay of the event loop in 10 s.", lambda: lag.worst_s)
    metrics.gauge("loop_lag_mean_seconds", "Mean delay of the event loop in 10 s.", lambda: lag.mean_s)


def add_edge(metrics: Metrics, counters: EdgeCounters, connections: Read) -> None:
    """Tell about connections and packets; `connections` gives how many are open."""
    opened, closed = "Connections opened, by first transport.", "Connections closed, by reason."
    metrics.gauge("connections", "Open connections.", connections)
    metrics.counter("connections_opened", opened, lambda: counters.sessions_opened, ["transport"])
    metrics.counter("connections_closed", closed, lambda: counters.sessions_closed, ["reason"])
    metrics.counter("connections_upgraded", "From polling to WebSocket.", lambda: counters.sessions_upgraded)
    metrics.counter(
        "refused", "Requests refused, by reason.", lambda: counters.handshakes_refused, ["reason"]
    )
    metrics.counter("packets_in", "Packets of clients.", lambda: counters.packets_in)
    metrics.counter("packets_bad", "Packets that broke the protocol.", lambda: counters.packets_bad)
    metrics.counter("bytes_in", "Bytes of clients.", lambda: counters.bytes_in)
    metrics.counter(
        "outboxes_filled", "Connections that fell behind (FAN3).", lambda: counters.outboxes_filled
    )


def add_realtime(
    metrics: Metrics, *, commands: Read, sessions: Read, channels: Read, replays: Read, lost: Read
) -> None:
    """Tell about commands by (namespace, command, outcome), and what is open now.

    An outcome is `ok` or an error code. A name that is no command of ours must be counted under one name: a
    client could otherwise make up a metric with every packet.
    """
    metrics.counter("commands", "Commands, by outcome.", commands, ["namespace", "command", "outcome"])
    metrics.gauge("sessions", "Open namespace sessions.", sessions)
    metrics.gauge("channels", "Channels that somebody listens to.", channels)
    metrics.counter("replays", "Replays read from the log (SUB5).", replays)
    metrics.counter("positions_behind", "Channels that lacked what the log had (FAN2).", lost)


def add_storage(metrics: Metrics, waiting: Read) -> None:
    """Tell how many works wait or run, by kind (`read`, `write`)."""
    metrics.gauge("storage_works", "Works that wait or run in the storage.", waiting, ["kind"])
