"""Measures what only our server does: messages on disk, idle acknowledgements, and catching up after a gap."""

from __future__ import annotations

import time
import urllib.request
from dataclasses import dataclass
from typing import Any

from bench.fanout import Publisher, percentiles
from bench.servers import Server
from bench.swarm import Client, Swarm, command
from bench.tokens import token

SENDERS = 64
MISSED = 100


@dataclass
class _Sender:
    """Sends the next message when the last one is acknowledged."""

    client: Client
    room_id: str
    name: str
    latencies: list[float]
    until: float = 0.0
    sent: int = 0
    started: float = 0.0

    def next(self) -> None:
        self.sent += 1
        payload = {"key": f"{self.name}-{self.sent}", "room_id": self.room_id, "text": f"message {self.sent}"}
        self.started = time.monotonic()
        self.client.send(command("message.send", payload, self.sent))

    def acknowledged(self, _: Client, __: bytes) -> None:
        now = time.monotonic()
        self.latencies.append(now - self.started)
        if now < self.until:
            self.next()


def sending(server: Server, swarm: Swarm, room_id: str, seconds: float = 4.0) -> dict[str, float]:
    """Let 64 people send as fast as each is acknowledged; every acknowledgement is of a committed message.

    Returns `{per_second, cpu_us, p50, p95, p99}`: messages, server CPU per message, milliseconds to the
    acknowledgement.
    """
    latencies: list[float] = []
    auths = [{"token": token(f"sender-{number}", "instructor")} for number in range(SENDERS)]
    senders = [
        _Sender(client, room_id, f"s{number}", latencies)
        for number, client in enumerate(swarm.join(auths, None))
    ]
    cpu, started = server.cpu_seconds(), time.monotonic()
    for sender in senders:
        sender.until = started + seconds
        sender.client.on_ack = sender.acknowledged
        sender.next()
    swarm.wait(
        lambda: (
            len(latencies) >= sum(sender.sent for sender in senders) and time.monotonic() > started + seconds
        ),
        "the last acknowledgements",
    )
    took = time.monotonic() - started
    cpu = server.cpu_seconds() - cpu
    swarm.leave(sender.client for sender in senders)
    return {
        "per_second": len(latencies) / took,
        "cpu_us": cpu / len(latencies) * 1e6,
        **percentiles([latency * 1_000 for latency in latencies]),
    }


def idle_acknowledgement(swarm: Swarm, room_id: str, count: int = 200) -> dict[str, float]:
    """Send one message at a time, with a pause after each; return the milliseconds to its acknowledgement."""
    latencies: list[float] = []
    [client] = swarm.join([{"token": token("idle", "instructor")}], None)
    sender = _Sender(client, room_id, "idle", latencies)
    client.on_ack = sender.acknowledged
    for _ in range(count):
        sender.next()
        swarm.wait(lambda: len(latencies) >= sender.sent, "an acknowledgement")
        swarm.idle(0.005)
    swarm.leave([client])
    return percentiles([latency * 1_000 for latency in latencies])


def catching_up(server: Server, swarm: Swarm, room_id: str, clients: int = 500) -> dict[str, float]:
    """Cut clients off, publish 100 messages, let all come back at once from where they were.

    Returns `{seconds, replay_reads, cpu_us}`: until the last client had everything, reads of the log for that,
    server CPU per replayed event. Raises RuntimeError when a client got another number of messages.
    """
    channel = f"room:{room_id}"
    auths = [{"token": token(f"student-{number}")} for number in range(clients)]
    joined = swarm.join(auths, channel)
    position = _position(joined[0].said)
    swarm.leave(joined)
    publisher = Publisher(swarm.join([{"token": token("teacher", "instructor")}], None)[0])
    for _ in range(MISSED // 10):
        publisher.publish(room_id, 10)
        swarm.wait(publisher.acknowledged, "the missed messages")
    reads, cpu, started = _replay_reads(server), server.cpu_seconds(), time.monotonic()
    back = swarm.join(
        [{**auth, "resume": {channel: position}} for auth in auths],
        None,
        at_once=clients,
        until=lambda client: client.said is not None,
    )
    took = time.monotonic() - started
    wrong = {client.received for client in back} - {MISSED}
    if wrong or not all(client.said and client.said["resumed"][channel]["recovered"] for client in back):
        raise RuntimeError(f"some clients did not recover: {wrong}, {back[0].said}")
    cpu, reads = server.cpu_seconds() - cpu, _replay_reads(server) - reads
    swarm.leave([*back, publisher.client])
    return {"seconds": took, "replay_reads": reads, "cpu_us": cpu / (clients * MISSED) * 1e6}


def _position(said: dict[str, Any] | None) -> dict[str, Any]:
    if said is None:
        raise RuntimeError("a subscription had no answer")
    return {"epoch": said["epoch"], "offset": said["offset"]}


def _replay_reads(server: Server) -> float:
    """Return how often the log was read for a replay, from the server's metrics."""
    with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/metrics", timeout=30) as answer:
        text = answer.read().decode()
    values = [
        float(line.rsplit(" ", 1)[1])
        for line in text.splitlines()
        if line.startswith("coursewire_replays_total")
    ]
    if not values:
        raise RuntimeError("/metrics does not tell coursewire_replays_total")
    return sum(values)
