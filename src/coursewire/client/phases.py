"""The phases of a namespace's session, as its state machine goes through them."""

from __future__ import annotations

import enum


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
