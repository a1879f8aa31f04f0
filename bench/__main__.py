"""`make bench`: run everything, print the table, keep the figures.

The servers take turns; each is started fresh for each size of the room. All of them speak WebSocket with the same
heartbeat, verify a JWT per client, and broadcast the same message object to one room; ours also stores it and
checks every right, because that is what it is for. A second figure leaves out what publishing itself costs (the CPU
of publishing to an empty room, per delivery), so that only the fan-out is compared. And a third is of an event that
no server stores.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from bench import dashboards, documents, durable, fanout, hostile, ingest, notices, report, tracking
from bench.joining import come_back, enrolled_auths, join
from bench.rooms import make_room
from bench.servers import HOCUSPOCUS, LEAST, NAMES, NODE, OURS, PING_INTERVAL_MS, Server, running
from bench.swarm import Swarm
from bench.tokens import token

SMALL = 500


def main() -> int:
    """Run the bench; return the exit status."""
    arguments = _arguments()
    large = min(arguments.large, _open_files() - 200)
    if large < arguments.large:
        _say(f"the limit of open files allows {large} clients (ulimit -n)")
    load = os.getloadavg()[0]
    if load > 1:
        _say(f"this machine is busy with something else (load {load:.1f}): do not trust the figures")
    results: dict[str, dict[str, Any]] = {}
    complete = True
    for name in arguments.only or NAMES:
        found = results[name] = {"event_bytes": 0}
        complete &= _attempt(f"{name}, {SMALL} clients", partial(small, name, found))
        for bare in LEAST if name == NODE else ():
            results[bare] = {"event_bytes": 0}
            complete &= _attempt(bare, partial(least, bare, results[bare]))
        if large > SMALL:
            complete &= _attempt(f"{name}, {large} clients", partial(crowd, name, large, found))
        if name == OURS:
            complete &= _attempt("analytics", partial(analytics, found))
    for name in (OURS, HOCUSPOCUS) if not arguments.only or OURS in arguments.only else ():
        found = results.setdefault(name, {"event_bytes": 0})
        complete &= _attempt(f"{name}, documents", partial(documents.measure, name, found))
        if name == OURS:
            complete &= _attempt("hostile updates", partial(hostile.measure, found))
    about = {**report.machine(), "large": large, "ping_interval_ms": PING_INTERVAL_MS, "load_before": load}
    sizes = ", ".join(f"{name} {results[name]['event_bytes']}" for name in NAMES if name in results)
    lines = (
        f"{about['cpu']}, {about['cores']} cores, Python {about['python']}, Node {about['node']}, {about['at']}",
        f"load before: {load:.1f}; bytes of an event on the wire: {sizes}",
    )
    sys.stdout.write("\n{}\n{}\n\n{}\n\n".format(*lines, report.table(results, large)))
    _say(f"every round: {report.save(results, about)}")
    return 0 if complete else 1


def small(name: str, found: dict[str, Any]) -> None:
    """Measure one server with 500 subscribers: deliveries, latency, and what only ours does."""
    with running(name) as server:
        swarm = Swarm(server.port)
        room, empty = make_room(server, "small"), make_room(server, "empty")
        joined, _ = join(server, swarm, f"room:{room}", SMALL)
        publisher = _publisher(swarm)

        def measure(room_id: str, subscribers: int, burst: int) -> list[float]:
            return fanout.cpu_per_delivery(
                server, swarm, publisher, room_id, subscribers=subscribers, burst=burst
            )

        found["publish"], publish_ten = measure(empty, 0, 1), measure(empty, 0, 10)
        for key, burst, publishing in (("single_500", 1, found["publish"]), ("burst_500", 10, publish_ten)):
            found[key] = measure(room, SMALL, burst)
            cost = statistics.median(publishing) / SMALL
            found[f"{key}_marginal"] = [cpu - cost for cpu in found[key]]
        found["event_bytes"] = swarm.event_bytes
        typist = fanout.Typist(joined[0], joined[0].acks)
        found["unstored_500"] = fanout.cpu_per_delivery(
            server, swarm, typist, room, subscribers=SMALL, burst=1
        )
        swarm.count(publisher.event)
        taken = fanout.latencies(swarm, publisher, room, subscribers=SMALL, per_second=8, seconds=4)
        found |= {f"latency_{key}": milliseconds for key, milliseconds in taken.items()}
        swarm.leave([*joined, publisher.client])
        if name == OURS:
            only_ours(server, swarm, found)
        swarm.close()


def least(name: str, found: dict[str, Any]) -> None:
    """Measure what is no server: the writes alone, to the same 500 clients with the same load."""
    with running(name) as server:
        swarm = Swarm(server.port)
        room = make_room(server, "small")
        swarm.join(enrolled_auths(server, SMALL), f"room:{room}")
        publisher = _publisher(swarm)
        found["single_500"] = fanout.cpu_per_delivery(
            server, swarm, publisher, room, subscribers=SMALL, burst=1
        )
        found["event_bytes"] = swarm.event_bytes
        swarm.close()


def only_ours(server: Server, swarm: Swarm, found: dict[str, Any]) -> None:
    """Measure what has no counterpart: durable messages, idle acknowledgements, catching up, notifications."""
    room, missed = make_room(server, "durable"), make_room(server, "missed")
    for prefix, figures in (
        ("sending", durable.sending(server, swarm, room)),
        ("idle", durable.idle_acknowledgement(swarm, room)),
        ("catch_up", durable.catching_up(server, swarm, missed)),
    ):
        found |= {f"{prefix}_{key}": figure for key, figure in figures.items()}
    found |= notices.measure(server)


def analytics(found: dict[str, Any]) -> None:
    """Measure /analytics, each part on a server of its own: activity in, dashboards, a loop that reports itself."""
    for measure in (ingest.measure, dashboards.measure, tracking.measure):
        with running(OURS) as server:
            found |= measure(server)


def crowd(name: str, clients: int, found: dict[str, Any]) -> None:
    """Measure one server with thousands: joining, memory, deliveries, coming back."""
    with running(name) as server:
        swarm = Swarm(server.port)
        room = make_room(server, "large")
        channel = f"room:{room}"
        joined, arrived = join(server, swarm, channel, clients)
        found["connections_per_cpu_second"] = arrived["connections_per_cpu_second"]
        found["resident_kib"] = arrived["resident_bytes"] / 1024
        found["proportional_kib"] = arrived["proportional_bytes"] / 1024
        publisher = _publisher(swarm)
        for key, burst in (("single_large", 1), ("burst_large", 10)):
            found[key] = fanout.cpu_per_delivery(
                server, swarm, publisher, room, subscribers=clients, burst=burst
            )
        found["again_per_cpu_second"] = come_back(server, swarm, channel, joined)
        swarm.close()


def _publisher(swarm: Swarm) -> fanout.Publisher:
    return fanout.Publisher(swarm.join([{"token": token("teacher", "instructor")}], None)[0])


def _open_files() -> int:
    """Allow as many open files as the system does, here and so in the servers; return how many."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def _attempt(what: str, run: Callable[[], None]) -> bool:
    """Run a part, and go on without it when the server fails; tell whether it was measured whole."""
    started = time.monotonic()
    try:
        run()
    except (ConnectionError, TimeoutError, RuntimeError) as error:
        _say(f"{what}: not all of it could be measured: {error}")
        return False
    _say(f"{what}: {time.monotonic() - started:.0f} s")
    return True


def _say(line: str) -> None:
    sys.stderr.write(f"bench: {line}\n")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="make bench", description="Compare with other servers on this machine."
    )
    parser.add_argument("--large", type=int, default=8_000, help="clients of the large room")
    parser.add_argument("--only", action="append", choices=NAMES, help="run only this server")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
