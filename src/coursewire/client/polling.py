"""The HTTP long-polling transport, for where WebSocket does not get through."""

from __future__ import annotations

from http import HTTPStatus
from typing import Literal

import httpx

from coursewire.client.link import (
    Handshake,
    LinkError,
    LinkOptions,
    UnreachableError,
    endpoint,
    read_handshake,
)
from coursewire.wire.engineio import SEPARATOR, Packet, PacketError, decode_payload, encode_payload


class PollingLink:
    """One session over polling: a GET that waits, POSTs that bring packets."""

    name: Literal["polling"] = "polling"

    def __init__(self, client: httpx.AsyncClient, address: str, max_payload: int) -> None:
        self._client = client
        self._address = address
        self._max_payload = max_payload

    @classmethod
    async def open(cls, url: str, options: LinkOptions) -> tuple[PollingLink, Handshake]:
        """Open a session. Raises LinkError, UnreachableError."""
        client = httpx.AsyncClient(timeout=httpx.Timeout(options.open_timeout_s))
        try:
            packets = _packets(await client.get(endpoint(url, "http", transport="polling")))
            handshake = read_handshake(packets[0])
        except httpx.ConnectError as error:
            await client.aclose()
            raise UnreachableError(f"nobody answers: {error}") from error
        except (httpx.HTTPError, LinkError) as error:
            await client.aclose()
            raise LinkError(f"polling fails: {error}") from error
        # The server answers a poll at the latest with its ping; a little more is for the way.
        client.timeout = httpx.Timeout(
            options.open_timeout_s, read=handshake.silence_s + options.open_timeout_s
        )
        address = endpoint(url, "http", transport="polling", sid=handshake.sid)
        return cls(client, address, handshake.max_payload), handshake

    async def receive(self) -> list[Packet]:
        """Wait for the answer to the next poll."""
        try:
            return _packets(await self._client.get(self._address))
        except httpx.HTTPError as error:
            raise LinkError(f"poll fails: {error!r}") from error

    async def send(self, packets: list[Packet]) -> None:
        """Post packets, in as few requests as their size allows."""
        for body in bodies(packets, self._max_payload):
            try:
                answer = await self._client.post(
                    self._address, content=body, headers={"Content-Type": "text/plain;charset=UTF-8"}
                )
            except httpx.HTTPError as error:
                raise LinkError(f"post fails: {error!r}") from error
            if answer.status_code != HTTPStatus.OK:
                raise LinkError(f"post refused with {answer.status_code}")

    async def close(self) -> None:
        """Drop the connections; a poll under way ends with an error."""
        await self._client.aclose()


def _packets(answer: httpx.Response) -> list[Packet]:
    if answer.status_code != HTTPStatus.OK:
        raise LinkError(f"polling refused with {answer.status_code}")
    try:
        return decode_payload(answer.content)
    except PacketError as error:
        raise LinkError(str(error)) from error


def bodies(packets: list[Packet], limit: int) -> list[bytes]:
    """Join packets to payloads of at most `limit` bytes; a larger packet goes alone, to be refused."""
    bodies: list[bytes] = []
    for packet in packets:
        encoded = encode_payload([packet])
        if bodies and len(bodies[-1]) + len(encoded) < limit:
            bodies[-1] += SEPARATOR.encode() + encoded
        else:
            bodies.append(encoded)
    return bodies
