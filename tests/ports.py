"""Ports for servers that are started again where they were."""

from __future__ import annotations

import random
import socket

FIRST, LAST = 10_000, 32_000
"""Below those that the system gives to whoever connects (32,768 and up on Linux): such a one may have the port for its
own end of a connection while a server is away."""


def free_port() -> int:
    """Return a port that nothing has now, and most likely nothing will have when a server takes it."""
    while True:
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", random.SystemRandom().randint(FIRST, LAST)))
            except OSError:
                continue
            port: int = probe.getsockname()[1]
            return port
