"""A client that believes nothing: it checks each event against the log and against what it has seen before."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import orjson
from tests.unit.realtime.guest import Guest, Heard, Json
from tests.unit.realtime.house import House

from coursewire.bus.port import Committed
from coursewire.vocabulary import Position
from coursewire.wire.frames import Encoded
from coursewire.wire.socketio import Message

At = tuple[str, str, int]
"""Channel, epoch, offset."""


@dataclass
class Truth:
    """What was committed, and what a right or a payload is worth now."""

    log: dict[At, tuple[str, Json]] = field(default_factory=dict)
    """Event id and data, as first committed."""
    tops: dict[str, tuple[str, int]] = field(default_factory=dict)
    firsts: dict[tuple[str, str], int] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    """Text -> note id: a text stands for a command, and is logged once."""
    taken_back: set[str] = field(default_factory=set)
    """Notes whose removal was committed and told to every node."""
    forbidden: set[tuple[str, str]] = field(default_factory=set)
    """(user, channel): a revocation that was committed and told to every node."""

    def committed(self, effects: list[Any]) -> None:
        """Note what a commit group has added. Asserts that offsets have no holes (LOG2)."""
        for effect in effects:
            if isinstance(effect, Committed):
                for event in effect.events:
                    epoch, top = self.tops.get(effect.channel, (effect.epoch, 0))
                    assert (effect.epoch, event.offset) == (epoch, top + 1)
                    self.tops[effect.channel] = (epoch, event.offset)
                    data = orjson.loads(event.data)
                    self.log[effect.channel, epoch, event.offset] = (event.id, data)
                    if event.event == "note.added":
                        assert data["text"] not in self.texts, "a command ran twice (LOG3)"
                        self.texts[data["text"]] = data["id"]

    def position(self, channel: str, default: str) -> tuple[str, int]:
        """Return where a stream stands."""
        return self.tops.get(channel, (default, 0))


@dataclass
class Following:
    """Where one channel stands for one follower."""

    epoch: str = ""
    offset: int = -1
    """-1: nothing is known yet."""
    state: str = "out"
    """out, asking (a subscribe or a resume is under way), in."""
    invented: bool = False
    """The position it asked with is none that the server gave it."""
    resumes: bool = False
    """Asked with a position."""
    replayed: int = 0
    count: int = 0
    """The newest value of `board.counted`."""

    @property
    def since(self) -> Json | None:
        return None if self.offset < 0 else {"epoch": self.epoch, "offset": self.offset}


class Follower:
    """One user at one device, through all their connections."""

    def __init__(self, truth: Truth, house: House, user: str, channels: list[str]) -> None:
        self.truth = truth
        self.house = house
        self.user = user
        self.channels = {channel: Following() for channel in channels}
        self.guest: Watched | None = None
        self.asked: dict[int, tuple[str, str, Json]] = {}
        """Ack id -> channel, command, payload."""
        self.answered = 0
        self.ready = False
        self.failures: list[str] = []

    # What it does

    def connect(self, *, resume: bool) -> None:
        """Connect anew, with or without positions."""
        self.guest = Watched(self)
        self.asked.clear()
        self.answered, self.ready = 0, False
        wanted = {}
        for channel, following in self.channels.items():
            following.state = "out"
            if resume and (since := following.since) is not None:
                wanted[channel] = since
                following.state, following.resumes, following.replayed = "asking", True, 0
        self.guest.enter(self.house.keys.token(self.user), resume=wanted)

    def notice(self) -> None:
        """Notice when the server has ended the connection or the namespace."""
        guest = self.guest
        if guest is not None and (guest.line.closed or guest.refusals or guest.disconnected):
            if guest.line.closed is None:
                guest.vanish()
            self.disconnected()

    @property
    def is_slow(self) -> bool:
        """Whether it does not read."""
        return self.guest is not None and self.guest.line.slow

    def disconnected(self) -> None:
        """Note that the connection is gone."""
        self.guest = None
        self.ready = False
        for following in self.channels.values():
            following.state = "out"

    def say(self, command: str, channel: str, payload: Json) -> None:
        """Send a command, and remember it until its answer."""
        if self.guest is not None and self.ready:
            # Before it is sent: the answer to some comes at once.
            ack = self.guest.next_ack()
            self.asked[ack] = (channel, command, payload)
            self.guest.say(command, payload, ack=ack)

    def say_all(self, command: str, channel: str, payloads: list[Json]) -> None:
        """Send a command for each payload, without waiting for answers."""
        for payload in payloads:
            self.say(command, channel, payload)

    def subscribe(self, channel: str, since: Json | None, *, invented: bool = False) -> None:
        """Subscribe, unless that is done or under way."""
        following = self.channels[channel]
        if following.state != "out" or not self.ready:
            return
        following.state, following.resumes, following.replayed = "asking", since is not None, 0
        following.invented = following.invented or invented
        if since is not None:
            following.epoch, following.offset = since["epoch"], since["offset"]
        self.say("subscribe", channel, {"channel": channel, **({"since": since} if since else {})})

    # What it checks

    def check(self, fine: bool, *what: Any) -> None:  # noqa: FBT001 - reads as an assertion
        """Note what is wrong: the edge contains exceptions, so raising would not be seen."""
        if not fine:
            self.failures.append(f"{self.user}: " + " ".join(str(part) for part in what))

    def written(self, heard: Heard) -> None:
        """Check what the server says now, whenever it is read."""
        channel = heard.meta["channel"]
        if heard.event in ("channel.closed", "session.ready", "namespace.closing"):
            return
        self.check((self.user, channel) not in self.truth.forbidden, "forbidden:", heard)
        if heard.event == "note.added" and heard.data["id"] in self.truth.taken_back:
            self.check("text" not in heard.data, "shows what was taken back:", heard)

    def hear(self, heard: Heard) -> None:
        """Check an event as it is read."""
        following = self.channels.get(heard.meta["channel"])
        if heard.event == "session.ready":
            self._resumed(heard.data["resumed"])
        elif heard.event == "namespace.closing":
            self.check(heard.data["reason"] == "unavailable", heard)
        elif following is None:
            pass
        elif heard.event == "channel.closed":
            following.state = "out"
        elif heard.offset is not None:
            self._advance(following, heard)
        elif heard.event == "board.counted":
            following.count = heard.data["count"]

    def _advance(self, following: Following, heard: Heard) -> None:
        channel, epoch, offset = heard.meta["channel"], heard.meta["epoch"], heard.meta["offset"]
        entitled = following.state == "in" or (following.state == "asking" and following.resumes)
        self.check(entitled, "not listening:", heard)
        expected = (following.epoch, following.offset + 1)
        self.check((epoch, offset) == expected, "hole or repeat, expected", expected, heard)
        following.epoch, following.offset = epoch, offset
        following.replayed += 1
        known = self.truth.log.get((channel, epoch, offset))
        self.check(known is not None and known[0] == heard.meta["id"], "not in the log:", heard)

    def _resumed(self, resumed: Json) -> None:
        self.ready = True
        for channel, following in self.channels.items():
            if following.state != "asking":
                continue
            if channel not in resumed or resumed[channel].get("reason") == "forbidden":
                following.state = "out"
            else:
                self._enter(channel, following, resumed[channel])

    def answered_with(self, ack: int, answer: Json) -> None:
        """Check an acknowledgement."""
        self.check(ack > self.answered, "acknowledged out of order", ack, self.answered)
        self.answered = ack
        channel, command, payload = self.asked.pop(ack)
        following = self.channels[channel]
        if command == "subscribe":
            if answer["ok"]:
                self.check(following.state == "asking", "entered after it was closed", channel)
                self._enter(channel, following, answer["data"])
            else:
                self.check(answer["error"]["code"] in ("forbidden", "unavailable"), answer)
                if not self._is_asked(channel):
                    following.state = "out"
        elif command == "unsubscribe":
            following.state = "out"
        elif command == "note.add":
            self._added(payload, answer)

    def _is_asked(self, channel: str) -> bool:
        """Whether a subscribe is under way: closed while it was, it is refused when another one may have been sent."""
        return any(name == channel and command == "subscribe" for name, command, _ in self.asked.values())

    def _added(self, payload: Json, answer: Json) -> None:
        if answer["ok"]:
            note = answer["data"]["note"]
            first = self.truth.texts.get(payload["text"])
            self.check(first == note["id"], "acknowledged, not in the log:", payload, answer)
        else:
            self.check(answer["error"]["code"] in ("forbidden", "conflict"), answer)
            if answer["error"]["code"] == "conflict":
                self.check(payload["text"] not in self.truth.texts, "refused, and in the log:", payload)

    def _enter(self, channel: str, following: Following, answer: Json) -> None:
        position = (answer["epoch"], answer["offset"])
        now = (following.epoch, following.offset)
        reason = answer.get("reason")
        if answer["recovered"]:
            self.check(following.resumes and position == now, "recovered to", position, "but got to", now)
        else:
            self.check(not following.resumes or reason is not None, "no reason:", answer)
            self.check(following.replayed == 0, "replayed a part:", answer)
            self._judge(channel, now, reason, invented=following.invented)
            following.epoch, following.offset = position
        following.state = "in"
        following.invented = False
        for value in answer.get("latest", ()):
            if value["event"] == "board.counted":
                following.count = value["data"]["count"]

    def _judge(self, channel: str, since: tuple[str, int], reason: str | None, *, invented: bool) -> None:
        """Check that a reason is one (SUB3). A slow reader may read it long after it was true."""
        epoch, _ = self.truth.position(channel, since[0])
        if reason == "epoch":
            self.check(since[0] != epoch, "refused the epoch of the log", channel, since)
        elif reason == "trimmed":
            self.check(
                since[1] < self.truth.firsts.get((channel, since[0]), 1) - 1, "not trimmed", channel, since
            )
        elif reason == "ahead":
            self.check(invented, "not ahead", channel, since)

    def is_caught_up(self, channel: str, log: Position) -> bool:
        """Whether it has everything that the log has."""
        following = self.channels[channel]
        return following.state == "in" and (following.epoch, following.offset) == (log.epoch, log.offset)


class Watched(Guest):
    """A connection whose every packet its follower checks."""

    def __init__(self, follower: Follower) -> None:
        self._follower = follower
        super().__init__(follower.house.server, follower.user)
        self.line.on_write = self._written

    def _written(self, encoded: Encoded) -> None:
        for packet in encoded.packets:
            if isinstance(packet, str) and packet.startswith("42/notes,["):
                name, data, meta = orjson.loads(packet[len("42/notes,") :])
                self._follower.written(Heard("/notes", name, data, meta))

    def take(self, message: Message) -> None:
        known = len(self.events), set(self.answers)
        super().take(message)
        if self._follower.guest is not self:
            return
        for heard in self.events[known[0] :]:
            self._follower.hear(heard)
        for ack in self.answers.keys() - known[1]:
            self._follower.answered_with(ack, self.answers[ack])
