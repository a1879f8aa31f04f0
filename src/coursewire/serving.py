"""A node behind uvicorn: from the settings to the port, and down again without losing anybody."""

from __future__ import annotations

import contextlib
import gc
import logging
import resource
import signal
import socket as sockets
from collections.abc import AsyncIterator, Callable
from types import FrameType
from typing import Final

import uvicorn
import uvloop
from fastapi import APIRouter

from coursewire import demo as campus
from coursewire.app import Node
from coursewire.operations import logs
from coursewire.settings import Settings, unknown
from coursewire.storage import Storage

logger = logging.getLogger(__name__)

OTHER_FILES: Final = 256
"""Open beside the sessions: the database, HTTP requests, mail servers and push services."""


class HttpServer(uvicorn.Server):
    """uvicorn, with our own word when it begins and before it ends."""

    def __init__(self, config: uvicorn.Config, node: Node) -> None:
        super().__init__(config)
        self._node = node
        self.on_started: Callable[[int], None] = lambda _port: None
        """Called with the port once it accepts connections."""
        self.ended_by: int | None = None
        """The signal that told it to stop."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to stop; a second Ctrl+C waits for nobody.

        uvicorn would raise the signal again once nobody is connected, which ends the process before the node is closed.
        """
        del frame
        self.force_exit = self.force_exit or (self.should_exit and sig == signal.SIGINT)
        self.should_exit = True
        self.ended_by = sig

    async def startup(self, sockets: list[sockets.socket] | None = None) -> None:
        """Listen."""
        await super().startup(sockets)
        if self.started:
            self.on_started(self.servers[0].sockets[0].getsockname()[1])

    async def shutdown(self, sockets: list[sockets.socket] | None = None) -> None:
        """Send everybody away for a moment, then stop listening."""
        await self._node.drain()
        await super().shutdown(sockets)


@contextlib.asynccontextmanager
async def running(
    settings: Settings, routers: tuple[APIRouter, ...] = ()
) -> AsyncIterator[tuple[Node, HttpServer]]:
    """Build a node on a migrated database, and a uvicorn that serves it once its `serve` is awaited."""
    storage = await Storage.open(settings.database_url, hold=True)
    await storage.migrate()
    node = Node(settings, storage, routers)
    config = uvicorn.Config(
        node,
        host=settings.host,
        port=settings.port,
        loop="none",
        http=node.server.first_protocol,  # type: ignore[arg-type]  # any factory of protocols will do
        ws=node.server.websocket_protocol,  # type: ignore[arg-type]  # any factory of protocols will do
        lifespan="off",
        log_config=None,
        access_log=False,
        backlog=4_096,
        server_header=False,
        timeout_graceful_shutdown=int(settings.drain_timeout_s),
    )
    node.start()
    try:
        yield node, HttpServer(config, node)
    finally:
        await node.close()


def serve(settings: Settings, *, demo: bool, still: bool = False) -> None:
    """Serve until interrupted; with `demo` the small campus, in which a class works by itself unless it is `still`."""
    logs.configure(
        level=settings.log_level,
        as_json=settings.logs_json,
        secrets=settings.secrets,
    )
    for line in unknown():
        logger.warning(line)
    _allow_files(settings)
    # What is loaded now stays: the collector need not look at it again. And it need not look at all connections each
    # time some thousand objects have come; hardly any of them are cycles. It looks at what is new while that still lies
    # in the caches: each of 100,000 objects costs twice as much as each of 10,000, and all of them 20-45 ms at once.
    gc.freeze()
    gc.set_threshold(10_000, 500, 100)
    uvloop.run(_serve(settings, demo=demo, still=still))


def _allow_files(settings: Settings) -> None:
    """Raise our limit of open files to what the sessions need, as far as we may: beyond it nobody is told anything."""
    wanted = settings.max_sessions + OTHER_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < allowed:
        with contextlib.suppress(ValueError, OSError):  # some systems have a limit beside this one
            resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
            soft = allowed
    if soft != resource.RLIM_INFINITY and soft < wanted and settings.env != "development":
        logger.warning(
            "only %d files may be open at once: raise `ulimit -n` (LimitNOFILE= in systemd) to %d,"
            " or lower COURSEWIRE_MAX_SESSIONS",
            soft,
            wanted,
        )


async def _serve(settings: Settings, *, demo: bool, still: bool) -> None:
    def started(port: int) -> None:
        logger.info("serving on http://%s:%d", settings.host, port)
        if demo:
            campus.announce(settings.host, port)

    routers = (campus.router(settings),) if settings.demo_login else ()
    with contextlib.ExitStack() as last:
        async with running(settings, routers) as (node, server):
            if demo:
                await campus.seed(node)
            server.on_started = started
            last.enter_context(server.capture_signals())  # until the node is closed too
            async with campus.living(node) if demo and not still else contextlib.nullcontext():
                await server.serve()
    if server.ended_by is not None:
        signal.raise_signal(server.ended_by)  # for who started us and asks how we ended
