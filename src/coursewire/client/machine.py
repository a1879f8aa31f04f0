"""The client's state machine of one namespace: inputs in, outputs out; no socket, no clock, no random source.

`tests/traces/README.md` is its specification, and the TypeScript client is built to the same one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Literal

from coursewire.client.commands import Commands
from coursewire.client.effects import Effects
from coursewire.client.outbox import Waiting
from coursewire.client.outputs import (
    Connect,
    Deliver,
    Diagnostics,
    Disconnect,
    FetchToken,
    Json,
    Output,
    RefusedCommand,
    Reset,
    State,
    StateChanged,
    Transport,
)
from coursewire.client.phases import OPEN, Session
from coursewire.client.subscriptions import Subscriptions

READY_TIMEOUT_MS = 15_000
PROBE_TIMEOUT_MS = 2_000
STEADY_MS = 5_000
"""A session that the server ended earlier than this counts as a failure."""
REFRESH_AGAIN_MS = 5_000
REFUSED_CALLER = frozenset({"auth_missing", "auth_invalid", "forbidden"})


class Machine:
    """One namespace. Each method is one input at the time `now` (ms, any origin) and returns the outputs."""

    def __init__(
        self, random: Callable[[], float], *, outbox_limit: int = 1_000, resume_limit: int = 100
    ) -> None:
        self._effects = Effects(random)
        self._subscriptions = Subscriptions(self._effects, resume_limit)
        self._commands = Commands(self._effects, outbox_limit, self._subscriptions.adopt)
        self._session = Session.OFF
        self._number = 0
        """Counts sessions, so that what belongs to one does not leak into the next."""
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

    # Inputs

    def start(self, now: int, *, token_known: bool) -> list[Output]:
        """Begin, or try again after a refusal."""
        if self._session in (Session.OFF, Session.HOPELESS):
            self._token_known = token_known
            self._begin(now)
        return self._effects.taken()

    def stop(self, now: int) -> list[Output]:
        """End. Subscriptions, positions and keyed commands stay for the next `start`."""
        if self._state == "closed":
            return []
        self._effects.cancel_all()
        if self._session in OPEN:
            self._effects.put(Disconnect())
        self._commands.stop()
        self._forget_session()
        self._session, self._transport, self._fetching = Session.OFF, None, None
        self._show("closed", now)
        return self._effects.taken()

    def opened(self, now: int, *, transport: Transport) -> list[Output]:
        """Note that the transport is up or has changed."""
        self._transport = transport
        if self._session is Session.LINK:
            self._effects.cancel("reconnect")
            self._attempt()
        elif self._session is Session.READY:
            self._show_ready(now)
        return self._effects.taken()

    def connected(self, now: int, *, sid: str) -> list[Output]:  # noqa: ARG002 - the trace's input carries it
        """Take the CONNECT ack."""
        if self._session is Session.CONNECTING:
            self._session = Session.RECOVERING
            self._show("recovering", now)
            self._effects.set("ready", READY_TIMEOUT_MS, self._ready_timed_out)
        return self._effects.taken()

    def refused(self, now: int, *, error: Json) -> list[Output]:
        """Take a CONNECT_ERROR."""
        if self._session is not Session.CONNECTING:
            return []
        self._effects.cancel("ready")
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
        return self._effects.taken()

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
        return self._effects.taken()

    def received(self, now: int, *, event: str, data: Any, meta: Json) -> list[Output]:
        """Take an event."""
        if event == "session.ready":
            if self._session is Session.RECOVERING:
                self._ready(now, data, meta)
        elif self._session in (Session.RECOVERING, Session.READY):
            self._event(now, event, data, meta)
        return self._effects.taken()

    def subscribe(self, now: int, *, channel: str, since: Json | None = None) -> list[Output]:
        """Want a channel, from `since` on if given."""
        self._subscriptions.subscribe(channel, since, now)
        return self._effects.taken()

    def unsubscribe(self, now: int, *, channel: str) -> list[Output]:
        """Want a channel no more."""
        self._subscriptions.unsubscribe(channel, now)
        return self._effects.taken()

    def snapshot_loaded(self, now: int, *, channel: str, position: Json) -> list[Output]:
        """Go on from a snapshot whose position was read before its state (SUB3)."""
        self._subscriptions.snapshot_loaded(channel, position, now)
        return self._effects.taken()

    def overflowed(self, now: int, *, channel: str) -> list[Output]:
        """Note that the shell had to drop events of a channel, and has room again."""
        self._subscriptions.catch_up(channel, now)
        return self._effects.taken()

    def command(self, now: int, *, ref: str, command: str, payload: Json) -> list[Output]:
        """Run a command now, or when connected."""
        given = Waiting(ref, command, payload)
        if self._state == "closed" or (self.gave_up and not given.keyed):
            message = f"the namespace is {self._state}"
            error = {"code": "unavailable", "message": message, "retryable": False}
            self._effects.put(RefusedCommand(ref, error))
        else:
            self._commands.give(given, now)
        return self._effects.taken()

    def cancel(self, now: int, *, ref: str) -> list[Output]:
        """Forget a command, sent or not."""
        self._commands.cancel(ref, now)
        return self._effects.taken()

    def restore(self, now: int, *, outbox: Iterable[Json]) -> list[Output]:
        """Take over the commands of an earlier run."""
        self._commands.restore(outbox, now)
        return self._effects.taken()

    def answer(self, now: int, *, ref: str, answer: Json) -> list[Output]:
        """Take the ack of an emit."""
        self._effects.answered(ref, answer, now)
        return self._effects.taken()

    def token(self, now: int, *, ok: bool, error: Json | None = None) -> list[Output]:
        """Take the result of `FetchToken`, or a new token that nobody asked for."""
        fetched_for, self._fetching = self._fetching, None
        self._token_known = self._token_known or ok
        if self._session is Session.TOKEN:
            self._token_for_attempt(now, ok=ok, error=error)
        elif self._session is Session.READY and fetched_for in (None, self._number):
            if ok:
                self._effects.emit("auth.refresh", {}, self._refreshed, now)
            elif fetched_for is not None:
                self._refresh_later(error)
        elif self._session is Session.HOPELESS and self._state == "unauthorized" and ok:
            self._begin(now)
        return self._effects.taken()

    def timer(self, now: int, *, name: str) -> list[Output]:
        """Note that a timer ran out."""
        self._effects.elapsed(name, now)
        return self._effects.taken()

    def online(self, now: int) -> list[Output]:
        """Note that the device's network is back."""
        if self._session is Session.LINK:
            self._effects.cancel("reconnect")
            self._failures = 0
            self._attempt()
        elif self._session is Session.READY and not self._probing:
            self._probing = True
            self._effects.emit("ping", {"sent_at": now}, self._probe_answered, now)
            self._effects.set("probe", PROBE_TIMEOUT_MS, self._probe_timed_out)
        return self._effects.taken()

    # What a shell may look at

    @property
    def state(self) -> State:
        """What the namespace is doing."""
        return self._state

    @property
    def gave_up(self) -> bool:
        """Whether there will be no further attempt unless started again or given another token."""
        return self._session is Session.HOPELESS

    def position(self, channel: str) -> Json | None:
        """Return `{epoch, offset}` of the last event delivered on a channel, if any."""
        return self._subscriptions.position(channel)

    def diagnostics(self) -> Diagnostics:
        """Return what a status display shows."""
        return Diagnostics(
            state=self._state,
            since=self._since,
            transport=self._transport,
            latency_ms=self._effects.latency,
            attempts=0 if self._session is Session.READY else self._failures,
            queued=len(self._commands),
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
        self._effects.put(Connect(self._subscriptions.resume()))
        self._effects.set("ready", READY_TIMEOUT_MS, self._ready_timed_out)

    def _wait(self, session: Session, retry_after_ms: int | None = None) -> None:
        self._session = session
        delay = max(self._effects.delay(self._failures), retry_after_ms or 0)
        self._failures += 1
        self._effects.set("reconnect", delay, lambda _now: self._attempt())

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
        self._commands.give_up(error)
        self._session = Session.HOPELESS
        self._show(state, now)

    def _ready_timed_out(self, now: int) -> None:
        self._effects.put(Disconnect())
        self._lose(now, by_transport=True)

    def _lose(self, now: int, *, by_transport: bool) -> None:
        closing = self._closing
        if self._session is Session.READY and (by_transport or now - self._ready_at >= STEADY_MS):
            self._failures = 0
        self._effects.cancel_all()
        self._commands.lost()
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
        self._effects.forget_all()
        self._subscriptions.lost()
        self._closing = None
        self._probing = False

    # Ready

    def _ready(self, now: int, data: Json, meta: Json) -> None:
        self._effects.cancel("ready")
        self._effects.put(Deliver("session.ready", data, meta))
        self._session = Session.READY
        self._ever_ready, self._ready_at = True, now
        per_second = data.get("limits", {}).get("commands_per_second")
        pace_ms = 1000 / per_second if per_second else 0
        # Half of what the server takes stays for what somebody waits for.
        self._subscriptions.ready(data["resumed"], now, 2 * pace_ms)
        self._commands.ready(now, pace_ms)
        self._show_ready(now)

    def _event(self, now: int, event: str, data: Any, meta: Json) -> None:
        if not self._subscriptions.admits(meta, now):
            return
        self._effects.put(Deliver(event, data, meta))
        if event == "auth.expiring":
            self._fetch(self._number, "expiring")
        elif event == "namespace.closing":
            self._closing = data
        elif event == "channel.closed" and data["reason"] == "lagging":
            self._subscriptions.catch_up(meta["channel"], now)
        elif event == "channel.closed":
            self._subscriptions.take_away(meta["channel"], data["reason"])

    # Token and probe

    def _fetch(self, number: int, reason: Literal["connect", "expiring", "expired"]) -> None:
        outstanding, self._fetching = self._fetching is not None, number
        if not outstanding:
            self._effects.put(FetchToken(reason))

    def _refreshed(self, answer: Json, _now: int) -> None:
        if not answer["ok"]:
            self._refresh_later(answer["error"])

    def _refresh_later(self, error: Json | None) -> None:
        delay = (error or {}).get("retry_after_ms")
        self._effects.set(
            "refresh",
            REFRESH_AGAIN_MS if delay is None else delay,
            lambda _now: self._fetch(self._number, "expiring"),
        )

    def _probe_answered(self, _answer: Json, _now: int) -> None:
        self._probing = False
        self._effects.cancel("probe")

    def _probe_timed_out(self, _now: int) -> None:
        self._effects.put(Reset())

    # Small parts

    def _show(self, state: State, now: int) -> None:
        if state != self._state:
            self._state, self._since = state, now
            self._effects.put(StateChanged(state))

    def _show_trying(self, now: int) -> None:
        self._show("reconnecting" if self._ever_ready else "connecting", now)

    def _show_ready(self, now: int) -> None:
        self._show("degraded" if self._transport == "polling" else "connected", now)
