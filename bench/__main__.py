"""`make bench`: run everything, print the table, keep the figures.

The servers take turns; each is started fresh for each size of the room. All of them speak WebSocket with the same
heartbeat, verify a JWT per client, and broadcast the same message object to one room; ours also stores it and
checks every right, because that is what it is for. A second figure leaves out what publishing itself costs (the CPU
of publishing to an empty room, per delivery), so that only the fan-out is compared.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from bench import durable, fanout, report
from bench.joining import join
from bench.rooms import make_room
from bench.servers import NAMES, OURS, PING_INTERVAL_MS, running
from bench.swarm import Swarm
from bench.tokens import token

SMALL = 500


def main() -> int:
    """Run the bench; return the exit status."""
    arguments = _arguments()
    large = min(arguments.large, _open_files() - 200)
    if large < arguments.large:
        _say(f"the limit of open files allows {large} clients (ulimit -n)")
    results: dict[str, dict[str, Any]] = {}
    for name in arguments.only or NAMES:
        found = results[name] = {}
        found |= _timed(f"{name}, {SMALL} clients", partial(small, name))
        if large > SMALL:
            found |= _timed(f"{name}, {large} clients", partial(crowd, name, large))
    about = {**report.machine(), "large": large, "ping_interval_ms": PING_INTERVAL_MS}
    sys.stdout.write(
        f"\n{about['cpu']}, {about['cores']} cores, Python {about['python']}, Node {about['node']}, "
    )
    sizes = ", ".join(f"{name} {found['event_bytes']}" for name, found in results.items())
    sys.stdout.write(
        f"{about['at']}\nbytes of an event on the wire: {sizes}\n\n{report.table(results, large)}\n\n"
    )
    _say(f"every round: {report.save(results, about)}")
    return 0


def small(name: str) -> dict[str, Any]:
    """Measure one server with 500 subscribers: deliveries, latency, and what only ours does."""
    found: dict[str, Any] = {}
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
        for key, milliseconds in fanout.latencies(
            swarm, publisher, room, subscribers=SMALL, per_second=8, seconds=4
        ).items():
            found[f"latency_{key}"] = milliseconds
        found["event_bytes"] = swarm.event_bytes
        swarm.leave([*joined, publisher.client])
        if name == OURS:
            room = make_room(server, "durable")
            for prefix, figures in (
                ("sending", durable.sending(server, swarm, room)),
                ("idle", durable.idle_acknowledgement(swarm, room)),
                ("catch_up", durable.catching_up(server, swarm, make_room(server, "missed"))),
            ):
                found |= {f"{prefix}_{key}": figure for key, figure in figures.items()}
        swarm.close()
    return found


def crowd(name: str, clients: int) -> dict[str, Any]:
    """Measure one server with thousands: joining, memory, deliveries."""
    with running(name) as server:
        swarm = Swarm(server.port)
        room = make_room(server, "large")
        _, arrived = join(server, swarm, f"room:{room}", clients)
        publisher = _publisher(swarm)

        def measure(burst: int) -> list[float]:
            return fanout.cpu_per_delivery(server, swarm, publisher, room, subscribers=clients, burst=burst)

        found = {
            "connections_per_cpu_second": arrived["connections_per_cpu_second"],
            "again_per_cpu_second": arrived["again_per_cpu_second"],
            "resident_kib": arrived["resident_bytes"] / 1024,
            "proportional_kib": arrived["proportional_bytes"] / 1024,
            "single_large": measure(1),
            "burst_large": measure(10),
        }
        swarm.close()
    return found


def _publisher(swarm: Swarm) -> fanout.Publisher:
    return fanout.Publisher(swarm.join([{"token": token("teacher", "instructor")}], None)[0])


def _open_files() -> int:
    """Allow as many open files as the system does, here and so in the servers; return how many."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def _timed(what: str, run: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    started = time.monotonic()
    found = run()
    _say(f"{what}: {time.monotonic() - started:.0f} s")
    return found


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
