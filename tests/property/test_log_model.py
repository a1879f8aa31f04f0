"""The log against a model that is a dictionary of lists, through any mix of commit groups and housekeeping."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from itertools import product
from typing import Any

import orjson
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from tests.unit.log.ledger import Ledger

from coursewire import log
from coursewire.errors import Conflict
from coursewire.storage import ConstraintViolated, Transaction

NAMESPACES = ("/chat", "/analytics")
CHANNELS = ("room:1", "user:ada")
SUBJECTS = (None, "m1", "m2", "m3")
KEYS = ("k1", "k2", "k3")

namespaces = st.sampled_from(NAMESPACES)
channels = st.sampled_from(CHANNELS)
subjects = st.sampled_from(SUBJECTS)
times = st.integers(0, 20)
attachments = st.none() | st.binary(max_size=60)


@dataclass
class Event:
    """An event as the model keeps it."""

    offset: int
    subject: str | None
    id: str
    text: str
    at: int
    attachment: bytes | None


@dataclass
class Stream:
    """A stream as the model keeps it. The database's epoch is "" here."""

    epoch: str = ""
    top: int = 0
    events: list[Event] = field(default_factory=list)


@dataclass(frozen=True)
class Append:
    """Append one event."""

    namespace: str
    channel: str
    subject: str | None
    text: str
    attachment: bytes | None

    def run(self, tx: Transaction) -> None:
        data = orjson.dumps({"id": self.subject, "text": self.text})
        position = log.append(
            tx,
            self.namespace,
            self.channel,
            event="said",
            data=data,
            id=self.text,
            at=tx.now,
            actor="ada",
            subject=self.subject,
            attachment=self.attachment,
        )
        tx.effects.append((self.namespace, self.channel, position.offset, self.text))


@dataclass(frozen=True)
class Remember:
    """Run a command with a key: as the dispatcher does, or (`forgetful`) without recalling first."""

    namespace: str
    key: str
    digest: bytes
    subject: str | None
    forgetful: bool

    def run(self, tx: Transaction) -> None:
        if not self.forgetful and log.recall(tx, "ada", self.namespace, self.key, self.digest) is not None:
            return
        result = orjson.dumps({"message": {"id": self.subject, "text": self.key}})
        log.remember(tx, "ada", self.namespace, self.key, self.digest, result, self.subject)


@dataclass(frozen=True)
class Fail:
    """Fail on purpose."""

    def run(self, _: Transaction) -> None:
        raise LookupError


Step = Append | Remember | Fail

appends = st.builds(Append, namespaces, channels, subjects, st.text("abc", max_size=30), attachments)
remembers = st.builds(
    Remember, namespaces, st.sampled_from(KEYS), st.sampled_from([b"d1", b"d2"]), subjects, st.booleans()
)
works = st.lists(st.one_of(appends, appends, remembers, st.just(Fail())), max_size=4)


def run_steps(tx: Transaction, steps: list[Step]) -> None:
    for step in steps:
        step.run(tx)


class LogMachine(RuleBasedStateMachine):
    """Drives the log and the model side by side."""

    def __init__(self) -> None:
        super().__init__()
        self.ledger = Ledger()
        self.streams: dict[tuple[str, str], Stream] = {}
        self.keys: dict[tuple[str, str], tuple[bytes, dict[str, Any], str | None, int]] = {}
        self.epoch: str = self.ledger.do(log.position, "/chat", "nowhere").epoch
        self.epochs = {self.epoch}

    def teardown(self) -> None:
        self.ledger.close()

    def stream(self, namespace: str, channel: str) -> Stream:
        return self.streams.get((namespace, channel), Stream())

    @rule(group=st.lists(works, min_size=1, max_size=6), now=times)
    def commit(self, group: list[list[Step]], now: int) -> None:
        """[LOG1] [LOG2] Works of a group stand or fall alone, in order."""
        self.ledger.now = now
        done = self.ledger.group([partial(run_steps, steps=steps) for steps in group])
        effects: list[Any] = []
        for steps, outcome in zip(group, done.outcomes, strict=True):
            expected, apply = self.judge(steps)
            assert type(outcome.error) is expected
            if expected is type(None):
                effects += apply()
        assert done.effects == effects

    @rule(steps=st.lists(appends, min_size=1, max_size=8), now=times)
    def commit_well(self, steps: list[Step], now: int) -> None:
        """[LOG2] So that there is something to work on."""
        self.commit([steps], now)

    def judge(self, steps: list[Step]) -> tuple[type[Exception | None], Callable[[], list[Any]]]:
        """Say how a work must end, and what it does if that is well."""
        fresh: dict[tuple[str, str], bytes] = {}
        for step in steps:
            if isinstance(step, Fail):
                return LookupError, list
            if isinstance(step, Remember):
                place = (step.namespace, step.key)
                digest = fresh.get(place) or (self.keys[place][0] if place in self.keys else None)
                if digest is not None and step.forgetful:
                    return ConstraintViolated, list
                if digest is not None and digest != step.digest:
                    return Conflict, list
                fresh.setdefault(place, step.digest)
        return type(None), partial(self.apply, steps)

    def apply(self, steps: list[Step]) -> list[Any]:
        effects: list[Any] = []
        for step in steps:
            if isinstance(step, Append):
                stream = self.streams.setdefault((step.namespace, step.channel), Stream())
                stream.top += 1
                event = Event(
                    stream.top, step.subject, step.text, step.text, self.ledger.now, step.attachment
                )
                stream.events.append(event)
                effects.append((step.namespace, step.channel, stream.top, step.text))
            elif isinstance(step, Remember):
                result = {"message": {"id": step.subject, "text": step.key}}
                remembered = (step.digest, result, step.subject, self.ledger.now)
                self.keys.setdefault((step.namespace, step.key), remembered)
        return effects

    @rule(before=times, keep=st.integers(0, 8), limit=st.integers(1, 6))
    def trim(self, before: int, keep: int, limit: int) -> None:
        """[LOG4] The oldest go, stream by stream, `limit` at most."""
        left = limit
        for stream in self.streams.values():
            while left and stream.events and (len(stream.events) > keep or stream.events[0].at < before):
                del stream.events[0]
                left -= 1
        assert self.ledger.do(log.trim, before, keep, limit=limit) == limit - left

    @rule(before=times)
    def forget(self, before: int) -> None:
        """[LOG3] Answers are kept for a time."""
        kept = {place: answer for place, answer in self.keys.items() if answer[3] >= before}
        assert self.ledger.do(log.forget, before) == len(self.keys) - len(kept)
        self.keys = kept

    @rule(namespace=namespaces, subject=st.sampled_from(SUBJECTS[1:]), in_place=st.booleans())
    def redact(self, namespace: str, subject: str, in_place: bool) -> None:  # noqa: FBT001
        """[LOG5] What was said about the subject is gone; its places are not."""
        gone = orjson.dumps({"id": subject, "text": "-"})
        changed = self.ledger.do(log.redact, namespace, subject, (lambda _: gone) if in_place else gone)
        expected = set()
        for (of_namespace, channel), stream in self.streams.items():
            for event in stream.events:
                if of_namespace == namespace and event.subject == subject:
                    event.text = "-"
                    event.attachment = None if event.attachment is None else b""
                    expected.add(channel)
        assert changed == expected
        for (of_namespace, _), (_, result, of_subject, _) in self.keys.items():
            if of_namespace == namespace and of_subject == subject:
                result["message"]["text"] = "-"

    @rule(namespace=namespaces, channel=channels)
    def reset(self, namespace: str, channel: str) -> None:
        """[LOG4] A stream made anew has an epoch that never was."""
        epoch, offset = self.ledger.do(log.reset, namespace, channel)
        assert offset == 0
        assert epoch not in self.epochs
        self.epochs.add(epoch)
        stream = self.streams.setdefault((namespace, channel), Stream())
        stream.epoch, stream.top, stream.events = epoch, 0, []

    @rule(
        namespace=namespaces,
        channel=channels,
        back=st.integers(-2, 12),
        foreign=st.booleans(),
        limit=st.integers(0, 12),
        limit_bytes=st.integers(0, 300),
    )
    def resume(
        self,
        namespace: str,
        channel: str,
        back: int,
        foreign: bool,  # noqa: FBT001
        limit: int,
        limit_bytes: int,
    ) -> None:
        """[SUB2] [SUB3] Everything after the position, or nothing and the reason."""
        stream = self.stream(namespace, channel)
        epoch = stream.epoch or self.epoch
        since = stream.top - back
        later = [event for event in stream.events if event.offset > since]
        reason = None
        if foreign:
            reason = "epoch"
        elif since > stream.top:
            reason = "ahead"
        elif len(later) != stream.top - since:
            reason = "trimmed"
        elif len(later) > limit or sum(map(size, later)) > limit_bytes:
            reason = "limit"
        resumed = self.ledger.do(
            log.resume,
            namespace,
            channel,
            ("foreign" if foreign else epoch, since),
            limit,
            limit_bytes=limit_bytes,
        )
        assert (resumed.epoch, resumed.offset, resumed.reason) == (epoch, stream.top, reason)
        assert resumed.recovered == (reason is None)
        assert resumed.events == ([] if reason else [as_logged(event) for event in later])

    @invariant()
    def every_stream_is_as_the_model_says(self) -> None:
        """[LOG2] No hole among what is retained, and nothing else."""

        def look(tx: Transaction) -> None:
            for namespace, channel in product(NAMESPACES, CHANNELS):
                stream = self.stream(namespace, channel)
                first = stream.top - len(stream.events) + 1
                extent = log.position(tx, namespace, channel)
                assert extent == (stream.epoch or self.epoch, stream.top, first)
                found = log.read_after(tx, namespace, channel, 0, 1_000)
                assert found == [as_logged(event) for event in stream.events]
                assert [event.offset for event in found] == list(range(first, stream.top + 1))

        self.ledger.write(look)

    @invariant()
    def every_answer_is_as_the_model_says(self) -> None:
        """[LOG3] The first answer to a key stays the answer, but for what was taken back."""

        def look(tx: Transaction) -> None:
            for namespace, key in product(NAMESPACES, KEYS):
                known = self.keys.get((namespace, key))
                answer = log.recall(tx, "ada", namespace, key, known[0] if known else b"")
                assert (orjson.loads(answer) if answer else None) == (known[1] if known else None)

        self.ledger.write(look)


def data(event: Event) -> bytes:
    return orjson.dumps({"id": event.subject, "text": event.text})


def size(event: Event) -> int:
    return len(data(event)) + len(event.attachment or b"")


def as_logged(event: Event) -> log.Logged:
    return log.Logged(event.offset, event.id, "said", data(event), event.at, "ada", event.attachment)


TestLog = LogMachine.TestCase
