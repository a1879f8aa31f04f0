"""What a session wants of whatever carries its packets."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar, Final, Protocol

from coursewire.edge.direct import take_nothing
from coursewire.wire.frames import Encoded

if TYPE_CHECKING:
    from coursewire.edge.session import Session


class Transport(Protocol):
    """What carries packets for a session."""

    name: ClassVar[str]
    upgradable: ClassVar[bool]
    """Whether another transport may replace it."""

    heard: bool
    """Whether anything came since this was set to False."""
    watched: bool
    """Whether the session counts what is queued, to see progress: set by `watch`, until it is set to False."""

    @property
    def plain(self) -> Callable[[bytes], int]:
        """Gives WebSocket frames to the kernel at once, and returns how many bytes of them it took.

        It takes none where something has to go before them, or they are to be counted; raises OSError where it can
        take none, and where it was kept and is another by now. What it has not taken goes to `write`.
        """

    @property
    def full(self) -> bool:
        """Whether the outbox is above its bound."""

    @property
    def unsent(self) -> int:
        """Bytes that the peer has yet to take."""

    @property
    def congested(self) -> bool:
        """Whether a pong cannot be expected, because the ping waits behind other bytes or nothing is read."""

    def attach(self, session: Session) -> None:
        """Carry packets for `session`."""

    def greet(self, packet: bytes) -> None:
        """Queue OPEN, before anything else."""

    def write(self, encoded: Encoded, sent: int = 0) -> None:
        """Queue packets. So many bytes of their frames have gone already, by `plain`."""

    def watch(self) -> None:
        """Tell the session of whatever is queued from now on."""

    def pause_reading(self) -> None:
        """Take nothing more from the peer."""

    def resume_reading(self) -> None:
        """Take from the peer again."""

    def release(self) -> None:
        """Answer the request that waits, if any, so that the client can pause before an upgrade."""

    def retire(self) -> Encoded | None:
        """End it in favour of another, and hand over what was never sent."""

    def close(self, reason: str, code: int) -> None:
        """End it, after what is queued; do not report back."""


class _Nowhere:
    """Carries nothing: what is written to a closed session disappears here."""

    name: ClassVar[str] = "none"
    upgradable: ClassVar[bool] = False
    heard = False
    watched = False
    plain = staticmethod(take_nothing)
    full = False
    unsent = 0
    congested = False

    def attach(self, session: Session) -> None:
        pass

    def greet(self, packet: bytes) -> None:
        pass

    def write(self, encoded: Encoded, sent: int = 0) -> None:
        pass

    def watch(self) -> None:
        pass

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass

    def release(self) -> None:
        pass

    def retire(self) -> Encoded | None:
        return None

    def close(self, reason: str, code: int) -> None:
        pass


NOWHERE: Final[Transport] = _Nowhere()
