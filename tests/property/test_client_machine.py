"""The client's machine against a model server on a network that loses, repeats, cuts and forgets."""

from __future__ import annotations

import random
from collections import deque
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from coursewire.client.machine import Machine
from coursewire.client.outputs import (
    CancelTimer,
    Connect,
    Deliver,
    Disconnect,
    Emit,
    Json,
    NeedSnapshot,
    Output,
    Persist,
    Reset,
    SetTimer,
    Settle,
)

CHANNEL = "room:1"


class Server:
    """One stream, keys that run once, and replay; what it sends is a list of machine inputs."""

    def __init__(self) -> None:
        self.epoch = 1
        self.length = 0
        self.first = 1
        self.keys: list[str] = []
        self.listening = False
        self.refusals = 0
        """So many of the next commands are refused for now."""

    def append(self) -> list[tuple[str, Json]]:
        self.length += 1
        return [self._event(self.length)] if self.listening else []

    def accept(self, resume: Json) -> list[tuple[str, Json]]:
        self.listening = False
        packets: list[tuple[str, Json]] = [("connected", {"sid": "s"})]
        resumed: Json = {}
        if CHANNEL in resume:
            replayed, answer = self._subscribe(resume[CHANNEL])
            packets += replayed
            resumed[CHANNEL] = answer
        return [*packets, ("received", {"event": "session.ready", "data": {"resumed": resumed}, "meta": {}})]

    def run(self, emit: Emit) -> list[tuple[str, Json]]:
        data: Json = {}
        packets: list[tuple[str, Json]] = []
        if self.refusals and emit.command != "unsubscribe":
            self.refusals -= 1
            error = {"code": "rate_limited", "message": "later", "retryable": True, "retry_after_ms": 100}
            return [("answer", {"ref": emit.ref, "answer": {"ok": False, "error": error}})]
        if emit.command == "subscribe":
            packets, data = self._subscribe(emit.payload.get("since"))
        elif emit.command == "unsubscribe":
            self.listening = False
        elif emit.command == "message.send":
            key = emit.payload["key"]
            data = {"duplicate": key in self.keys}
            if not data["duplicate"]:
                self.keys.append(key)
                packets = self.append()
        return [*packets, ("answer", {"ref": emit.ref, "answer": {"ok": True, "data": data}})]

    def _subscribe(self, since: Json | None) -> tuple[list[tuple[str, Json]], Json]:
        self.listening = True
        answer: Json = {
            "channel": CHANNEL,
            "epoch": str(self.epoch),
            "offset": self.length,
            "recovered": False,
        }
        if since is None:
            return [], answer
        if since["epoch"] != str(self.epoch):
            return [], {**answer, "reason": "epoch"}
        if since["offset"] + 1 < self.first:
            return [], {**answer, "reason": "trimmed"}
        events = [self._event(offset) for offset in range(since["offset"] + 1, self.length + 1)]
        return events, {**answer, "recovered": True}

    def _event(self, offset: int) -> tuple[str, Json]:
        meta = {"channel": CHANNEL, "epoch": str(self.epoch), "offset": offset}
        return "received", {"event": "message.sent", "data": {}, "meta": meta}


class ClientOnABadNetwork(RuleBasedStateMachine):
    """After every step: nothing twice, no unsignalled hole. After the network has healed: nothing missing."""

    @initialize(seed=st.integers(0, 2**32))
    def begin(self, seed: int) -> None:
        self.now = 0
        self.machine = Machine(random.Random(seed).random, outbox_limit=20)  # noqa: S311 - no secret
        self.server = Server()
        self.to_client: deque[tuple[str, Json]] = deque()
        self.to_server: deque[Connect | Emit] = deque()
        self.timers: dict[str, int] = {}
        self.delivered: list[tuple[int, int]] = []
        self.jumped = True
        """The next event may be any: the channel is new, or a snapshot was loaded."""
        self.snapshots: list[str] = []
        self.given: list[str] = []
        self.settled: list[str] = []
        self.persisted: list[str] = []
        self.feed("start", token_known=True)
        self.feed("subscribe", channel=CHANNEL)
        self.the_network_works(steps=20)

    def feed(self, step: str, /, **fields: Any) -> None:
        self.now += 1
        outputs: list[Output] = getattr(self.machine, step)(self.now, **fields)
        for output in outputs:
            self.apply(output)

    def apply(self, output: Output) -> None:
        match output:
            case Connect():
                self.to_client.clear()
                self.to_server.clear()
                self.to_server.append(output)
            case Emit():
                self.to_server.append(output)
            case Disconnect() | Reset():
                self.to_client.clear()
                self.to_server.clear()
                self.server.listening = False
            case Deliver(event="message.sent"):
                self.note(int(output.meta["epoch"]), output.meta["offset"])
            case NeedSnapshot():
                self.snapshots.append(output.channel)
            case SetTimer():
                self.timers[output.name] = self.now + output.ms
            case CancelTimer():
                del self.timers[output.name]
            case Settle():
                self.settled.append(output.ref)
            case Persist():
                self.persisted = [entry["ref"] for entry in output.outbox]
            case _:
                pass

    def note(self, epoch: int, offset: int) -> None:
        """[CLI1] [SUB2] Offsets go up one by one, except where the application was told."""
        if self.delivered and not self.jumped:
            assert (epoch, offset) == (self.delivered[-1][0], self.delivered[-1][1] + 1)
        self.jumped = False
        self.delivered.append((epoch, offset))

    @property
    def connected(self) -> bool:
        return self.machine.state == "connected"

    # The network

    @rule()
    def server_takes_one(self) -> None:
        if self.to_server:
            packet = self.to_server.popleft()
            answers = (
                self.server.accept(packet.resume) if isinstance(packet, Connect) else self.server.run(packet)
            )
            self.to_client.extend(answers)

    @rule()
    def client_takes_one(self) -> None:
        if self.to_client:
            name, fields = self.to_client.popleft()
            self.feed(name, **fields)

    @rule(steps=st.integers(2, 12))
    def the_network_works(self, steps: int) -> None:
        for _ in range(steps):
            self.server_takes_one()
            self.client_takes_one()

    @property
    def events_under_way(self) -> list[int]:
        packets = enumerate(self.to_client)
        return [index for index, (_, fields) in packets if fields.get("event") == "message.sent"]

    @precondition(lambda self: self.events_under_way)
    @rule(which=st.integers(0, 5))
    def an_event_arrives_twice(self, which: int) -> None:
        index = self.events_under_way[which % len(self.events_under_way)]
        self.to_client.insert(index, self.to_client[index])

    @precondition(lambda self: self.events_under_way)
    @rule(which=st.integers(0, 5))
    def an_event_is_lost(self, which: int) -> None:
        del self.to_client[self.events_under_way[which % len(self.events_under_way)]]

    @rule(by=st.sampled_from(["server", "transport"]))
    def the_session_ends(self, by: str) -> None:
        self.to_client.clear()
        self.to_server.clear()
        self.server.listening = False
        self.feed("disconnected", by=by, reason="cut")

    @rule()
    def time_passes(self) -> None:
        if self.timers:
            name = min(self.timers, key=lambda name: self.timers[name])
            self.now = max(self.now, self.timers.pop(name))
            self.feed("timer", name=name)

    @rule()
    def the_server_refuses_one(self) -> None:
        self.server.refusals += 1

    # The world

    @precondition(lambda self: self.server.listening)
    @rule(count=st.integers(2, 4))
    def somebody_publishes_to_listeners(self, count: int) -> None:
        self.somebody_publishes(count=count)

    @rule(count=st.integers(1, 4))
    def somebody_publishes(self, count: int) -> None:
        for _ in range(count):
            self.to_client.extend(self.server.append())

    @rule()
    def the_log_is_trimmed(self) -> None:
        self.server.first = self.server.length + 1

    @rule()
    def the_stream_is_another(self) -> None:
        self.server.epoch += 1
        self.server.length, self.server.first = 0, 1

    @rule()
    def the_application_sends(self) -> None:
        ref = f"c{len(self.given)}"
        if self.machine.diagnostics().queued < 20:
            self.given.append(ref)
            self.feed("command", ref=ref, command="message.send", payload={"key": ref})

    @rule()
    def the_application_sends_three(self) -> None:
        for _ in range(3):
            self.the_application_sends()

    @precondition(lambda self: self.snapshots)
    @rule()
    def a_snapshot_is_loaded(self) -> None:
        self.jumped = True
        position = {"epoch": str(self.server.epoch), "offset": self.server.length}
        self.feed("snapshot_loaded", channel=self.snapshots.pop(), position=position)

    @rule()
    def the_channel_is_left_and_wanted_again(self) -> None:
        self.jumped = True
        self.snapshots.clear()
        self.feed("unsubscribe", channel=CHANNEL)
        self.feed("subscribe", channel=CHANNEL)

    # What must hold

    @invariant()
    def commands_ran_once_and_in_order(self) -> None:
        """[LOG3] [CLI2]"""
        assert self.server.keys == self.given[: len(self.server.keys)]
        assert self.settled == self.given[: len(self.settled)]
        assert self.persisted == self.given[len(self.settled) :]

    def teardown(self) -> None:
        """[CLI1] [CLI2] [CLI3] Without further faults the client gets everywhere by itself."""
        if not hasattr(self, "machine"):
            return
        self.come_to_rest()
        assert self.connected
        assert self.settled == self.given == self.server.keys
        # An event that was lost at the end shows when the next one comes.
        self.to_client.extend(self.server.append())
        self.come_to_rest()
        assert self.machine.position(CHANNEL) == {
            "epoch": str(self.server.epoch),
            "offset": self.server.length,
        }

    def come_to_rest(self) -> None:
        """Let everything happen that is under way, and what the timers bring."""
        for _ in range(10_000):
            if self.to_server:
                self.server_takes_one()
            elif self.to_client:
                self.client_takes_one()
            elif self.snapshots:
                self.a_snapshot_is_loaded()
            elif self.timers:
                self.time_passes()
            else:
                break
        else:
            raise AssertionError("the client does not come to rest")


TestClientOnABadNetwork = ClientOnABadNetwork.TestCase
TestClientOnABadNetwork.settings = settings(max_examples=150, stateful_step_count=60)


def test_a_refusal_between_two_lives_of_the_stream_is_got_over() -> None:
    """[CLI1] Once found by the machine above: the repeated `subscribe` waits for a timer."""
    client = ClientOnABadNetwork()
    client.begin(seed=0)
    client.the_server_refuses_one()
    client.the_stream_is_another()
    client.teardown()
