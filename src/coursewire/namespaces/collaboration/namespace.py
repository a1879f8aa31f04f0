"""The door of /collaboration: which command runs which function, and which channels exist."""

from __future__ import annotations

from typing import TYPE_CHECKING, Never

from coursewire.errors import NotFound, Unavailable
from coursewire.namespaces.collaboration.contract import COMMANDS, EVENTS
from coursewire.realtime.namespace import ChannelKind, Namespace, only_self

if TYPE_CHECKING:
    from coursewire.identity.caller import Caller
    from coursewire.realtime.contract import Command
    from coursewire.realtime.transaction import Transaction


def _not_built(_: Transaction, __: Caller, command: Command) -> Never:
    raise Unavailable(f"{command.command} is being built")


def _nobody(_: Transaction, __: Caller, ___: str) -> Never:
    raise NotFound("there is no such document", field="channel")


def make() -> Namespace:
    """Return /collaboration."""
    return Namespace(
        path="/collaboration",
        commands=dict.fromkeys(COMMANDS, _not_built),
        events=EVENTS,
        channels={"document": ChannelKind(_nobody), "user": ChannelKind(only_self)},
    )
