"""The channels of one namespace: asked for, resumed, repaired after holes, left, taken away."""

from __future__ import annotations

from typing import Any

from coursewire.client.channels import Channel, Phase, Verdict
from coursewire.client.effects import Effects
from coursewire.client.outputs import Deliver, Json, NeedSnapshot, Subscribed, Unsubscribed
from coursewire.client.turns import Turns


class Subscriptions:
    """Channels by name, in the order of subscription."""

    def __init__(self, effects: Effects, resume_limit: int) -> None:
        self._effects = effects
        self._resume_limit = resume_limit
        self._channels: dict[str, Channel] = {}
        self._leaving: dict[str, object] = {}
        """Channels left in this session whose late events are of nobody's interest, each with its last leaving."""
        self._resuming: set[str] = set()
        self._turns = Turns()
        self._ready = False

    def position(self, name: str) -> Json | None:
        """Return `{epoch, offset}` of the last event delivered on a channel, if any."""
        channel = self._channels.get(name)
        return None if channel is None else channel.position

    # The session

    def resume(self) -> Json:
        """Return what CONNECT carries as `auth.resume`."""
        resume: Json = {}
        for channel in self._channels.values():
            if len(resume) < self._resume_limit and channel.position and channel.phase is not Phase.STALE:
                resume[channel.name] = channel.position
                channel.asked_from = channel.offset
                channel.phase = Phase.ASKED
        self._resuming = set(resume)
        return resume

    def ready(self, resumed: Json, now: int, pace_ms: float = 0) -> None:
        """Apply what `session.ready` says of each channel, and ask for the others.

        `pace_ms`: how far apart those go that were too many.
        """
        self._ready = True
        self._turns = Turns(pace_ms)
        self._leaving.clear()
        for name, answer in resumed.items():
            channel = self._channels.get(name)
            if channel is None and name in self._resuming:
                self._leave(name, now)
                continue
            if channel is None:
                channel = self._channels[name] = Channel(name, wanted=False)
            if channel.phase is not Phase.STALE:
                self._recovered(channel, answer, now)
        for channel in list(self._channels.values()):
            if channel.name in resumed or channel.phase is Phase.STALE:
                continue
            if channel.wanted:
                self._ask(channel, now)
            else:
                channel.phase = Phase.LIVE

    def lost(self) -> None:
        """Forget everything that belonged to the session."""
        self._ready = False
        self._leaving.clear()
        self._resuming.clear()
        for channel in self._channels.values():
            channel.asking = None
            channel.failures = 0
            if channel.phase is not Phase.STALE:
                channel.phase = Phase.IDLE

    # Wishes

    def subscribe(self, name: str, since: Json | None, now: int) -> None:
        """Want a channel, from `since` on if given."""
        channel = self._channels.get(name)
        if channel is None:
            channel = self._channels[name] = Channel(name, wanted=True)
        elif channel.wanted:
            return
        channel.wanted = True
        if since is not None:
            channel.move(since)
            channel.phase = Phase.IDLE
        if self._ready and channel.phase is not Phase.STALE:
            self._ask(channel, now)

    def unsubscribe(self, name: str, now: int) -> None:
        """Want a channel no more."""
        channel = self._channels.get(name)
        if channel is None:
            return
        self._drop(channel)
        if channel.phase not in (Phase.IDLE, Phase.REFUSED):
            self._leave(name, now)

    def snapshot_loaded(self, name: str, position: Json, now: int) -> None:
        """Go on from a snapshot, if one was needed."""
        channel = self._channels.get(name)
        if channel is not None and channel.phase is Phase.STALE:
            channel.move(position)
            channel.phase = Phase.IDLE
            if self._ready:
                self._ask(channel, now)

    def adopt(self, positions: Json) -> None:
        """Hold channels that a command has subscribed to: its answer is their state as of these positions."""
        for name, position in positions.items():
            if name in self._leaving:
                continue  # answers come in order: it was left after the command was given
            channel = self._channels.get(name)
            if channel is None:
                channel = self._channels[name] = Channel(name, wanted=True)
            channel.wanted = True
            if channel.phase is Phase.STALE or not channel.reaches(position):
                channel.move(position)
            if channel.phase is Phase.ASKED:
                continue  # asked after the command was given: that answer is still to come
            self._effects.cancel(f"subscribe:{name}")
            channel.phase, channel.failures = Phase.LIVE, 0
            self._effects.put(Subscribed(name, position["epoch"], position["offset"], recovered=False))

    def catch_up(self, name: str, now: int) -> None:
        """Ask for what a channel has missed, unless that is under way."""
        channel = self._channels.get(name)
        if channel is not None and self._ready and channel.phase in (Phase.LIVE, Phase.REFUSED):
            self._effects.cancel(f"subscribe:{name}")
            self._ask(channel, now)

    # Events and answers

    def admits(self, meta: Json, now: int) -> bool:
        """Say whether an event is to be delivered, and advance the position to it."""
        name, offset = meta.get("channel", ""), meta.get("offset")
        channel = self._channels.get(name)
        if name in self._leaving:
            return False
        if offset is None:
            return True
        if channel is None:
            channel = self._channels[name] = Channel(name, wanted=False, phase=Phase.LIVE)
        verdict = channel.judge(meta.get("epoch"), offset)
        if verdict is Verdict.HOLE and self._ready:
            self._ask(channel, now)
        return verdict is Verdict.NEXT

    def take_away(self, name: str, reason: str) -> None:
        """Forget a channel that the server took away."""
        channel = self._channels.get(name)
        if channel is not None:
            self._drop(channel)
            self._effects.put(Unsubscribed(name, reason))

    def _ask(self, channel: Channel, now: int) -> None:
        channel.phase = Phase.ASKED
        channel.asking = asking = object()
        channel.asked_from = channel.offset
        payload: Json = {"channel": channel.name}
        if channel.position is not None:
            payload["since"] = channel.position

        def answered(answer: Json, now: int) -> None:
            if self._channels.get(channel.name) is channel and channel.asking is asking:
                channel.asking = None
                self._answered(channel, answer, now)

        self._effects.emit("subscribe", payload, answered, now)

    def _answered(self, channel: Channel, answer: Json, now: int) -> None:
        if answer["ok"]:
            self._recovered(channel, answer["data"], now)
        elif answer["error"].get("retryable"):
            self._ask_later(channel, now, answer["error"].get("retry_after_ms"))
        else:
            self.take_away(channel.name, answer["error"]["code"])

    def _ask_later(self, channel: Channel, now: int, retry_after_ms: int | None = None) -> None:
        channel.phase = Phase.REFUSED
        delay = self._effects.delay(channel.failures) if retry_after_ms is None else retry_after_ms
        channel.failures += 1
        turn = self._turns.next(now, delay)
        self._effects.set(f"subscribe:{channel.name}", turn, lambda then: self._ask(channel, then))

    def _recovered(self, channel: Channel, answer: Json, now: int) -> None:
        reason: Any = answer.get("reason")
        if reason == "forbidden":
            self.take_away(channel.name, reason)
            return
        for latest in answer.get("latest") or ():
            self._effects.put(Deliver(latest["event"], latest["data"], {"channel": channel.name}))
        position = {"epoch": answer["epoch"], "offset": answer["offset"]}
        if answer["recovered"]:
            if channel.epoch is None:
                channel.move(position)
            if channel.epoch == answer["epoch"] and channel.offset < answer["offset"]:
                self._replay_had_a_hole(channel, now)
                return
        elif reason is not None:
            channel.phase = Phase.STALE
            self._effects.put(NeedSnapshot(channel.name, reason, position))
            return
        elif not channel.reaches(position):
            channel.move(position)
        channel.phase = Phase.LIVE
        channel.failures = 0
        self._effects.put(Subscribed(channel.name, answer["epoch"], answer["offset"], answer["recovered"]))

    def _replay_had_a_hole(self, channel: Channel, now: int) -> None:
        if channel.failures == 0 or channel.offset > channel.asked_from:
            channel.failures = 1
            self._ask(channel, now)
        else:
            self._ask_later(channel, now)

    def _drop(self, channel: Channel) -> None:
        del self._channels[channel.name]
        self._effects.cancel(f"subscribe:{channel.name}")

    def _leave(self, name: str, now: int) -> None:
        self._leaving[name] = leaving = object()

        def left(_answer: Json, _now: int) -> None:
            if self._leaving.get(name) is leaving:
                del self._leaving[name]

        if self._ready:
            self._effects.emit("unsubscribe", {"channel": name}, left, now)
