"""What the parts of a machine write to: outputs in order, timers by name, emits with their continuations."""

from __future__ import annotations

from collections.abc import Callable

from coursewire.client.outputs import CancelTimer, Emit, Json, Output, SetTimer

FIRST_DELAY_MS, LONGEST_DELAY_MS = 500, 5_000


class Effects:
    """Collects the outputs of one input; knows which timers are set and which emits are unanswered."""

    def __init__(self, random: Callable[[], float]) -> None:
        self._random = random
        self._outputs: list[Output] = []
        self._timers: dict[str, Callable[[int], None]] = {}
        self._asked: dict[str, tuple[Callable[[Json, int], None], int]] = {}
        """By ref: what to do with the answer, and when it was asked for."""
        self._refs = 0
        self.latency: int | None = None
        """The last round trip, ms."""

    def put(self, output: Output) -> None:
        """Append an output."""
        self._outputs.append(output)

    def taken(self) -> list[Output]:
        """Return the outputs since the last call."""
        outputs, self._outputs = self._outputs, []
        return outputs

    def emit(self, command: str, payload: Json, then: Callable[[Json, int], None], now: int) -> None:
        """Send a command of the machine's own; its ref is the next `#n`."""
        self._refs += 1
        self.send(f"#{self._refs}", command, payload, then, now)

    def send(
        self, ref: str, command: str, payload: Json, then: Callable[[Json, int], None], now: int
    ) -> None:
        """Send a command; `then(answer, now)` runs unless it is forgotten first."""
        self._asked[ref] = (then, now)
        self.put(Emit(ref, command, payload))

    def answered(self, ref: str, answer: Json, now: int) -> None:
        """Go on with an answer; one that nothing waits for is ignored."""
        if ref in self._asked:
            then, sent_at = self._asked.pop(ref)
            self.latency = now - sent_at
            then(answer, now)

    def forget(self, ref: str) -> None:
        """Ignore the answer that may still come."""
        self._asked.pop(ref, None)

    def forget_all(self) -> None:
        """Ignore all answers that may still come: the session that asked is over."""
        self._asked.clear()

    def delay(self, failures: int) -> int:
        """Return the back-off after so many failures: 250-500 ms at first, 2.5-5 s in the end."""
        # The exponent is bounded only to keep the number small; the delay is at its longest from 4 on.
        longest = min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** min(failures, 16))
        return int(longest * (0.5 + self._random() * 0.5))

    def set(self, name: str, ms: int, then: Callable[[int], None]) -> None:
        """Set a timer; `then(now)` runs when it is up."""
        self._timers[name] = then
        self.put(SetTimer(name, ms))

    def cancel(self, name: str) -> None:
        """Cancel a timer if it is set."""
        if self._timers.pop(name, None) is not None:
            self.put(CancelTimer(name))

    def cancel_all(self) -> None:
        """Cancel every timer, ordered by name."""
        for name in sorted(self._timers):
            self.cancel(name)

    def elapsed(self, name: str, now: int) -> None:
        """Go on after a timer; one that is not set is ignored."""
        then = self._timers.pop(name, None)
        if then is not None:
            then(now)
