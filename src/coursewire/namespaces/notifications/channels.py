"""What the server is set up to send besides the socket."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

OutgoingChannel = Literal["email", "push"]


@dataclass(slots=True)
class OutgoingChannels:
    """The ways out of one node: empty until its start has found them in the settings."""

    configured: set[OutgoingChannel] = field(default_factory=set)
    push_public_key: str | None = None
    """What a browser subscribes to push messages with."""
    time_zone: str = "UTC"
    """Of whoever has not told theirs."""
    digest_hour: int = 8
    """When digests leave, from 0 to 23, in each person's own zone."""
    private_endpoints: bool = False
    """Whether push endpoints may be inside our own network."""
