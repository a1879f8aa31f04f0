"""The bounds of a client, for whoever needs others."""

from __future__ import annotations

from dataclasses import dataclass, field

from coursewire.client.link import LinkOptions


@dataclass(frozen=True, slots=True)
class ClientOptions:
    """Bounds of one namespace's client."""

    link: LinkOptions = field(default_factory=LinkOptions)
    outbox_limit: int = 1_000
    """Commands without an answer; when full further ones raise Overloaded."""
    inbox_limit: int = 1_000
    """Events that wait for their handlers; when full further ones are dropped and replayed later."""
