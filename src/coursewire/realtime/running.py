"""Runs a validated command: in a storage reader, in the writer, or on the event loop, as its namespace declares it."""

from __future__ import annotations

import asyncio
import hashlib
import time
from asyncio import Future
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import orjson

from coursewire import log
from coursewire.errors import CoursewireError, NotFound, Unavailable
from coursewire.realtime.attachments import Answer, encode_answer
from coursewire.realtime.contract import Command, Mode, Ping, Pong, Result, Subscribe, Unsubscribe
from coursewire.realtime.eager import start
from coursewire.realtime.gathering import Gathering, Prepared, Together
from coursewire.realtime.joined import Joined
from coursewire.realtime.namespace import Handler, Opening, Outdated, Planned, Signal, Staged, Written
from coursewire.realtime.transaction import Reactions, Transaction
from coursewire.vocabulary import Position, iso

if TYPE_CHECKING:
    from coursewire.identity.caller import Caller
    from coursewire.realtime.here import Here
    from coursewire.realtime.hub import Hub
    from coursewire.realtime.session import Session
    from coursewire.realtime.subscription import Subscription
    from coursewire.storage import Storage
    from coursewire.storage import Transaction as StorageTransaction


PLANS = 3
"""How often a command is planned because something has changed meanwhile. Then it is run in the writer, as a whole."""


@dataclass(slots=True)
class Entered:
    """The answer of an `Opening`; `Hub.start` makes its subscriptions live once it is written."""

    subscriptions: Sequence[Subscription]
    answer: Answer

    @property
    def is_open(self) -> bool:
        """Whether all of them still stand."""
        return all(subscription.is_open for subscription in self.subscriptions)


class Running:
    """Where commands run. All methods belong to the event loop."""

    def __init__(self, hub: Hub, here: Here, storage: Storage, reactions: Reactions) -> None:
        self._hub = hub
        self._here = here
        self._storage = storage
        self._reactions = reactions
        self._gathering = Gathering(storage.write)
        self._written_together: dict[Staged, Together] = {}

    def start(self, session: Session, command: Command) -> Future[Any]:
        """Run a command; the future is of its `Answer`, of a `Joined`, or of an `Entered`."""
        match command:
            case Subscribe():
                return start(self._subscribe(session, command))
            case Unsubscribe() | Ping():
                return _done(self._answer_at_once(session, command))
        match session.namespace.commands[type(command)]:
            case Signal() as signal:
                return self._signal(session, signal, command)
            case Opening() as opening:
                return start(self._open(session, opening, command))
            case Staged() as staged:
                return self._stage(session, staged, command)
            case handler:
                return self._run(session, handler, command)

    def _answer_at_once(self, session: Session, command: Unsubscribe | Ping) -> Answer:
        if isinstance(command, Ping):
            now = iso(time.time_ns() // 1_000_000)
            return encode_answer(Pong(sent_at=command.sent_at, server_time=now))
        if not self._hub.unsubscribe(session, command.channel):
            raise NotFound("you do not listen to this channel", field="channel")
        return Answer(orjson.dumps({"channel": command.channel}))

    def _run(self, session: Session, handler: Handler, command: Command) -> Future[Any]:
        if isinstance(handler, Planned):
            return start(self._plan(session, handler, command))
        path, caller, reactions = session.namespace.path, session.caller, self._reactions
        if command.mode is Mode.READ:
            return self._storage.read(
                lambda raw: encode_answer(handler(Transaction(raw, path, caller, reactions), caller, command))
            )
        self._gathering.flush()  # a session's commands are written in the order in which it gave them
        key = getattr(command, "key", None)
        digest = _digest(command) if key is not None else b""
        return self._write(session, handler, command, key, digest)

    async def _plan(self, session: Session, planned: Planned, command: Command) -> Answer:
        path, caller, reactions = session.namespace.path, session.caller, self._reactions
        key = getattr(command, "key", None)
        digest = _digest(command) if key is not None else b""

        def plan(raw: StorageTransaction) -> Any:
            if key is not None and log.recall(raw, caller.user_id, path, key, digest) is not None:
                return planned  # it has been written: its answer is there, whatever has become of the rest
            made = planned.plan(Transaction(raw, path, caller, reactions), caller, command)
            return lambda tx, by, what: planned.write(tx, by, what, made)

        for _ in range(PLANS):
            handler = await self._storage.read(plan)
            try:
                return await self._write(session, handler, command, key, digest)
            except Outdated:
                continue
        return await self._write(session, planned, command, key, digest)

    def _write(
        self, session: Session, handler: Handler, command: Command, key: str | None, digest: bytes
    ) -> Future[Answer]:
        path, caller, reactions = session.namespace.path, session.caller, self._reactions
        return self._storage.write(
            lambda raw: run_once(raw, path, caller, reactions, handler, command, key, digest)
        )

    def flush(self) -> None:
        """Write what has been gathered."""
        self._gathering.flush()

    # On the event loop

    def _signal(self, session: Session, signal: Signal, command: Command) -> Future[Any]:
        name = signal.channel(command) if signal.channel else None
        if name is None or name in session.subscriptions:
            result = signal.run(self._here.visit(session), command)
            if isinstance(result, Result):
                return _done(encode_answer(result))

            async def wait() -> Answer:
                return encode_answer(await result)

            return start(wait())

        async def check_then_run() -> Answer:
            await self._hub.rights.check(session, name)
            result = signal.run(self._here.visit(session), command)
            return encode_answer(result if isinstance(result, Result) else await result)

        return asyncio.ensure_future(check_then_run())

    def _stage(self, session: Session, staged: Staged, command: Command) -> Future[Any]:
        return self._gathering.add(
            partial(self._prepare, session, staged, command), staged.weight(command) if staged.weight else 0
        )

    def _prepare(self, session: Session, staged: Staged, command: Command) -> Prepared:
        step = staged.prepare(self._here.visit(session), command)
        path, caller, reactions = session.namespace.path, session.caller, self._reactions

        def write(raw: StorageTransaction) -> Answer:
            return encode_answer(step.run(Transaction(raw, path, caller, reactions), caller, command))

        if staged.together is None:
            return Prepared(write, step.settled)
        together = self._together(path, staged)
        return Prepared(write, step.settled, together, Written(caller, command, step))

    def _together(self, path: str, staged: Staged) -> Together:
        """Return what writes several of these commands: always the same, so that they are known for a kind."""
        found = self._written_together.get(staged)
        if found is None:
            found = self._written_together[staged] = partial(_write_together, path, staged, self._reactions)
        return found

    # Channels

    async def _subscribe(self, session: Session, command: Subscribe) -> Joined:
        answers = await self._hub.subscribe(session, {command.channel: command.since})
        answer = answers[command.channel]
        if isinstance(answer, CoursewireError):
            answer.field = "channel"  # a rule may name the field of the commands that ask it as well
            raise answer
        return answer

    async def _open(self, session: Session, opening: Opening, command: Command) -> Entered:
        names = await self._names(session, opening, command)
        answers = await self._hub.subscribe(session, dict.fromkeys(names))
        joined = [answer.subscription for answer in answers.values() if isinstance(answer, Joined)]
        entered = Entered(joined, Answer(b""))
        try:
            if len(joined) < len(names):
                await self._check_unchanged(session, opening, command, names)
            positions = {name: _position(answer) for name, answer in answers.items()}
            visit = self._here.visit(session)
            entered.answer = encode_answer(await opening.run(visit, command, positions))
        except BaseException:
            self.leave(session, entered)
            raise
        return entered

    async def _names(self, session: Session, opening: Opening, command: Command) -> list[str]:
        path, caller, reactions = session.namespace.path, session.caller, self._reactions
        return await self._storage.read(
            lambda raw: list(opening.channels(Transaction(raw, path, caller, reactions), caller, command))
        )

    async def _check_unchanged(
        self, session: Session, opening: Opening, command: Command, names: Sequence[str]
    ) -> None:
        """Raise Unavailable when one was refused because it is not for the caller any more since they were named."""
        if await self._names(session, opening, command) != names:
            raise Unavailable("what you may listen to has changed meanwhile: ask again", retry_after_ms=200)

    def leave(self, session: Session, entered: Entered) -> None:
        """End what is left of the subscriptions of an opening; not those that have taken their place."""
        for subscription in entered.subscriptions:
            if subscription.is_open:
                self._hub.unsubscribe(session, subscription.channel.name)


def _write_together(
    path: str, staged: Staged, reactions: Reactions, raw: StorageTransaction, several: Sequence[Written]
) -> list[Answer | CoursewireError]:
    if staged.together is None:
        raise TypeError("these commands are not written together")
    outcomes = staged.together(Transaction(raw, path, None, reactions), several)
    return [
        outcome if isinstance(outcome, CoursewireError) else encode_answer(outcome) for outcome in outcomes
    ]


def run_once(
    raw: StorageTransaction,
    path: str,
    caller: Caller,
    reactions: Reactions,
    handler: Handler,
    command: Command,
    key: str | None,
    digest: bytes,
) -> Answer:
    """Run a command that writes, once for its key, and return its answer (LOG3)."""
    if key is not None:
        first = log.recall(raw, caller.user_id, path, key, digest)
        if first is not None:
            return Answer(orjson.dumps({**orjson.loads(first), "duplicate": True}))
    tx = Transaction(raw, path, caller, reactions)
    answer = encode_answer(handler(tx, caller, command), tx.said)
    if key is not None:
        log.remember(raw, caller.user_id, path, key, digest, answer.json, tx.subject)
    return answer


def _digest(command: Command) -> bytes:
    content = command.__pydantic_serializer__.to_json(command)
    return hashlib.blake2b(b"%b\n%b" % (command.command.encode(), content), digest_size=16).digest()


def _position(answer: Joined | CoursewireError) -> Position:
    """Return where a subscription stands. Raises the error of one that was refused."""
    if isinstance(answer, CoursewireError):
        raise answer
    return Position(epoch=answer.epoch, offset=answer.subscription.offset)


def _done(value: Any) -> Future[Any]:
    future: Future[Any] = asyncio.get_running_loop().create_future()
    future.set_result(value)
    return future
