"""The answer to a subscribe, up to the moment in which it is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from coursewire.realtime.channels import Latest

if TYPE_CHECKING:
    from coursewire.realtime.channels import Channel
    from coursewire.realtime.contract import Event, Reason
    from coursewire.realtime.subscription import Subscription


@dataclass(slots=True)
class Joined:
    """A subscription as its session asked for it; `Hub.start` makes it live once the answer is written."""

    subscription: Subscription
    epoch: str
    recovered: bool
    reason: Reason | None
    stored: Sequence[Event[Any]]
    """The newest values that the database had when the right was checked."""

    @property
    def is_open(self) -> bool:
        """Whether it still stands: a right may have gone while the answer waited for its turn."""
        return self.subscription.is_open

    def as_wire(self) -> dict[str, Any]:
        """Return the contract's `{epoch, offset, recovered, reason?, latest?}`.

        Call it right before `Hub.start`: what is published in between would be in neither.
        """
        wire: dict[str, Any] = {
            "epoch": self.epoch,
            "offset": self.subscription.offset,
            "recovered": self.recovered,
        }
        if self.reason is not None:
            wire["reason"] = self.reason
        if latest := _merge(self.stored, self.subscription.channel):
            wire["latest"] = [{"event": value.event, "data": orjson.Fragment(value.data)} for value in latest]
        return wire


def _merge(stored: Sequence[Event[Any]], channel: Channel) -> list[Latest]:
    """Put the newest values together: what the database has, and above it what was published since."""
    merged: dict[tuple[str, str], Latest] = {}
    for event in stored:
        key = (event.event, str(getattr(event.data, event.per or "")))
        merged[key] = Latest(event.event, event.data.model_dump_json(exclude_none=True).encode(), None)
    merged.update(channel.latest)
    return list(merged.values())
