"""What happens to commands: sent when connected, retried, given up, settled; the outbox moves by these rules."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from coursewire.client.effects import Effects
from coursewire.client.outbox import Outbox, Stage, Waiting
from coursewire.client.outputs import Json, Persist, RefusedCommand, Settle
from coursewire.client.turns import Turns

RETRIED_CODES = frozenset({"rate_limited", "overloaded", "unavailable"})


class Commands:
    """The commands of one namespace, from the application to their final answer."""

    def __init__(self, effects: Effects, outbox_limit: int, adopt: Callable[[Json], None]) -> None:
        """`adopt` takes the positions of channels that a command has subscribed to."""
        self._effects = effects
        self._adopt = adopt
        self._outbox = Outbox(outbox_limit)
        self._turns = Turns()
        self._ready = False

    def __len__(self) -> int:
        """How many have no final answer."""
        return len(self._outbox)

    def give(self, command: Waiting, now: int) -> None:
        """Take a command, and send it now if it may go."""
        if not self._outbox.add(command):
            error = {"code": "overloaded", "message": "the outbox is full", "retryable": True}
            self._effects.put(RefusedCommand(command.ref, error))
            return
        self._persist(command)
        self._pump(now)

    def cancel(self, ref: str, now: int) -> None:
        """Forget a command, sent or not."""
        command = self._outbox.remove(ref)
        if command is not None:
            self._effects.forget(ref)
            self._effects.cancel(f"retry:{ref}")
            self._persist(command)
            self._pump(now)

    def restore(self, entries: Iterable[Json], now: int) -> None:
        """Take over the commands of an earlier run."""
        self._outbox.restore(entries)
        self._pump(now)

    def ready(self, now: int, pace_ms: float = 0) -> None:
        """Send what waits: the session stands. `pace_ms`: how far apart those go that were too many."""
        self._ready = True
        self._turns = Turns(pace_ms)
        self._pump(now)

    def lost(self) -> None:
        """Fail what was sent without a key; keep the others for the next session."""
        self._ready = False
        error = {
            "code": "unavailable",
            "message": "the connection was lost before the answer",
            "retryable": True,
        }
        self._fail(self._outbox.disconnected(), error)

    def give_up(self, error: Json) -> None:
        """Fail what has no key: there will be no session for now."""
        self._fail(self._outbox.remove_unkeyed(), error)

    def stop(self) -> None:
        """Fail everything; keyed commands stay for the next run."""
        self._ready = False
        for command in self._outbox:
            error: Json = {"code": "unavailable", "message": "the client was stopped", "retryable": True}
            if command.keyed:
                error["details"] = {"kept": True}
            self._fail([command], error)
        self._outbox.disconnected()
        self._outbox.remove_unkeyed()

    def _pump(self, now: int) -> None:
        if not self._ready:
            return
        for command in self._outbox.sendable():
            command.stage = Stage.SENT
            self._effects.send(command.ref, command.command, command.payload, self._answer_to(command), now)

    def _answer_to(self, command: Waiting) -> Callable[[Json, int], None]:
        def answered(answer: Json, now: int) -> None:
            error = answer.get("error", {})
            # One that names a field is about what this command asks, such as a room in slow mode: others need not wait.
            later = error.get("retryable") and error["code"] in RETRIED_CODES and error.get("field") is None
            if not answer["ok"] and later:
                self._retry(command, error.get("retry_after_ms"), now)
                return
            self._outbox.remove(command.ref)
            self._persist(command)
            if isinstance(positions := _data_of(answer).get("positions"), dict):
                self._adopt(positions)
            self._effects.put(Settle(command.ref, answer))
            self._pump(now)

        return answered

    def _retry(self, command: Waiting, retry_after_ms: int | None, now: int) -> None:
        def again(now: int) -> None:
            command.stage = Stage.WAITING
            self._pump(now)

        delay = self._effects.delay(command.retries) if retry_after_ms is None else retry_after_ms
        command.stage = Stage.RETRYING
        command.retries += 1
        self._effects.set(f"retry:{command.ref}", self._turns.next(now, delay), again)

    def _persist(self, command: Waiting) -> None:
        if command.keyed:
            self._effects.put(Persist(self._outbox.keyed()))

    def _fail(self, commands: Iterable[Waiting], error: Json) -> None:
        for command in commands:
            self._effects.put(Settle(command.ref, {"ok": False, "error": error}))


def _data_of(answer: Json) -> Json:
    data = answer.get("data")
    return data if isinstance(data, dict) else {}
