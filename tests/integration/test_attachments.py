"""Bytes on a real port, read and written by the official client and by an independent one."""

from __future__ import annotations

import asyncio
import json
import random
import socket as sockets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import socketio
import uvicorn
from tests.unit.client.test_client_attachments import SketchClient
from tests.unit.realtime import sketches
from tests.unit.realtime.house import House

from coursewire.realtime.contract import Nothing
from coursewire.realtime.transaction import Transaction

Json = dict[str, Any]
PAGE = sketches.page_channel("p1")
MODULES = Path(__file__).parents[2] / "web" / "node_modules"
PATIENCE_S = 30.0


class Site:
    """A house with a door to the street."""

    def __init__(self, house: House, url: str) -> None:
        self.house = house
        self.url = url

    async def write(self, work: Callable[[Transaction], Any]) -> Any:
        reactions = self.house.reactions
        return await self.house.storage.write(
            lambda raw: work(Transaction(raw, sketches.PATH, None, reactions))
        )

    async def draw(self, stroke: str, ink: bytes) -> None:
        drawn = sketches.Drawn(sketches.Stroke(id=stroke, page="p1", ink=ink))
        await self.write(lambda tx: tx.append(PAGE, drawn))

    async def say(self, text: str) -> None:
        said = sketches.Said(sketches.Word(page="p1", text=text))
        await self.write(lambda tx: tx.append(PAGE, said))

    async def mix(self, chance: random.Random, many: int, first: int) -> list[tuple[str, Any]]:
        """Log events with and without bytes, and return what must arrive."""
        told: list[tuple[str, Any]] = []
        for number in range(first, first + many):
            if chance.random() < 0.6:
                # Text that looks like packets, separators and frames of all three sizes.
                ink = chance.choice(
                    [b"", b"4", b"b4", b"\x1e", b"\x00\xff", chance.randbytes(200), b"4" * 45_000]
                )
                await self.draw(str(number), ink)
                told.append((str(number), ink))
            else:
                await self.say(f"{number} \N{GRINNING FACE}")
                told.append((f"{number} \N{GRINNING FACE}", None))
        return told


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    house = await House.open(namespaces=[sketches.make()])
    listener = sockets.socket(sockets.AF_INET, sockets.SOCK_STREAM, sockets.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    config = uvicorn.Config(
        house.server.asgi,
        ws=house.server.websocket_protocol,  # type: ignore[arg-type]  # any factory of protocols will do
        http=house.server.first_protocol,  # type: ignore[arg-type]  # any factory of protocols will do
        lifespan="off",
        log_config=None,
        timeout_graceful_shutdown=1,
        timeout_keep_alive=3_600,  # a busy machine may take uvicorn's 5 s between two requests
    )
    http = uvicorn.Server(config)
    task = asyncio.create_task(http._serve([listener]))
    try:
        yield Site(house, f"http://127.0.0.1:{listener.getsockname()[1]}")
    finally:
        await house.server.close()
        http.should_exit = True
        await task
        await house.close()
        listener.close()


class Official:
    """The official client, in a process of its own."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.events: list[Json] = []
        self.answers: dict[int, Json] = {}
        self.upgraded = False

    async def tell(self, **line: Any) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(
            json.dumps(line, default=lambda value: {"hex": value.hex()}).encode() + b"\n"
        )
        await self._process.stdin.drain()

    async def until(self, condition: Callable[[], Any]) -> None:
        """Read what it tells until something is true."""
        assert self._process.stdout is not None
        async with asyncio.timeout(PATIENCE_S):
            while not condition():
                line = await self._process.stdout.readline()
                assert line, "the client has ended"
                told = json.loads(line, object_hook=_bytes)
                if "event" in told:
                    self.events.append(told)
                elif "ref" in told:
                    self.answers[told["ref"]] = told["answer"]
                else:
                    self.upgraded = told["upgraded"] == "websocket"

    async def hears(self, many: int) -> None:
        """Wait for so many events of the mix."""
        await self.until(lambda: len(self.heard()) >= many)

    async def ask(self, *arguments: Any) -> Json:
        ref = len(self.answers)
        await self.tell(do="say", ref=ref, arguments=arguments)
        await self.until(lambda: ref in self.answers)
        return self.answers[ref]

    def heard(self) -> list[tuple[str, Any]]:
        """Return what has arrived of the mix."""
        return [
            _told(*event["arguments"])
            for event in self.events
            if event["event"] in ("stroke.drawn", "word.said")
        ]

    def transports(self) -> list[str]:
        return [
            event["transport"] for event in self.events if event["event"] in ("stroke.drawn", "word.said")
        ]


def _bytes(value: Json) -> Any:
    return bytes.fromhex(value["hex"]) if value.keys() == {"hex"} else value


def _told(data: Json, *others: Any) -> tuple[str, Any]:
    *attachment, meta = others
    assert meta["channel"] == PAGE
    return data.get("id") or data["text"], attachment[0] if attachment else None


@asynccontextmanager
async def official() -> AsyncIterator[Official]:
    process = await asyncio.create_subprocess_exec(
        "node",
        str(Path(__file__).with_name("official_client.mjs")),
        str(MODULES),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=1 << 20,
    )
    try:
        yield Official(process)
    finally:
        if process.stdin is not None:
            process.stdin.close()
        try:
            async with asyncio.timeout(30):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


@pytest.mark.parametrize("seed", range(3))
async def test_bytes_keep_their_place_over_polling_an_upgrade_and_websocket(site: Site, seed: int) -> None:
    """[SUB2] Any mix, replayed and live, as the official client decodes it: in order, whole, and with its meta."""
    chance = random.Random(seed)  # noqa: S311 - a mix, no secret
    told = await site.mix(chance, 10, 0)
    position = await site.write(lambda tx: tx.position(PAGE))
    resume = {PAGE: {"epoch": position.epoch, "offset": 0}}
    async with official() as client:
        auth = {"token": site.house.keys.token("ada"), "resume": resume}
        await client.tell(
            do="connect",
            url=site.url,
            namespace=sketches.PATH,
            auth=auth,
            transports=["polling", "websocket"],
        )
        await client.until(lambda: any(event["event"] == "session.ready" for event in client.events))
        told += await site.mix(chance, 10, 10)
        await client.hears(20)
        await client.tell(do="upgrade")
        number = 20
        while not client.upgraded:
            told += await site.mix(chance, 5, number)
            number += 5
            await client.hears(number)
        told += await site.mix(chance, 10, number)
        await client.hears(len(told))
        assert client.heard() == told
        offsets = [event["arguments"][-1].get("offset") for event in client.events]
        assert [offset for offset in offsets if offset] == list(range(1, len(told) + 1))
        assert set(client.transports()[:20]) == {"polling"}
        assert set(client.transports()[-10:]) == {"websocket"}


@pytest.mark.parametrize("transport", ["polling", "websocket"])
async def test_the_official_client_sends_bytes_and_reads_answers(site: Site, transport: str) -> None:
    async with official() as client:
        await client.tell(
            do="connect",
            url=site.url,
            namespace=sketches.PATH,
            auth={"token": site.house.keys.token("ada")},
            transports=[transport],
        )
        assert (await client.ask("subscribe", {"channel": PAGE}))["ok"]
        assert await client.ask("stroke.draw", {"id": "s1", "page": "p1"}, b"\x1e4\x00") == {
            "ok": True,
            "data": {"offset": 1},
        }
        await client.until(client.heard)
        assert client.heard() == [("s1", b"\x1e4\x00")]
        answer = await client.ask("page.read", {"page": "p1", "sheets": 2})
        assert answer["data"] == {
            "title": "p1",
            "cover": b"cover",
            "sheets": [{"name": "0", "ink": b""}, {"name": "1", "ink": b"\x00\xff"}],
            "named": {"empty": {"name": "no ink"}, "full": {"name": "ink", "ink": b"\x1e\n4"}},
        }
        refused = await client.ask("word.say", {"page": "p1", "text": b"bytes"})
        assert (refused["error"]["code"], refused["error"]["field"]) == ("invalid", "text")
        assert client.transports() == [transport]


@pytest.mark.parametrize("transports", [["polling"], ["websocket"], ["polling", "websocket"]], ids="+".join)
async def test_an_independent_client_agrees(site: Site, transports: list[str]) -> None:
    """python-socketio, which has no code in common with ours or with the official one."""
    told = await site.mix(random.Random(7), 12, 0)  # noqa: S311 - a mix, no secret
    position = await site.write(lambda tx: tx.position(PAGE))
    client = socketio.AsyncClient(reconnection=False, handle_sigint=False, request_timeout=PATIENCE_S)
    heard: list[tuple[str, Any]] = []
    arrived = asyncio.Event()

    def take(event: str, data: Json, *others: Any) -> None:
        if event != "session.ready":
            heard.append(_told(data, *others))
        if len(heard) == len(told):
            arrived.set()

    client.on("*", take, namespace=sketches.PATH)
    resume = {PAGE: {"epoch": position.epoch, "offset": 0}}
    auth = {"token": site.house.keys.token("ada"), "resume": resume}
    await client.connect(
        site.url, auth=auth, namespaces=[sketches.PATH], transports=transports, wait_timeout=PATIENCE_S
    )
    try:
        async with asyncio.timeout(PATIENCE_S):
            await arrived.wait()
        assert heard == told
        answer = await client.call("pen.hover", ({"page": "p1"}, b"\xff"), namespace=sketches.PATH)
        assert answer == {"ok": True, "data": {}}
    finally:
        await client.disconnect()


async def test_our_client_has_the_bytes_in_their_fields(site: Site) -> None:
    """[SUB2] [CLI1] Commands, live and replayed events, answers; also the empty bytes of what was taken back."""
    token = site.house.keys.token
    async with SketchClient(site.url, token("ada")) as ada, SketchClient(site.url, token("bob")) as bob:
        strokes: asyncio.Queue[sketches.Stroke] = asyncio.Queue()
        bob.on(sketches.Drawn, strokes.put_nowait)
        position = await bob.subscribe_channel(PAGE)
        for number, ink in enumerate((b"\x00\xff", b"gone")):
            kept = await ada.run(sketches.Draw, sketches.Kept, id=f"s{number}", page="p1", ink=ink)
            assert kept.offset == number + 1
        await ada.run(sketches.Erase, Nothing, id="s1", page="p1")
        async with asyncio.timeout(PATIENCE_S):
            assert [(await strokes.get()).ink for _ in range(2)] == [b"\x00\xff", b"gone"]
            ada.on(sketches.Drawn, strokes.put_nowait)
            await ada.subscribe_channel(PAGE, position)
            assert [(await strokes.get()).ink for _ in range(2)] == [b"\x00\xff", b""]
        whole = await ada.run(sketches.ReadPage, sketches.Whole, page="p1")
        assert (whole.cover, whole.sheets[1].ink, whole.named["full"].ink) == (
            b"cover",
            b"\x00\xff",
            b"\x1e\n4",
        )
