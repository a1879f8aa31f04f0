"""What stands behind the sockets: decode -> limit -> authorise -> run in a transaction -> ack."""

from __future__ import annotations

import asyncio
import functools
import logging
import time
from asyncio import Future
from collections import Counter
from collections.abc import Callable, Container, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import orjson
from pydantic import ValidationError

from coursewire.errors import (
    CoursewireError,
    Internal,
    Overloaded,
    RateLimited,
    Unavailable,
    UnknownCommand,
)
from coursewire.realtime.arrivals import Arrivals
from coursewire.realtime.attachments import Answer, payload_of
from coursewire.realtime.contract import Command, Mode, RefreshAuth
from coursewire.realtime.door import Door
from coursewire.realtime.hub import Hub
from coursewire.realtime.joined import Joined
from coursewire.realtime.lane import Refusal
from coursewire.realtime.namespace import Namespace
from coursewire.realtime.running import Entered, Running
from coursewire.realtime.session import Session
from coursewire.realtime.transaction import Reactions
from coursewire.realtime.validation import invalid_from

if TYPE_CHECKING:
    from coursewire.edge.connection import Connection, Socket
    from coursewire.realtime.here import Here
    from coursewire.realtime.subscription import Subscription
    from coursewire.storage import Storage

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
    ) -> None:
        self._hub = hub
        self._door = door
        self._namespaces = namespaces
        self._running = Running(hub, here, storage, reactions)
        self._arrivals = Arrivals(self._open)
        self.figures = Figures()
        door.on_crowded = self._follow_crowd

    # edge.connection.Application

    @property
    def namespaces(self) -> Container[str]:
        """The namespaces that there are."""
        return self._namespaces

    def connected(self, socket: Socket, auth: Any) -> None:
        """Let somebody into a namespace, or refuse them with the contract's error."""
        self._arrivals.take(socket, auth)

    def _open(self, socket: Socket, auth: Any) -> Coroutine[Any, Any, None]:
        return self._door.open(socket, self._namespaces[socket.namespace], auth)

    def disconnected(self, socket: Socket, reason: str) -> None:
        """End a namespace session; nothing needs to be written (SES4)."""
        del reason  # the edge counts it
        session = socket.state
        if isinstance(session, Session):
            self._running.flush()  # what it has sent comes from somebody who is here
            self._door.close(session)
        else:
            self._arrivals.forget(socket)

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
        name = arguments[0]
        mode: Mode | None = Mode.SIGNAL
        run: Callable[[], Future[Any]]
        try:
            command = self._read(session, name, arguments)
            self._limit(session, command)
        except CoursewireError as error:
            # In its turn as well: acknowledgements keep the order of the commands.
            run = functools.partial(_failed, error)
            kind = session.namespace.by_name.get(name)
            name = kind.command if kind is not None else "unknown"
        else:
            run = functools.partial(self._start, session, command)
            name = command.command
            mode = None if type(command) in session.namespace.planned else command.mode
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
        payload = payload_of(kind, arguments)
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
            if isinstance(command, RefreshAuth):
                return asyncio.ensure_future(self._door.refresh(session, command.token))
            return self._running.start(session, command)
        except Exception as error:  # noqa: BLE001 - whatever it is, the lane must go on; `_answer` logs it
            return _failed(error)

    # Answering

    def _answer(self, session: Session, name: str, ack: int | None, done: Future[Any]) -> None:
        if session.is_closed:
            if not done.cancelled():
                done.exception()  # seen: nobody is there to be told
            return
        error = _error_of(done)
        if error is None and isinstance(entered := done.result(), Joined | Entered) and not entered.is_open:
            # Without a field: it is not about what was asked, so clients ask again by themselves.
            error = Unavailable("the channel was closed while it was entered: enter again")
            if isinstance(entered, Entered):
                self._running.leave(session, entered)
        self.figures.commands[session.namespace.path, name, error.code if error else "ok"] += 1
        begun: Sequence[Subscription] = ()
        attachments: Sequence[bytes] = ()
        if error is not None:
            data = orjson.dumps({"ok": False, "error": error.as_wire()})
        else:
            result = done.result()
            if isinstance(result, Joined):
                begun = (result.subscription,)
                wire = result.as_wire()
                wire["channel"] = result.subscription.channel.name
                result = Answer(orjson.dumps(wire))
            elif isinstance(result, Entered):
                begun, result = result.subscriptions, result.answer
            data, attachments = b'{"ok":true,"data":%b}' % result.json, result.attachments
        if ack is not None:
            session.socket.acknowledge_encoded(ack, data, attachments)
        for subscription in begun:
            self._hub.start(subscription)

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
        """Let those in who stand at the door, then let nobody in; write what has been gathered."""
        self._running.flush()
        await self._arrivals.close()


def _error_of(done: Future[Any]) -> CoursewireError | None:
    if done.cancelled():
        return Overloaded("the server is stopping", retry_after_ms=1_000)
    error = done.exception()
    if error is None or isinstance(error, CoursewireError):
        return error
    logger.error("a command failed", exc_info=error)
    return Internal("something went wrong on our side")


def _failed(error: Exception) -> Future[Any]:
    future: Future[Any] = asyncio.get_running_loop().create_future()
    future.set_exception(error)
    future.exception()  # seen: an error that nobody waits for is no warning
    return future


def _sessions(connection: Connection) -> list[Session]:
    return [socket.state for socket in connection.sockets.values() if isinstance(socket.state, Session)]
