"""The WebSocket transport, on the asyncio client of `websockets`."""

from __future__ import annotations

import asyncio
from typing import Literal

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from coursewire.client.link import (
    Handshake,
    LinkError,
    LinkOptions,
    UnreachableError,
    endpoint,
    read_handshake,
)
from coursewire.wire.engineio import Packet, PacketError, PacketType, decode_packet, encode_packet


class WebSocketLink:
    """One WebSocket. At most 16 messages are read ahead; the others wait in the socket."""

    name: Literal["websocket"] = "websocket"

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket

    @classmethod
    async def open(cls, url: str, options: LinkOptions) -> tuple[WebSocketLink, Handshake]:
        """Open a session of its own. Raises LinkError, UnreachableError."""
        link = await cls._connect(endpoint(url, "ws", transport="websocket"), options)
        try:
            return link, read_handshake((await link.receive())[0])
        except (LinkError, asyncio.CancelledError):
            await link.close()
            raise

    @classmethod
    async def probe(cls, url: str, sid: str, options: LinkOptions) -> WebSocketLink:
        """Open a WebSocket beside a polling session and see that it carries packets. Raises LinkError.

        The session moves to it with an UPGRADE packet (Engine.IO protocol, "Upgrade").
        """
        link = await cls._connect(endpoint(url, "ws", transport="websocket", sid=sid), options)
        try:
            await link.send([Packet(PacketType.PING, "probe")])
            answer = await link.receive()
        except (LinkError, asyncio.CancelledError):
            await link.close()
            raise
        if answer != [Packet(PacketType.PONG, "probe")]:
            await link.close()
            raise LinkError("the probe was not answered")
        return link

    @classmethod
    async def _connect(cls, address: str, options: LinkOptions) -> WebSocketLink:
        try:
            # Engine.IO has its own heartbeat, and compresses nothing that is this small.
            socket = await connect(
                address,
                open_timeout=options.open_timeout_s,
                close_timeout=1,
                ping_interval=None,
                compression=None,
                max_size=options.max_message,
                user_agent_header=None,
            )
        except InvalidStatus as error:
            raise LinkError(f"WebSocket refused: {error}") from error
        except TimeoutError as error:
            raise LinkError("WebSocket does not open") from error
        except (WebSocketException, ConnectionResetError, BrokenPipeError) as error:
            # Something on the way may have cut it because it is a WebSocket.
            raise LinkError(f"WebSocket fails: {error}") from error
        except OSError as error:
            raise UnreachableError(str(error)) from error
        return cls(socket)

    async def receive(self) -> list[Packet]:
        """Wait for the next packet."""
        try:
            return [decode_packet(await self._socket.recv())]
        except ConnectionClosed as error:
            raise LinkError(f"WebSocket closed: {error}") from error
        except PacketError as error:
            raise LinkError(str(error)) from error

    async def send(self, packets: list[Packet]) -> None:
        """Send packets; waits while the socket takes nothing."""
        try:
            for packet in packets:
                await self._socket.send(encode_packet(packet))
        except ConnectionClosed as error:
            raise LinkError(f"WebSocket closed: {error}") from error

    async def close(self) -> None:
        """Close the WebSocket; a peer that does not answer is cut off after a second."""
        await self._socket.close()
