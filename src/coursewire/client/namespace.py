"""What the client of every namespace offers: life, state, handlers, typed commands, subscriptions."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Self, TypeAlias, TypeVar, overload

from pydantic import ValidationError

from coursewire.client.attachments import payload_of
from coursewire.client.failures import invalid
from coursewire.client.options import ClientOptions
from coursewire.client.outputs import Diagnostics, Json, State
from coursewire.client.shell import Shell
from coursewire.client.token import Token
from coursewire.errors import CoursewireError, Unavailable
from coursewire.realtime.contract import COMMON_EVENTS, Command, Event, Ready, Result
from coursewire.vocabulary import Model, Position, new_id

logger = logging.getLogger("coursewire.client")

Handler: TypeAlias = Callable[..., Any]
"""Called with the event's data, and with its `Meta` too if it takes two arguments; may be async."""

HandlerT = TypeVar("HandlerT", bound=Handler)
ResultT = TypeVar("ResultT", bound=Result)


class Meta(Model):
    """What comes with an event. Current values that come with a subscription have the channel only."""

    channel: str = ""
    id: str | None = None
    at: str | None = None
    epoch: str | None = None
    offset: int | None = None
    actor: str | None = None


class Interest:
    """That somebody here listens to a channel, until it is left or taken away; later interest is another one."""

    def __init__(self) -> None:
        self.count = 0


class NamespaceClient:
    """A client of one namespace; a subclass names it and adds its commands.

    `token` is a JWT or a function (plain or async) that gets a fresh one. `outbox` is a file that keeps commands
    which were not answered; it belongs to one user and one program. All clients of one server in one event
    loop share a connection, each with its own token. Not for use from several threads: see `client.sync`.
    """

    namespace: ClassVar[str]
    events: ClassVar[tuple[type[Event[Any]], ...]] = ()

    def __init__(
        self,
        url: str,
        token: Token,
        *,
        outbox: Path | str | None = None,
        patience: float | None = 10.0,
        options: ClientOptions | None = None,
    ) -> None:
        """`patience`: seconds that `async with` waits for the first session; None: it does not wait."""
        path = None if outbox is None else Path(outbox)
        attachments = {kind.event: kind.attachment for kind in self.events if kind.attachment}
        self._shell = Shell(url, self.namespace, token, self, path, options or ClientOptions(), attachments)
        self._patience = patience
        self._payloads = {kind.event: kind.payload for kind in (*COMMON_EVENTS, *self.events)}
        self._handlers: dict[str, list[tuple[Handler, int]]] = {}
        self._state_handlers: list[Callable[[State], Any]] = []
        self._interest: dict[str, Interest] = {}
        self.session: Ready | None = None
        """Who one is, with the server's flags and limits; None before the first session."""

    # Life and state

    async def __aenter__(self) -> Self:
        self.start()
        if self._patience is not None:
            try:
                async with asyncio.timeout(self._patience):
                    await self.connected()
            except TimeoutError:
                await self.close()
                raise Unavailable(f"no session within {self._patience:g} s") from None
            except BaseException:
                await self.close()
                raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def start(self) -> None:
        """Connect, and stay connected; returns at once. Raises ValueError for no outbox, or another client's."""
        self._shell.start()

    async def connected(self) -> None:
        """Wait for a session. Raises the refusal when there will be none."""
        await self._shell.connected()

    async def close(self) -> None:
        """Disconnect for good. Commands that wait raise Unavailable; the outbox file keeps those with a key."""
        await self._shell.close()

    @property
    def state(self) -> State:
        """What the client is doing (CLI4)."""
        return self._shell.diagnostics.state

    @property
    def diagnostics(self) -> Diagnostics:
        """State, since when (ms since 1970), transport, latency (ms), failed attempts, commands that wait."""
        return self._shell.diagnostics

    def on_state(self, handler: Callable[[State], Any]) -> Callable[[State], Any]:
        """Call `handler(state)` at every change; it must not wait. Works as a decorator."""
        self._state_handlers.append(handler)
        return handler

    def online(self) -> None:
        """Say that the network is back: retry now, or check the connection."""
        self._shell.online()

    def set_token(self, token: str) -> None:
        """Use a new token from now on; the session goes on."""
        self._shell.set_token(token)

    # Events

    @overload
    def on(self, event: str | type[Event[Any]], handler: HandlerT) -> HandlerT: ...

    @overload
    def on(self, event: str | type[Event[Any]]) -> Callable[[HandlerT], HandlerT]: ...

    def on(self, event: str | type[Event[Any]], handler: Handler | None = None) -> Any:
        """Call `handler(data)` or `handler(data, meta)` for an event, as method or decorator.

        Handlers run one after the other in the order of events; `data` is the contract's model. One that
        raises is logged, and the others go on.
        """
        name = event if isinstance(event, str) else event.event

        def register(handler: Handler) -> Handler:
            self._handlers.setdefault(name, []).append((handler, _arguments_of(handler)))
            return handler

        return register if handler is None else register(handler)

    def off(self, event: str | type[Event[Any]], handler: Handler) -> None:
        """Stop calling a handler."""
        name = event if isinstance(event, str) else event.event
        self._handlers[name] = [entry for entry in self._handlers.get(name, ()) if entry[0] != handler]

    def position(self, channel: str) -> Position | None:
        """Return the position of the last event of a channel whose handlers have run."""
        handled = self._shell.handled.get(channel)
        return None if handled is None else Position.model_validate(handled)

    # Commands and channels

    async def run(self, command: type[Command], answer: type[ResultT], **fields: Any) -> ResultT:
        """Run a command and return its answer. Raises the errors of `coursewire.errors`.

        While offline it waits. A command with a key is sent until there is an answer, also after a restart when
        there is an outbox file; one without raises Unavailable when the connection ends before its answer. One that
        needs a key and is given none gets a new one.
        """
        given = {name: value for name, value in fields.items() if value is not None}
        if "key" in command.model_fields and command.model_fields["key"].is_required():
            given.setdefault("key", new_id())
        try:
            payload = payload_of(command(**given))
        except ValidationError as error:
            raise invalid(error) from error
        return answer.model_validate(await self._shell.command(command.command, payload))

    async def subscribe_channel(self, channel: str, since: Position | None = None) -> Position:
        """Listen to a channel until as many `unsubscribe_channel` have followed; return where it stands.

        Raises Forbidden, NotFound.
        """
        interest = self._interest.setdefault(channel, Interest())
        interest.count += 1
        try:
            position = await self._shell.subscribe(channel, None if since is None else since.model_dump())
        except BaseException:
            self._lose_interest(channel, interest)
            raise
        return Position.model_validate(position)

    def unsubscribe_channel(self, channel: str) -> None:
        """Stop listening to a channel, if nothing else here listens to it."""
        interest = self._interest.get(channel)
        if interest is not None:
            self._lose_interest(channel, interest)

    def _lose_interest(self, channel: str, interest: Interest) -> None:
        """Count one less; what was taken away meanwhile is over, and whoever wants it anew keeps it."""
        interest.count -= 1
        if interest.count <= 0 and self._interest.get(channel) is interest:
            del self._interest[channel]
            self._shell.unsubscribe(channel)
            self.channel_left(channel)

    # What the shell tells

    def state_changed(self, state: State) -> None:
        """See `Owner`."""
        for handler in self._state_handlers:
            handler(state)

    def session_ready(self, data: Json) -> None:
        """See `Owner`."""
        try:
            self.session = Ready.model_validate(data)
        except ValidationError as error:
            logger.warning("cannot read session.ready: %s", error)

    async def handle(self, event: str, data: Any, meta: Json) -> None:
        """See `Owner`. An event that this version cannot read is logged and passed over."""
        payload = self._payloads.get(event)
        try:
            value = data if payload is None else payload.model_validate(data)
            about = Meta.model_validate(meta)
        except ValidationError as error:
            logger.warning("cannot read %s: %s", event, error)
            return
        await self.handle_event(event, value, about)

    async def handle_event(self, event: str, value: Any, meta: Meta) -> None:
        """Run the handlers of an event; a subclass may do more."""
        for handler, arguments in self._handlers.get(event, ()):
            try:
                returned = handler(*(value, meta)[:arguments])
                if inspect.isawaitable(returned):
                    await returned
            except Exception:
                logger.exception("a handler of %s failed", event)

    async def load_snapshot(self, channel: str, reason: str, position: Json) -> Json:  # noqa: ARG002 - for subclasses
        """Go on where the server stands; a subclass that keeps state loads it anew (SUB3)."""
        return position

    def channel_left(self, channel: str) -> None:
        """Forget what is known of a channel to which nothing here listens any more; for subclasses."""

    def channel_taken(self, channel: str) -> None:
        """See `Owner`."""
        self._interest.pop(channel, None)
        self.channel_left(channel)

    async def channel_gone(self, channel: str, error: CoursewireError) -> None:
        """See `Owner`."""
        logger.info("channel %s of %s ended: %s", channel, self.namespace, error)


def _arguments_of(handler: Handler) -> int:
    """Return 1 or 2: how many positional arguments a handler takes."""
    positional = 0
    for parameter in inspect.signature(handler).parameters.values():
        if parameter.kind is parameter.VAR_POSITIONAL:
            return 2
        positional += parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
    return min(positional, 2)
