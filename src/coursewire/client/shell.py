"""What surrounds a machine on asyncio: its connection, timers, token, outbox file and the inbox of its events."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Literal

from coursewire import __version__
from coursewire.client.attachments import has_bytes, joined, parted
from coursewire.client.connection import Connection, shared_connection
from coursewire.client.failures import error_from, error_of_channel, fail_all, wire_of
from coursewire.client.inbox import Inbox
from coursewire.client.machine import Machine
from coursewire.client.options import ClientOptions
from coursewire.client.outbox_file import OutboxFile
from coursewire.client.outputs import (
    CancelTimer,
    Connect,
    Deliver,
    Diagnostics,
    Disconnect,
    Emit,
    FetchToken,
    Json,
    NeedSnapshot,
    Output,
    Persist,
    RefusedCommand,
    Reset,
    SetTimer,
    Settle,
    State,
    StateChanged,
    Subscribed,
    Transport,
    Unsubscribed,
)
from coursewire.client.owner import Owner
from coursewire.client.snapshots import snapshot
from coursewire.client.token import Token, TokenSource
from coursewire.errors import CoursewireError, Unavailable
from coursewire.realtime.contract import COMMON_EVENTS
from coursewire.vocabulary import new_id

logger = logging.getLogger("coursewire.client")

SESSION_EVENTS = frozenset(event.event for event in COMMON_EVENTS)
NOT_STARTED = "the client is not open: use it in an `async with` block, or call `start()` first"


class Shell:
    """One namespace on a shared connection. Everything here runs on one event loop."""

    def __init__(
        self,
        url: str,
        namespace: str,
        token: Token,
        owner: Owner,
        outbox: Path | None,
        options: ClientOptions,
        attachments: Mapping[str, str],
    ) -> None:
        """`attachments`: by event, the field of its data that travels as bytes after it."""
        self._url = url
        self._namespace = namespace
        self._tokens = TokenSource(token)
        self._token = token if isinstance(token, str) else ""
        self._owner = owner
        self._options = options
        self._attachments = attachments
        self._outbox = None if outbox is None else OutboxFile(outbox)
        self._machine = Machine(random.random, outbox_limit=options.outbox_limit)
        # Machine times are milliseconds since 1970 that never go back.
        self._epoch = time.time() - time.monotonic()
        self._connection: Connection | None = None
        self._inbox: Inbox | None = None
        self._inputs: list[Callable[[int], list[Output]]] = []
        self._feeding = False
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._acks: dict[int, str] = {}
        """Emits of this session without an answer: ack number -> ref. Bounded by the outbox."""
        self._next_ack = 0
        self._answers: dict[str, asyncio.Future[Json]] = {}
        self._subscribing: dict[str, list[asyncio.Future[Json]]] = {}
        self._live: set[str] = set()
        self._watchers: list[asyncio.Future[None]] = []
        self._refusal: CoursewireError | None = None
        self.handled: dict[str, Json] = {}
        """By channel: the position of the last logged event whose handlers ran (CLI1)."""

    # Life

    def start(self) -> None:
        """Connect, and stay connected until `close`. Raises ValueError for an outbox that is none, or another's."""
        if self._connection is not None:
            return
        entries = [] if self._outbox is None else self._outbox.load()
        self._inbox = Inbox(self._options.inbox_limit, self._has_room)
        self._connection = shared_connection(self._url, self._options.link, self._namespace)
        self._connection.attach(self._namespace, self)
        self._feed(lambda now: self._machine.restore(now, outbox=entries))
        self._feed(lambda now: self._machine.start(now, token_known=bool(self._token)))

    async def close(self) -> None:
        """Disconnect. Commands without an answer raise Unavailable; those with a key stay in the outbox file."""
        self._feed(self._machine.stop)
        for futures in self._subscribing.values():
            fail_all(futures, Unavailable("the client was stopped"))
        self._subscribing.clear()
        tasks = [task for task in self._tasks if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._inbox is not None:
            await self._inbox.close()
        if self._connection is not None:
            await self._connection.detach(self._namespace)
        if self._outbox is not None:
            await self._outbox.flush()
            self._outbox.release()

    async def connected(self) -> None:
        """Wait for a session. Raises the refusal when there will be none."""
        while self.diagnostics.state not in ("connected", "degraded"):
            self._check_goes_on()
            watcher: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._watchers.append(watcher)
            await watcher

    def _check_goes_on(self) -> None:
        """Raise the refusal, or Unavailable, when there will be no session any more; RuntimeError before `start`."""
        if self._connection is None:
            raise RuntimeError(NOT_STARTED)
        if self._machine.gave_up or self.diagnostics.state == "closed":
            raise self._refusal or Unavailable("the client was stopped")

    @property
    def diagnostics(self) -> Diagnostics:
        """The state with its figures; `since` in milliseconds since 1970."""
        return self._machine.diagnostics()

    def online(self) -> None:
        """Retry now, or see whether the connection still lives: the network has changed."""
        self._feed(self._machine.online)

    def set_token(self, token: str) -> None:
        """Use a new token from now on, in this session too."""
        self._token = token
        self._tokens.replace(token)
        self._feed(lambda now: self._machine.token(now, ok=True))

    # Wishes

    async def command(self, command: str, payload: Json) -> Any:
        """Run a command and return the `data` of its answer. Raises the answer's error.

        A command with a key that is cancelled while it waits stays in the outbox; one without is withdrawn. Raises
        TypeError for a key and bytes together: the outbox holds JSON.
        """
        if "key" in payload and has_bytes(payload):
            raise TypeError(f"{command}: bytes cannot wait under a key")
        if self._connection is None:
            raise RuntimeError(NOT_STARTED)
        ref = new_id()
        answer: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        self._answers[ref] = answer
        self._feed(lambda now: self._machine.command(now, ref=ref, command=command, payload=payload))
        try:
            given = await answer
        except asyncio.CancelledError:
            if "key" not in payload:
                self._feed(lambda now: self._machine.cancel(now, ref=ref))
            raise
        finally:
            self._answers.pop(ref, None)
        if not given["ok"]:
            raise error_from(given["error"])
        return given["data"]

    async def subscribe(self, channel: str, since: Json | None = None) -> Json:
        """Listen to a channel; return its position once it is live. Raises what the server refuses it, or us, with."""
        self._check_goes_on()
        position = self._machine.position(channel)
        if channel in self._live and position is not None:
            return position
        live: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        self._subscribing.setdefault(channel, []).append(live)
        self._feed(lambda now: self._machine.subscribe(now, channel=channel, since=since))
        return await live

    def unsubscribe(self, channel: str) -> None:
        """Stop listening to a channel."""
        self._live.discard(channel)
        self.handled.pop(channel, None)
        self._feed(lambda now: self._machine.unsubscribe(now, channel=channel))

    # Inputs from the connection

    def opened(self, transport: Transport) -> None:
        """See `Listener`."""
        self._feed(lambda now: self._machine.opened(now, transport=transport))

    def accepted(self, sid: str) -> None:
        """See `Listener`."""
        self._feed(lambda now: self._machine.connected(now, sid=sid))

    def refused(self, error: Json) -> None:
        """See `Listener`."""
        self._refusal = error_from(error)
        self._feed(lambda now: self._machine.refused(now, error=error))

    def disconnected(self, by: Literal["server", "transport"], reason: str) -> None:
        """See `Listener`."""
        self._acks.clear()
        self._feed(lambda now: self._machine.disconnected(now, by=by, reason=reason))

    def received(self, arguments: list[Any]) -> None:
        """See `Listener`. Between the data and the meta of an event its bytes may stand: they go into their field."""
        event, *data, meta = arguments if len(arguments) > 1 else [*arguments, None]
        if not isinstance(meta, dict):
            logger.debug("an event of another server: %s", event)
            return
        if self._inbox is not None and self._inbox.full and event not in SESSION_EVENTS:
            self._inbox.missed(str(meta.get("channel", "")))
            return
        whole = joined(data, self._attachments.get(event))
        self._feed(lambda now: self._machine.received(now, event=event, data=whole, meta=meta))

    def acknowledged(self, ack: int, arguments: list[Any]) -> None:
        """See `Listener`."""
        ref = self._acks.pop(ack, None)
        if ref is not None and arguments and isinstance(arguments[0], dict):
            answer: Json = arguments[0]
            self._feed(lambda now: self._machine.answer(now, ref=ref, answer=answer))

    def _has_room(self, channels: list[str]) -> None:
        for channel in channels:
            self._feed(lambda now, channel=channel: self._machine.overflowed(now, channel=channel))  # type: ignore[misc]

    # The machine

    def _feed(self, step: Callable[[int], list[Output]]) -> None:
        """Give the machine an input. One that an output causes comes after the other outputs."""
        self._inputs.append(step)
        if self._feeding:
            return
        self._feeding = True
        try:
            while self._inputs:
                now = int((self._epoch + time.monotonic()) * 1000)
                for output in self._inputs.pop(0)(now):
                    self._apply(output)
        finally:
            self._feeding = False

    def _apply(self, output: Output) -> None:  # noqa: C901, PLR0912 - one case per output, one line each
        match output:
            case StateChanged():
                self._show(output.state)
            case FetchToken():
                self._spawn(self._fetch_token(output.reason))
            case Connect():
                self._link.connect(self._namespace, self._auth(output.resume))
            case Disconnect():
                self._acks.clear()
                self._link.disconnect(self._namespace)
            case Reset():
                self._link.reset()
            case Emit():
                self._emit(output)
            case Deliver():
                self._deliver(output)
            case Subscribed():
                self._subscribed(output)
            case Unsubscribed():
                self._taken_away(output)
            case NeedSnapshot():
                self.put(lambda: self._load_snapshot(output))
            case SetTimer():
                self._set_timer(output)
            case CancelTimer():
                self._timers.pop(output.name).cancel()
            case Settle():
                self._settle(output.ref, output.answer)
            case Persist():
                if self._outbox is not None:
                    self._outbox.save(output.outbox)
            case RefusedCommand():
                self._settle(output.ref, {"ok": False, "error": output.error})

    @property
    def _link(self) -> Connection:
        assert self._connection is not None, "the machine connects only after start"  # noqa: S101 - narrows the type
        return self._connection

    def _auth(self, resume: Json) -> Json:
        auth: Json = {"token": self._token, "client": {"name": "coursewire-python", "version": __version__}}
        if resume:
            auth["resume"] = resume
        return auth

    def _emit(self, emit: Emit) -> None:
        payload = emit.payload | ({"token": self._token} if emit.command == "auth.refresh" else {})
        self._next_ack += 1
        self._acks[self._next_ack] = emit.ref
        self._link.emit(self._namespace, [emit.command, *parted(payload)], self._next_ack)

    def _deliver(self, deliver: Deliver) -> None:
        if deliver.event == "session.ready":
            self._refusal = None
            self._owner.session_ready(deliver.data)
        elif deliver.event == "namespace.closing":
            self._refusal = Unavailable(f"the server closed the namespace: {deliver.data['reason']}")
        self.put(lambda: self._handle(deliver))

    def put(self, job: Callable[[], Awaitable[None]]) -> None:
        """Run something among the events, in its turn."""
        if self._inbox is not None:
            self._inbox.put(job)

    async def _handle(self, deliver: Deliver) -> None:
        await self._owner.handle(deliver.event, deliver.data, deliver.meta)
        if (offset := deliver.meta.get("offset")) is not None:
            self.handled[deliver.meta["channel"]] = {"epoch": deliver.meta["epoch"], "offset": offset}

    def _settle(self, ref: str, answer: Json) -> None:
        future = self._answers.get(ref)
        if future is not None and not future.done():
            future.set_result(answer)
        elif not answer["ok"] and not answer["error"].get("retryable"):
            # Of an earlier run, or given up by who asked for it: there is nobody else to tell.
            logger.warning("a command of %s that waited was refused: %s", self._namespace, answer["error"])

    def _subscribed(self, subscribed: Subscribed) -> None:
        self._live.add(subscribed.channel)
        position = {"epoch": subscribed.epoch, "offset": subscribed.offset}
        for future in self._subscribing.pop(subscribed.channel, ()):
            if not future.done():
                future.set_result(position)

    def _taken_away(self, gone: Unsubscribed) -> None:
        error = error_of_channel(gone.channel, gone.reason)
        self._live.discard(gone.channel)
        self._owner.channel_taken(gone.channel)
        fail_all(self._subscribing.pop(gone.channel, []), error)
        self.put(lambda: self._owner.channel_gone(gone.channel, error))

    async def _load_snapshot(self, need: NeedSnapshot) -> None:
        """Run in the inbox: after the events before the gap, before those that follow the snapshot."""
        position = await snapshot(self._owner, need)
        self.handled[need.channel] = position
        self._feed(lambda now: self._machine.snapshot_loaded(now, channel=need.channel, position=position))

    def _show(self, state: State) -> None:
        watchers, self._watchers = self._watchers, []
        for watcher in watchers:
            if not watcher.done():
                watcher.set_result(None)
        if self._machine.gave_up and self._refusal is not None:
            for futures in self._subscribing.values():
                fail_all(futures, self._refusal)
            self._subscribing.clear()
        self._owner.state_changed(state)

    def _set_timer(self, timer: SetTimer) -> None:
        earlier = self._timers.pop(timer.name, None)
        if earlier is not None:
            earlier.cancel()
        self._timers[timer.name] = asyncio.get_running_loop().call_later(
            timer.ms / 1000, self._timer_elapsed, timer.name
        )

    def _timer_elapsed(self, name: str) -> None:
        del self._timers[name]
        self._feed(lambda now: self._machine.timer(now, name=name))

    def _spawn(self, coroutine: Any) -> None:
        task = asyncio.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _fetch_token(self, reason: str) -> None:
        try:
            self._token = await self._tokens.fresh(reason)
        except Exception as error:  # noqa: BLE001 - the application's function may raise anything
            failure = wire_of(error)
        else:
            self._feed(lambda now: self._machine.token(now, ok=True))
            return
        logger.warning("no %s token for %s: %s", reason, self._namespace, failure["message"])
        self._refusal = error_from(failure)
        self._feed(lambda now: self._machine.token(now, ok=False, error=failure))
