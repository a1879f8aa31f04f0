"""The client's state machine of one namespace: inputs in, outputs out; no socket, no clock, no random source.

`tests/traces/README.md` is its specification, and the TypeScript client is built to the same one.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

from coursewire.client.channels import Channel, Phase, Verdict
from coursewire.client.outbox import Outbox, Stage, Waiting
from coursewire.client.outputs import (
    CancelTimer,
    Connect,
    Deliver,
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

FIRST_DELAY_MS, LONGEST_DELAY_MS = 500, 5_000
READY_TIMEOUT_MS = 15_000
PROBE_TIMEOUT_MS = 2_000
STEADY_MS = 5_000
"""A session that the server ended earlier than this counts as a failure."""
REFRESH_AGAIN_MS = 5_000
RETRIED_CODES = frozenset({"rate_limited", "overloaded", "unavailable"})
REFUSED_CALLER = frozenset({"auth_missing", "auth_invalid", "forbidden"})


class Session(enum.Enum):
    """What the machine waits for."""

    OFF = enum.auto()
    TOKEN = enum.auto()
    LINK = enum.auto()
    """The back-off after the transport was lost."""
    PATIENCE = enum.auto()
    """The back-off after a refusal: neither the network nor another namespace shortens it."""
    CONNECTING = enum.auto()
    RECOVERING = enum.auto()
    READY = enum.auto()
    HOPELESS = enum.auto()


OPEN = frozenset({Session.CONNECTING, Session.RECOVERING, Session.READY})


@dataclass(frozen=True, slots=True)
class Diagnostics:
    """What a status display shows of a namespace (CLI4). Times in milliseconds."""

    state: State
    since: int
    transport: Transport | None
    latency_ms: int | None
    attempts: int
    queued: int


class Machine:
    """One namespace. Each method is one input at the time `now` (ms, any origin) and returns the outputs."""

    def __init__(
        self, random: Callable[[], float], *, outbox_limit: int = 1_000, resume_limit: int = 100
    ) -> None:
        self._random = random
        self._resume_limit = resume_limit
        self._outbox = Outbox(outbox_limit)
        self._channels: dict[str, Channel] = {}
        self._leaving: set[str] = set()
        """Channels left in this session whose late events must not be taken for those of a joined channel."""
        self._resuming: set[str] = set()
        self._asked: dict[str, tuple[Callable[[Json, int], None], int]] = {}
        """Our own emits without an answer: what to do with it, and when it was sent."""
        self._sent_at: dict[str, int] = {}
        self._timers: dict[str, Callable[[int], None]] = {}
        self._session = Session.OFF
        self._number = 0
        """Counts sessions, so that what belongs to one does not leak into the next."""
        self._refs = 0
        self._failures = 0
        self._ever_ready = False
        self._ready_at = 0
        self._token_known = False
        self._fetching: int | None = None
        """The session for which a token is being fetched; 0 when for the next CONNECT."""
        self._wait_for_token = False
        """A token that comes for an attempt must still wait for the back-off."""
        self._closing: Json | None = None
        self._probing = False
        self._state: State = "idle"
        self._since = 0
        self._transport: Transport | None = None
        self._latency: int | None = None
        self._outputs: list[Output] = []

    # Inputs

    def start(self, now: int, *, token_known: bool) -> list[Output]:
        """Begin, or try again after a refusal."""
        if self._session in (Session.OFF, Session.HOPELESS):
            self._token_known = token_known
            self._begin(now)
        return self._taken()

    def stop(self, now: int) -> list[Output]:
        """End. Subscriptions, positions and keyed commands stay for the next `start`."""
        if self._state == "closed":
            return []
        self._cancel_all()
        if self._session in OPEN:
            self._put(Disconnect())
        for command in self._outbox:
            error: Json = {"code": "unavailable", "message": "the client was stopped", "retryable": True}
            if command.keyed:
                error["details"] = {"kept": True}
            self._put(Settle(command.ref, {"ok": False, "error": error}))
        self._outbox.disconnected()
        self._outbox.remove_unkeyed()
        self._forget_session()
        self._session, self._transport, self._fetching = Session.OFF, None, None
        self._show("closed", now)
        return self._taken()

    def opened(self, now: int, *, transport: Transport) -> list[Output]:
        """Note that the transport is up or has changed."""
        self._transport = transport
        if self._session is Session.LINK:
            self._cancel("reconnect")
            self._attempt()
        elif self._session is Session.READY:
            self._show_ready(now)
        return self._taken()

    def connected(self, now: int, *, sid: str) -> list[Output]:  # noqa: ARG002 - the trace's input carries it
        """Take the CONNECT ack."""
        if self._session is Session.CONNECTING:
            self._session = Session.RECOVERING
            self._show("recovering", now)
            self._set("ready", READY_TIMEOUT_MS, self._ready_timed_out)
        return self._taken()

    def refused(self, now: int, *, error: Json) -> list[Output]:
        """Take a CONNECT_ERROR."""
        if self._session is not Session.CONNECTING:
            return []
        self._cancel("ready")
        self._forget_session()
        code = error["code"]
        if code == "auth_expired":
            self._token_expired(now)
        elif code in REFUSED_CALLER:
            self._give_up("unauthorized", error, now)
        elif error.get("retryable"):
            self._show("unavailable", now)
            self._wait(Session.PATIENCE, error.get("retry_after_ms"))
        else:
            self._give_up("unavailable", error, now)
        return self._taken()

    def disconnected(
        self,
        now: int,
        *,
        by: Literal["server", "transport"],
        reason: str,  # noqa: ARG002 - for the shell's log
    ) -> list[Output]:
        """Note that this namespace, or the transport with it, is gone."""
        if by == "transport":
            self._transport = None
        if self._session in OPEN:
            self._lose(now, by_transport=by == "transport")
        return self._taken()

    def received(self, now: int, *, event: str, data: Any, meta: Json) -> list[Output]:
        """Take an event."""
        if event == "session.ready":
            if self._session is Session.RECOVERING:
                self._ready(now, data, meta)
        elif self._session in (Session.RECOVERING, Session.READY):
            self._event(now, event, data, meta)
        return self._taken()

    def subscribe(self, now: int, *, channel: str, since: Json | None = None) -> list[Output]:
        """Want a channel, from `since` on if given."""
        known = self._channels.get(channel)
        if known is None:
            known = self._channels[channel] = Channel(channel, wanted=True)
        elif known.wanted:
            return []
        known.wanted = True
        if since is not None:
            known.move(since)
            known.phase = Phase.IDLE
        if self._session is Session.READY and known.phase is not Phase.STALE:
            self._ask(known, now)
        return self._taken()

    def unsubscribe(self, now: int, *, channel: str) -> list[Output]:
        """Want a channel no more."""
        known = self._channels.get(channel)
        if known is None:
            return []
        self._drop(known)
        if known.phase not in (Phase.IDLE, Phase.REFUSED):
            self._leaving.add(channel)
            if self._session is Session.READY:
                self._leave(channel, now)
        return self._taken()

    def snapshot_loaded(self, now: int, *, channel: str, position: Json) -> list[Output]:
        """Go on from a snapshot whose position was read before its state (SUB3)."""
        known = self._channels.get(channel)
        if known is not None and known.phase is Phase.STALE:
            known.move(position)
            known.phase = Phase.IDLE
            if self._session is Session.READY:
                self._ask(known, now)
        return self._taken()

    def overflowed(self, now: int, *, channel: str) -> list[Output]:
        """Note that the shell had to drop events of a channel, and has room again."""
        known = self._channels.get(channel)
        if known is not None:
            self._catch_up(known, now)
        return self._taken()

    def command(self, now: int, *, ref: str, command: str, payload: Json) -> list[Output]:
        """Run a command now, or when connected."""
        waiting = Waiting(ref, command, payload)
        hopeless = self._session is Session.HOPELESS and not waiting.keyed
        if self._state == "closed" or hopeless:
            message = f"the namespace is {self._state}"
            self._put(RefusedCommand(ref, {"code": "unavailable", "message": message, "retryable": False}))
        elif not self._outbox.add(waiting):
            error = {"code": "overloaded", "message": "the outbox is full", "retryable": True}
            self._put(RefusedCommand(ref, error))
        else:
            self._persist(waiting)
            self._pump(now)
        return self._taken()

    def cancel(self, now: int, *, ref: str) -> list[Output]:
        """Forget a command, sent or not."""
        command = self._outbox.remove(ref)
        if command is not None:
            self._sent_at.pop(ref, None)
            self._cancel(f"retry:{ref}")
            self._persist(command)
            self._pump(now)
        return self._taken()

    def restore(self, now: int, *, outbox: Iterable[Json]) -> list[Output]:
        """Take over the commands of an earlier run."""
        self._outbox.restore(outbox)
        self._pump(now)
        return self._taken()

    def answer(self, now: int, *, ref: str, answer: Json) -> list[Output]:
        """Take the ack of an emit."""
        if ref in self._asked:
            then, sent_at = self._asked.pop(ref)
            self._latency = now - sent_at
            then(answer, now)
        elif ref in self._sent_at:
            self._latency = now - self._sent_at.pop(ref)
            self._answered(ref, answer, now)
        return self._taken()

    def token(self, now: int, *, ok: bool, error: Json | None = None) -> list[Output]:
        """Take the result of `FetchToken`, or a new token that nobody asked for."""
        fetched_for, self._fetching = self._fetching, None
        self._token_known = self._token_known or ok
        if self._session is Session.TOKEN:
            self._token_for_attempt(now, ok=ok, error=error)
        elif self._session is Session.READY and fetched_for in (None, self._number):
            if ok:
                self._emit("auth.refresh", {}, self._refreshed, now)
            elif fetched_for is not None:
                self._refresh_later(error)
        elif self._session is Session.HOPELESS and self._state == "unauthorized" and ok:
            self._begin(now)
        return self._taken()

    def timer(self, now: int, *, name: str) -> list[Output]:
        """Note that a timer ran out."""
        then = self._timers.pop(name, None)
        if then is not None:
            then(now)
        return self._taken()

    def online(self, now: int) -> list[Output]:
        """Note that the device's network is back."""
        if self._session is Session.LINK:
            self._cancel("reconnect")
            self._failures = 0
            self._attempt()
        elif self._session is Session.READY and not self._probing:
            self._probing = True
            self._emit("ping", {"sent_at": now}, self._probe_answered, now)
            self._set("probe", PROBE_TIMEOUT_MS, self._probe_timed_out)
        return self._taken()

    # What a shell may look at

    @property
    def state(self) -> State:
        """What the namespace is doing."""
        return self._state

    def position(self, channel: str) -> Json | None:
        """Return `{epoch, offset}` of the last event delivered on a channel, if any."""
        known = self._channels.get(channel)
        return None if known is None else known.position

    def diagnostics(self) -> Diagnostics:
        """Return what a status display shows."""
        return Diagnostics(
            state=self._state,
            since=self._since,
            transport=self._transport,
            latency_ms=self._latency,
            attempts=0 if self._session is Session.READY else self._failures,
            queued=len(self._outbox),
        )

    # Connecting

    def _begin(self, now: int) -> None:
        self._failures = 0
        self._show_trying(now)
        self._attempt()

    def _attempt(self, reason: Literal["connect", "expired"] = "connect") -> None:
        if not self._token_known:
            self._session = Session.TOKEN
            self._fetch(0, reason)
            return
        self._session = Session.CONNECTING
        self._number += 1
        resume: Json = {}
        for channel in self._channels.values():
            if len(resume) < self._resume_limit and channel.position and channel.phase is not Phase.STALE:
                resume[channel.name] = channel.position
                channel.phase = Phase.ASKED
        self._resuming = set(resume)
        self._put(Connect(resume))
        self._set("ready", READY_TIMEOUT_MS, self._ready_timed_out)

    def _wait(self, session: Session, retry_after_ms: int | None = None) -> None:
        self._session = session
        delay = max(self._delay(self._failures), retry_after_ms or 0)
        self._failures += 1
        self._set("reconnect", delay, lambda _now: self._attempt())

    def _token_expired(self, now: int) -> None:
        self._token_known = False
        self._wait_for_token = self._failures > 0
        self._failures += 0 if self._wait_for_token else 1
        self._show_trying(now)
        self._attempt("expired")

    def _token_for_attempt(self, now: int, *, ok: bool, error: Json | None) -> None:
        wait, self._wait_for_token = self._wait_for_token, False
        if ok and not wait:
            self._attempt()
        elif not ok and error is not None and error["code"] in REFUSED_CALLER | {"auth_expired"}:
            self._give_up("unauthorized", error, now)
        else:
            self._wait(Session.PATIENCE)

    def _give_up(self, state: Literal["unauthorized", "unavailable"], error: Json, now: int) -> None:
        for command in self._outbox.remove_unkeyed():
            self._put(Settle(command.ref, {"ok": False, "error": error}))
        self._session = Session.HOPELESS
        self._show(state, now)

    def _ready_timed_out(self, now: int) -> None:
        self._put(Disconnect())
        self._lose(now, by_transport=True)

    def _lose(self, now: int, *, by_transport: bool) -> None:
        closing = self._closing
        if self._session is Session.READY and (by_transport or now - self._ready_at >= STEADY_MS):
            self._failures = 0
        self._cancel_all()
        message = "the connection was lost before the answer"
        for command in self._outbox.disconnected():
            error = {"code": "unavailable", "message": message, "retryable": True}
            self._put(Settle(command.ref, {"ok": False, "error": error}))
        self._forget_session()
        if closing is not None and not closing["retryable"]:
            reason = closing["reason"]
            refused = reason in REFUSED_CALLER
            error = {
                "code": reason if refused else "unavailable",
                "message": f"the server closed the namespace: {reason}",
                "retryable": False,
            }
            self._give_up("unauthorized" if refused else "unavailable", error, now)
        elif closing is not None and closing["reason"] == "auth_expired":
            self._token_expired(now)
        else:
            self._show_trying(now)
            retry_after = None if closing is None else closing.get("retry_after_ms")
            self._wait(Session.LINK if by_transport else Session.PATIENCE, retry_after)

    def _forget_session(self) -> None:
        self._asked.clear()
        self._sent_at.clear()
        self._leaving.clear()
        self._resuming.clear()
        self._closing = None
        self._probing = False
        for channel in self._channels.values():
            channel.asking = None
            channel.failures = 0
            if channel.phase is not Phase.STALE:
                channel.phase = Phase.IDLE

    # Ready

    def _ready(self, now: int, data: Json, meta: Json) -> None:
        self._cancel("ready")
        self._put(Deliver("session.ready", data, meta))
        self._session = Session.READY
        self._ever_ready, self._ready_at = True, now
        resumed: Json = data["resumed"]
        for name, recovered in resumed.items():
            channel = self._channels.get(name)
            if channel is None and name in self._resuming:
                self._leave(name, now)
                continue
            if channel is None:
                channel = self._channels[name] = Channel(name, wanted=False)
            if channel.phase is not Phase.STALE:
                self._recovered(channel, recovered, now)
        for channel in list(self._channels.values()):
            if channel.name in resumed or channel.phase is Phase.STALE:
                continue
            if channel.wanted:
                self._ask(channel, now)
            else:
                channel.phase = Phase.LIVE
        self._pump(now)
        self._show_ready(now)

    def _event(self, now: int, event: str, data: Any, meta: Json) -> None:
        name = meta.get("channel", "")
        channel = self._channels.get(name)
        offset = meta.get("offset")
        if channel is None and name in self._leaving:
            return
        if offset is not None:
            if channel is None:
                channel = self._channels[name] = Channel(name, wanted=False, phase=Phase.LIVE)
            verdict = channel.judge(meta.get("epoch"), offset)
            if verdict is Verdict.HOLE:
                if self._session is Session.READY:
                    self._ask(channel, now)
                return
            if verdict is Verdict.IGNORED:
                return
        self._put(Deliver(event, data, meta))
        if event == "auth.expiring":
            self._fetch(self._number, "expiring")
        elif event == "namespace.closing":
            self._closing = data
        elif event == "channel.closed" and channel is not None:
            if data["reason"] == "lagging":
                self._catch_up(channel, now)
            else:
                self._take_away(channel, data["reason"])

    # Channels

    def _ask(self, channel: Channel, now: int) -> None:
        self._leaving.discard(channel.name)
        channel.phase = Phase.ASKED
        payload: Json = {"channel": channel.name}
        if channel.position is not None:
            payload["since"] = channel.position
        channel.asking = asking = object()

        def answered(answer: Json, now: int) -> None:
            if self._channels.get(channel.name) is channel and channel.asking is asking:
                self._subscribe_answered(channel, answer, now)

        self._emit("subscribe", payload, answered, now)

    def _catch_up(self, channel: Channel, now: int) -> None:
        if self._session is Session.READY and channel.phase is Phase.LIVE:
            self._ask(channel, now)

    def _subscribe_answered(self, channel: Channel, answer: Json, now: int) -> None:
        channel.asking = None
        if answer["ok"]:
            self._recovered(channel, answer["data"], now)
        elif answer["error"].get("retryable"):
            self._ask_later(channel, answer["error"].get("retry_after_ms"))
        else:
            self._take_away(channel, answer["error"]["code"])

    def _ask_later(self, channel: Channel, retry_after_ms: int | None = None) -> None:
        channel.phase = Phase.REFUSED
        delay = self._delay(channel.failures) if retry_after_ms is None else retry_after_ms
        channel.failures += 1
        self._set(f"subscribe:{channel.name}", delay, lambda now: self._ask(channel, now))

    def _recovered(self, channel: Channel, answer: Json, now: int) -> None:
        reason = answer.get("reason")
        if reason == "forbidden":
            self._take_away(channel, reason)
            return
        for latest in answer.get("latest") or ():
            self._put(Deliver(latest["event"], latest["data"], {"channel": channel.name}))
        position = {"epoch": answer["epoch"], "offset": answer["offset"]}
        if answer["recovered"]:
            if channel.epoch == answer["epoch"] and channel.offset < answer["offset"]:
                self._replay_had_a_hole(channel, now)
                return
        elif reason is not None:
            channel.phase = Phase.STALE
            self._put(NeedSnapshot(channel.name, reason, position))
            return
        elif not channel.reaches(position):
            channel.move(position)
        channel.phase = Phase.LIVE
        channel.failures = 0
        self._put(Subscribed(channel.name, answer["epoch"], answer["offset"], answer["recovered"]))

    def _replay_had_a_hole(self, channel: Channel, now: int) -> None:
        if channel.failures == 0:
            channel.failures = 1
            self._ask(channel, now)
        else:
            self._ask_later(channel)

    def _take_away(self, channel: Channel, reason: str) -> None:
        self._drop(channel)
        self._put(Unsubscribed(channel.name, reason))

    def _drop(self, channel: Channel) -> None:
        del self._channels[channel.name]
        self._cancel(f"subscribe:{channel.name}")

    def _leave(self, name: str, now: int) -> None:
        self._leaving.add(name)
        self._emit("unsubscribe", {"channel": name}, lambda _answer, _now: self._leaving.discard(name), now)

    # Commands

    def _pump(self, now: int) -> None:
        if self._session is not Session.READY:
            return
        for command in self._outbox.sendable():
            command.stage = Stage.SENT
            self._sent_at[command.ref] = now
            self._put(Emit(command.ref, command.command, command.payload))

    def _answered(self, ref: str, answer: Json, now: int) -> None:
        command = self._outbox.get(ref)
        if command is None:
            return
        error = answer.get("error", {})
        if not answer["ok"] and error.get("retryable") and error["code"] in RETRIED_CODES:
            delay = error.get("retry_after_ms")
            command.stage = Stage.RETRYING
            self._set(
                f"retry:{ref}", self._delay(command.retries) if delay is None else delay, self._retry(command)
            )
            command.retries += 1
            return
        self._outbox.remove(ref)
        self._persist(command)
        self._put(Settle(ref, answer))
        self._pump(now)

    def _retry(self, command: Waiting) -> Callable[[int], None]:
        def again(now: int) -> None:
            command.stage = Stage.WAITING
            self._pump(now)

        return again

    def _persist(self, command: Waiting) -> None:
        if command.keyed:
            self._put(Persist(self._outbox.keyed()))

    # Token and probe

    def _fetch(self, number: int, reason: Literal["connect", "expiring", "expired"]) -> None:
        outstanding, self._fetching = self._fetching is not None, number
        if not outstanding:
            self._put(FetchToken(reason))

    def _refreshed(self, answer: Json, _now: int) -> None:
        if not answer["ok"]:
            self._refresh_later(answer["error"])

    def _refresh_later(self, error: Json | None) -> None:
        delay = (error or {}).get("retry_after_ms")
        self._set(
            "refresh",
            REFRESH_AGAIN_MS if delay is None else delay,
            lambda _now: self._fetch(self._number, "expiring"),
        )

    def _probe_answered(self, _answer: Json, _now: int) -> None:
        self._probing = False
        self._cancel("probe")

    def _probe_timed_out(self, _now: int) -> None:
        self._put(Reset())

    # Small parts

    def _show(self, state: State, now: int) -> None:
        if state != self._state:
            self._state, self._since = state, now
            self._put(StateChanged(state))

    def _show_trying(self, now: int) -> None:
        self._show("reconnecting" if self._ever_ready else "connecting", now)

    def _show_ready(self, now: int) -> None:
        self._show("degraded" if self._transport == "polling" else "connected", now)

    def _delay(self, failures: int) -> int:
        # The exponent is bounded only to keep the number small; the delay is at its longest from 4 on.
        longest = min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** min(failures, 16))
        return int(longest * (0.5 + self._random() * 0.5))

    def _emit(self, command: str, payload: Json, then: Callable[[Json, int], None], now: int) -> str:
        self._refs += 1
        ref = f"#{self._refs}"
        self._asked[ref] = (then, now)
        self._put(Emit(ref, command, payload))
        return ref

    def _set(self, name: str, ms: int, then: Callable[[int], None]) -> None:
        self._timers[name] = then
        self._put(SetTimer(name, ms))

    def _cancel(self, name: str) -> None:
        if self._timers.pop(name, None) is not None:
            self._put(CancelTimer(name))

    def _cancel_all(self) -> None:
        for name in sorted(self._timers):
            self._cancel(name)

    def _put(self, output: Output) -> None:
        self._outputs.append(output)

    def _taken(self) -> list[Output]:
        outputs, self._outputs = self._outputs, []
        return outputs
