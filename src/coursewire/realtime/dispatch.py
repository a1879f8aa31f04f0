"""What stands behind the sockets: decode -> limit -> authorise -> run in a transaction -> ack."""

from __future__ import annotations

import asyncio
import functools
import hashlib
import logging
import time
from asyncio import Future
from collections import Counter
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import orjson
from pydantic import ValidationError

from coursewire import log
from coursewire.errors import (
    CoursewireError,
    Internal,
    Invalid,
    NotFound,
    Overloaded,
    RateLimited,
    Unavailable,
    UnknownCommand,
)
from coursewire.realtime.contract import Command, Mode, Ping, Pong, RefreshAuth, Subscribe, Unsubscribe
from coursewire.realtime.door import Door
from coursewire.realtime.eager import start
from coursewire.realtime.hub import Hub
from coursewire.realtime.joined import Joined
from coursewire.realtime.lane import Refusal
from coursewire.realtime.live import Live
from coursewire.realtime.namespace import Handler, Namespace, Signal
from coursewire.realtime.session import Session
from coursewire.realtime.transaction import Reactions, Transaction
from coursewire.realtime.validation import invalid_from
from coursewire.vocabulary import iso

if TYPE_CHECKING:
    from coursewire.edge.connection import Connection, Socket
    from coursewire.identity.caller import Caller
    from coursewire.realtime.here import Here
    from coursewire.storage import Storage
    from coursewire.storage import Transaction as StorageTransaction

logger = logging.getLogger(__name__)

TOO_MANY_COMMANDS: Final = "too many commands"
"""Why a connection is closed that goes on where even the refusals have no room."""


@dataclass(slots=True)
class Figures:
    """What the operator sees of the commands."""

    commands: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """(namespace, command, `ok` or the error's code) -> how often. Unknown commands count under one name."""


class Dispatcher:
    """Implements `edge.connection.Application` for the namespaces."""

    def __init__(
        self,
        *,
        hub: Hub,
        here: Here,
        door: Door,
        storage: Storage,
        namespaces: Mapping[str, Namespace],
        reactions: Reactions,
        lives: Mapping[str, Live],
    ) -> None:
        self._hub = hub
        self._here = here
        self._door = door
        self._storage = storage
        self._namespaces = namespaces
        self._reactions = reactions
        self._lives = lives
        self._opening: set[Future[None]] = set()
        self.figures = Figures()
        door.on_crowded = self._follow_crowd

    # edge.connection.Application

    @property
    def namespaces(self) -> Container[str]:
        """The namespaces that there are."""
        return self._namespaces

    def connected(self, socket: Socket, auth: Any) -> None:
        """Let somebody into a namespace, or refuse them with the contract's error."""
        opening = start(self._door.open(socket, self._namespaces[socket.namespace], auth))
        if not opening.done():
            self._opening.add(opening)
            opening.add_done_callback(self._opening.discard)

    def disconnected(self, socket: Socket, reason: str) -> None:
        """End a namespace session; nothing needs to be written (SES4)."""
        del reason  # the edge counts it
        session = socket.state
        if isinstance(session, Session):
            self._door.close(session)

    def full(self, connection: Connection) -> None:
        """Stop reading and queueing for a connection that does not take what it is sent (FAN3)."""
        self._hub.full(_sessions(connection))
        self._follow(connection)

    def drained(self, connection: Connection) -> None:
        """Go on with it, from the log."""
        self._follow(connection)
        self._hub.drained(_sessions(connection))

    def received(self, socket: Socket, arguments: list[Any], ack: int | None) -> None:
        """Take a command: validate and limit it now, run it in its turn (CMD1, CMD2)."""
        session = socket.state
        if not isinstance(session, Session):
            return
        name, mode = arguments[0], Mode.SIGNAL
        run: Callable[[], Future[Any]]
        try:
            command = self._read(session, name, arguments[1:])
            self._limit(session, command)
        except CoursewireError as error:
            # In its turn as well: acknowledgements keep the order of the commands.
            run = functools.partial(_failed, error)
            kind = session.namespace.by_name.get(name)
            name = kind.command if kind is not None else "unknown"
        else:
            run = functools.partial(self._start, session, command)
            name, mode = command.command, command.mode
        lane = session.lane
        has_turn = lane.submit(mode, run, lambda done: self._answer(session, name, ack, done)) or lane.refuse(
            (name, ack), functools.partial(self._refuse, session)
        )
        if not has_turn:
            socket.connection.close(TOO_MANY_COMMANDS)
        elif lane.crowded:
            self._follow(socket.connection)

    # Validating

    def _read(self, session: Session, name: Any, arguments: list[Any]) -> Command:
        kind = session.namespace.by_name.get(name) if isinstance(name, str) else None
        if kind is None:
            raise UnknownCommand(f"{session.namespace.path} has no such command")
        payload = arguments[0] if arguments else {}
        if not isinstance(payload, dict):
            raise Invalid("the payload must be an object", field="payload")
        try:
            return kind.model_validate(payload)
        except ValidationError as error:
            raise invalid_from(error) from None

    def _limit(self, session: Session, command: Command) -> None:
        if session.bucket is None:
            return
        wait_s = session.bucket.take(command.cost, time.monotonic())
        if wait_s > 0:
            raise RateLimited("too many commands", retry_after_ms=int(wait_s * 1000) + 1)

    # Running

    def _start(self, session: Session, command: Command) -> Future[Any]:
        try:
            return self._begin(session, command)
        except Exception as error:  # noqa: BLE001 - whatever it is, the lane must go on; `_answer` logs it
            return _failed(error)

    def _begin(self, session: Session, command: Command) -> Future[Any]:
        match command:
            case Ping():
                now = iso(time.time_ns() // 1_000_000)
                return _done(_encode(Pong(sent_at=command.sent_at, server_time=now)))
            case Subscribe():
                return start(self._subscribe(session, command))
            case Unsubscribe():
                if not self._hub.unsubscribe(session, command.channel):
                    raise NotFound("you do not listen to this channel", field="channel")
                return _done(orjson.dumps({"channel": command.channel}))
            case RefreshAuth():
                return asyncio.ensure_future(self._door.refresh(session, command.token))
        handler = session.namespace.commands[type(command)]
        if isinstance(handler, Signal):
            return self._signal(session, handler, command)
        return self._run(session, handler, command)

    def _run(self, session: Session, handler: Handler, command: Command) -> Future[Any]:
        path, caller, reactions = session.namespace.path, session.caller, self._reactions
        if command.mode is Mode.READ:
            return self._storage.read(
                lambda raw: _encode(handler(Transaction(raw, path, caller, reactions), caller, command))
            )
        key = getattr(command, "key", None)
        digest = _digest(command) if key is not None else b""
        return self._storage.write(
            lambda raw: run_once(raw, path, caller, reactions, handler, command, key, digest)
        )

    def _signal(self, session: Session, signal: Signal, command: Command) -> Future[Any]:
        live = self._lives[session.namespace.path]
        name = signal.channel(command) if signal.channel else None
        if name is None or name in session.subscriptions:
            return _done(_encode(signal.run(live, session.caller, command)))

        async def check_then_run() -> bytes:
            await self._hub.rights.check(session, name)
            return _encode(signal.run(live, session.caller, command))

        return asyncio.ensure_future(check_then_run())

    async def _subscribe(self, session: Session, command: Subscribe) -> Joined:
        answers = await self._hub.subscribe(session, {command.channel: command.since})
        answer = answers[command.channel]
        if isinstance(answer, CoursewireError):
            answer.field = "channel"  # a rule may name the field of the commands that ask it as well
            raise answer
        return answer

    # Answering

    def _answer(self, session: Session, name: str, ack: int | None, done: Future[Any]) -> None:
        if session.is_closed:
            if not done.cancelled():
                done.exception()  # seen: nobody is there to be told
            return
        error = _error_of(done)
        if error is None and isinstance(joined_to := done.result(), Joined) and not joined_to.is_open:
            error = Unavailable(
                "the channel was closed while it was entered: subscribe again", field="channel"
            )
        self.figures.commands[session.namespace.path, name, error.code if error else "ok"] += 1
        joined = None
        if error is not None:
            data = orjson.dumps({"ok": False, "error": error.as_wire()})
        else:
            result = done.result()
            if isinstance(result, Joined):
                joined = result.subscription
                wire = result.as_wire()
                wire["channel"] = joined.channel.name
                result = orjson.dumps(wire)
            data = b'{"ok":true,"data":%b}' % result
        if ack is not None:
            session.socket.acknowledge_encoded(ack, data)
        if joined is not None:
            self._hub.start(joined)

    def _refuse(self, session: Session, refusals: Sequence[Refusal]) -> None:
        """Answer commands that found the lane full."""
        overloaded = Overloaded("too many commands of yours are waiting", retry_after_ms=1_000)
        for name, ack in refusals:
            self._answer(session, name, ack, _failed(overloaded))

    # Back-pressure

    def _follow_crowd(self, session: Session) -> None:
        self._follow(session.socket.connection)

    def _follow(self, connection: Connection) -> None:
        """Read from a connection only while it takes its answers and its commands are not piling up."""
        if connection.full or any(session.lane.crowded for session in _sessions(connection)):
            connection.pause_reading()
        else:
            connection.resume_reading()

    async def close(self) -> None:
        """Let those in who stand at the door, then let nobody in."""
        await asyncio.gather(*self._opening, return_exceptions=True)


def run_once(
    raw: StorageTransaction,
    path: str,
    caller: Caller,
    reactions: Reactions,
    handler: Handler,
    command: Command,
    key: str | None,
    digest: bytes,
) -> bytes:
    """Run a command that writes, once for its key, and return its answer as JSON (LOG3)."""
    if key is not None:
        first = log.recall(raw, caller.user_id, path, key, digest)
        if first is not None:
            return orjson.dumps({**orjson.loads(first), "duplicate": True})
    tx = Transaction(raw, path, caller, reactions)
    answer = _encode(handler(tx, caller, command))
    if key is not None:
        log.remember(raw, caller.user_id, path, key, digest, answer, tx.subject)
    return answer


def _digest(command: Command) -> bytes:
    content = f"{command.command}\n{command.model_dump_json()}".encode()
    return hashlib.blake2b(content, digest_size=16).digest()


def _encode(result: Any) -> bytes:
    answer: bytes = result.model_dump_json(exclude_none=True).encode()
    return answer


def _error_of(done: Future[Any]) -> CoursewireError | None:
    if done.cancelled():
        return Overloaded("the server is stopping", retry_after_ms=1_000)
    error = done.exception()
    if error is None or isinstance(error, CoursewireError):
        return error
    logger.error("a command failed", exc_info=error)
    return Internal("something went wrong on our side")


def _done(value: Any) -> Future[Any]:
    future: Future[Any] = asyncio.get_running_loop().create_future()
    future.set_result(value)
    return future


def _failed(error: Exception) -> Future[Any]:
    future: Future[Any] = asyncio.get_running_loop().create_future()
    future.set_exception(error)
    future.exception()  # seen: an error that nobody waits for is no warning
    return future


def _sessions(connection: Connection) -> list[Session]:
    return [socket.state for socket in connection.sockets.values() if isinstance(socket.state, Session)]
