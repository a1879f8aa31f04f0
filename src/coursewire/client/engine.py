"""One Engine.IO session as a client: fallback, heartbeat, upgrade, end (Engine.IO protocol v4)."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from coursewire.client.link import Handshake, Link, LinkError, LinkOptions, UnreachableError
from coursewire.client.outputs import Transport
from coursewire.client.polling import PollingLink
from coursewire.client.websocket import WebSocketLink
from coursewire.wire.engineio import Packet, PacketType

logger = logging.getLogger("coursewire.client")

LONGEST_UPGRADE_WAIT_S = 300.0


class Engine:
    """A session that is open until `on_closed(reason)` is called, once; afterwards it calls nothing."""

    def __init__(
        self,
        url: str,
        options: LinkOptions,
        link: Link,
        handshake: Handshake,
        *,
        on_message: Callable[[str | bytes], None],
        on_transport: Callable[[Transport], None],
        on_closed: Callable[[str], None],
    ) -> None:
        self._url = url
        self._options = options
        self._link = link
        self._handshake = handshake
        self._on_message = on_message
        self._on_transport = on_transport
        self._on_closed = on_closed
        self._loop = asyncio.get_running_loop()
        # Bound: options.max_queued packets. When full the session is closed: the commands in it are still in
        # the outboxes of their namespaces and are sent again.
        self._queue: deque[Packet] = deque()
        self._queued = asyncio.Event()
        self._moved: asyncio.Event | None = None
        """There while the session moves to another transport; the reader waits for it between two polls."""
        self._reader_waits = asyncio.Event()
        self._sending = asyncio.Lock()
        self._open = True
        self._heard_at = self._loop.time()
        self._watch = self._loop.call_later(handshake.silence_s, self._check_silence)
        works = [self._read(), self._write()]
        if link.name == "polling" and "websocket" in handshake.upgrades and "websocket" in options.transports:
            works.append(self._upgrade())
        self._tasks = {asyncio.create_task(self._keep(work)) for work in works}

    @property
    def transport(self) -> Transport:
        """The transport that carries the session now."""
        return self._link.name

    def send(self, messages: Iterable[str | bytes]) -> None:
        """Queue Socket.IO packets."""
        if not self._open:
            return
        self._queue.extend(Packet(PacketType.MESSAGE, message) for message in messages)
        self._queued.set()
        if len(self._queue) > self._options.max_queued:
            self._end("the socket takes nothing")

    async def close(self) -> None:
        """Send what is queued and a CLOSE packet, then close. Does not call `on_closed`."""
        if not self._open:
            return
        self._open = False
        self._watch.cancel()
        with contextlib.suppress(LinkError, TimeoutError):
            async with asyncio.timeout(1), self._sending:
                await self._link.send([*self._queue, Packet(PacketType.CLOSE)])
        await self._stop_tasks()

    def abort(self, reason: str) -> None:
        """End the session now: it is known to be dead."""
        self._end(reason)

    # Reading and writing

    async def _keep(self, work: Coroutine[Any, Any, None]) -> None:
        """Do a part of the session's work: the session ends with whatever fails in it."""
        try:
            await work
        except LinkError as error:
            self._end(str(error))
        except Exception:
            # A bug: without this the session would be open and deaf, or mute.
            logger.exception("the session with %s failed", self._url)
            self._end("a packet could not be handled")

    async def _read(self) -> None:
        while True:
            for packet in await self._link.receive():
                self._take(packet)
            self._heard_at = self._loop.time()
            if self._moved is not None:
                self._reader_waits.set()
                await self._moved.wait()

    def _take(self, packet: Packet) -> None:
        match packet.type:
            case PacketType.MESSAGE:
                self._on_message(packet.data)
            case PacketType.PING:
                self._queue.appendleft(Packet(PacketType.PONG, packet.data))
                self._queued.set()
            case PacketType.CLOSE:
                raise LinkError("closed by the server")
            case _:
                pass  # NOOP ends a poll during an upgrade; the others have no meaning here

    async def _write(self) -> None:
        while True:
            await self._queued.wait()
            async with self._sending:
                packets = list(self._queue)
                self._queue.clear()
                self._queued.clear()
                await self._link.send(packets)

    def _check_silence(self) -> None:
        left = self._heard_at + self._handshake.silence_s - self._loop.time()
        if left <= 0:
            self._end("ping timeout")
        else:
            self._watch = self._loop.call_later(left, self._check_silence)

    # Upgrade and end

    async def _upgrade(self) -> None:
        wait = self._options.upgrade_after_s
        while True:
            await asyncio.sleep(wait)
            wait = min(wait * 2, LONGEST_UPGRADE_WAIT_S)
            try:
                async with asyncio.timeout(self._options.open_timeout_s):
                    probed = await WebSocketLink.probe(self._url, self._handshake.sid, self._options)
            except (LinkError, TimeoutError):
                continue
            old = self._link
            try:
                await self._move(probed)
            finally:
                await (old if self._link is probed else probed).close()
            return

    async def _move(self, link: Link) -> None:
        """Move the session: no POST under way, the poll answered, then UPGRADE as the first packet."""
        async with self._sending:
            self._moved = asyncio.Event()
            await self._reader_waits.wait()
            await link.send([Packet(PacketType.UPGRADE)])
            self._link = link
            self._moved.set()
            self._moved = None
        self._on_transport(link.name)

    def _end(self, reason: str) -> None:
        if not self._open:
            return
        self._open = False
        self._watch.cancel()
        self._closing = asyncio.ensure_future(self._stop_tasks())
        self._on_closed(reason)

    async def _stop_tasks(self) -> None:
        own = asyncio.current_task()
        for task in self._tasks:
            if task is not own:
                task.cancel()
        await asyncio.gather(*(task for task in self._tasks if task is not own), return_exceptions=True)
        await self._link.close()


async def open_engine(
    url: str,
    options: LinkOptions,
    *,
    on_message: Callable[[str | bytes], None],
    on_transport: Callable[[Transport], None],
    on_closed: Callable[[str], None],
) -> Engine:
    """Open a session over the first transport that works. Raises LinkError."""
    failures: list[str] = []
    for transport in options.transports:
        kind = WebSocketLink if transport == "websocket" else PollingLink
        try:
            async with asyncio.timeout(options.open_timeout_s):
                link, handshake = await kind.open(url, options)
        except UnreachableError:
            raise
        except LinkError as error:
            failures.append(str(error))
        except TimeoutError:
            failures.append(f"{transport} does not open")
        else:
            return Engine(
                url,
                options,
                link,
                handshake,
                on_message=on_message,
                on_transport=on_transport,
                on_closed=on_closed,
            )
    raise LinkError("; ".join(failures))
