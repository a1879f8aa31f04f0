"""Bytes from a command through the log to whoever listens, and in answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import httpx
import pytest
from tests.unit.realtime import notes, sketches
from tests.unit.realtime.conftest import Build
from tests.unit.realtime.guest import Guest, Json
from tests.unit.realtime.house import House

from coursewire import log
from coursewire.http import create_app
from coursewire.identity.tokens import Verifier
from coursewire.realtime.attachments import MOST_IN_ANSWER, without_bytes
from coursewire.realtime.feed import Feed
from coursewire.realtime.http import EventPage, events_router
from coursewire.realtime.transaction import Transaction

PAGE = sketches.page_channel("p1")


@pytest.fixture
async def house(build: Build) -> House:
    """Make a house with /sketches in it, and /notes."""
    return await build(namespaces=[sketches.make(), notes.make()], outbox_bytes=60_000)


async def visitor(house: House, user: str, *, listens: bool = True, **entry: Any) -> Guest:
    guest = await house.visitor(user, namespace=sketches.PATH, **entry)
    if listens:
        await guest.ask("subscribe", sketches.PATH, channel=PAGE)
    return guest


async def ask(guest: Guest, command: str, payload: Json, *others: Any) -> Json:
    ack = guest.say(command, payload, sketches.PATH, others=others)
    return await guest.answer(ack)


async def draw(guest: Guest, stroke: str, ink: bytes, **fields: Any) -> int:
    answer = await ask(guest, "stroke.draw", {"id": stroke, "page": "p1", **fields}, ink)
    assert answer["ok"], answer
    offset: int = answer["data"]["offset"]
    return offset


def seen(guest: Guest) -> list[tuple[str, str, bytes | None]]:
    return [
        (heard.event, heard.data.get("id") or heard.data.get("text", ""), heard.attachment)
        for heard in guest.events
        if heard.event != "session.ready"
    ]


STROKES = [("s1", b"\x00\n\xff"), ("s2", b"4" * 126), ("s3", b"\x1e" * 40_000)]


async def test_bytes_stand_between_data_and_meta(house: House) -> None:
    """[FAN1] The data lack them; an event without any looks as ever."""
    ada, bob = await visitor(house, "ada"), await visitor(house, "bob")
    assert [await draw(ada, *stroke) for stroke in STROKES] == [1, 2, 3]
    await ask(ada, "word.say", {"page": "p1", "text": "done"})
    await bob.event("word.said")
    assert seen(bob) == [*(("stroke.drawn", *stroke) for stroke in STROKES), ("word.said", "done", None)]
    assert bob.offsets(PAGE) == [1, 2, 3, 4]
    assert bob.named("stroke.drawn")[0].data == {"id": "s1", "page": "p1"}


async def test_an_attachment_is_encoded_once_for_all(house: House) -> None:
    """[FAN1]"""
    ada = await visitor(house, "ada")
    written = []
    for number in range(5):
        guest = await visitor(house, f"guest{number}")
        guest.line.on_write = lambda encoded: written.append(id(encoded))
    await draw(ada, "s1", b"ink")
    await house.settle()
    assert len(written) == 5
    assert len(set(written)) == 1


async def test_one_stroke_in_many_channels(house: House) -> None:
    """[LOG1] `append_each`, whose event is encoded once."""
    ada, bob = await visitor(house, "ada"), await visitor(house, "bob", listens=False)
    for page in ("p2", "p3"):
        await bob.ask("subscribe", sketches.PATH, channel=sketches.page_channel(page))
    await draw(ada, "s1", b"ink", too=["p2", "p3"])
    await bob.event("stroke.drawn", 2)
    assert seen(bob) == [("stroke.drawn", "s1", b"ink")] * 2


async def test_an_ephemeral_event_carries_bytes_too(house: House) -> None:
    ada, bob = await visitor(house, "ada"), await visitor(house, "bob")
    await ask(ada, "pen.hover", {"page": "p1"}, b"\xff")
    await ask(ada, "pen.hover", {"page": "p1"})
    await bob.event("pen.hovered", 2)
    assert [heard.attachment for heard in bob.named("pen.hovered")] == [b"\xff", b""]


async def test_bytes_of_an_answer_stand_in_their_place(house: House) -> None:
    ada = await visitor(house, "ada")
    answer = await ask(ada, "page.read", {"page": "p1", "sheets": 3})
    assert answer["data"] == {
        "title": "p1",
        "cover": b"cover",
        "sheets": [
            {"name": "0", "ink": b""},
            {"name": "1", "ink": b"\x00\xff"},
            {"name": "2", "ink": b"\x00\xff\x00\xff"},
        ],
        "named": {"empty": {"name": "no ink"}, "full": {"name": "ink", "ink": b"\x1e\n4"}},
    }


async def test_an_answer_has_no_more_bytes_than_the_official_client_takes(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    """One more is our mistake, and not a packet that ends the connection."""
    ada = await visitor(house, "ada")
    others = 2
    fits = await ask(ada, "page.read", {"page": "p1", "sheets": MOST_IN_ANSWER - others})
    assert len(fits["data"]["sheets"]) == MOST_IN_ANSWER - others
    answer = await ask(ada, "page.read", {"page": "p1", "sheets": MOST_IN_ANSWER - others + 1})
    assert answer["error"]["code"] == "internal"
    assert "Whole has 11 attachments" in caplog.text


@pytest.mark.parametrize("past", ["kept", "forgotten", "another node"])
async def test_a_replay_brings_the_bytes_again(house: House, past: str) -> None:
    """[SUB2] From the recent past of the node, and from the log."""
    ada = await visitor(house, "ada")
    position = await ada.ask("subscribe", sketches.PATH, channel=PAGE)
    for stroke in STROKES:
        await draw(ada, *stroke)
    await ask(ada, "word.say", {"page": "p1", "text": "done"})
    there = House(house.storage, namespaces=[sketches.make()]) if past == "another node" else house
    channel = there.hub.find(sketches.PATH, PAGE)
    if past == "forgotten":
        assert channel is not None
        channel.forget_past()
    since = {"epoch": position["epoch"], "offset": 0}
    bob = there.guest("bob")
    bob.enter(there.keys.token("bob"), sketches.PATH, {PAGE: since})
    ready = await bob.event("session.ready")
    assert ready.data["resumed"][PAGE]["recovered"]
    assert seen(bob) == [*(("stroke.drawn", *stroke) for stroke in STROKES), ("word.said", "done", None)]
    if there is not house:
        await there.server.close()
        await there.dispatcher.close()
        await there.hub.close()


async def test_a_replay_counts_the_bytes(house: House) -> None:
    """[SUB3] Thirty strokes of 40,000 bytes are more than one replay may hold."""
    ada = await visitor(house, "ada")
    position = await ada.ask("subscribe", sketches.PATH, channel=PAGE)
    since = {"epoch": position["epoch"], "offset": 0}
    for number in range(30):
        await draw(ada, f"s{number}", b"x" * 40_000)
    channel = house.hub.find(sketches.PATH, PAGE)
    assert channel is not None
    channel.forget_past()
    bob = await visitor(house, "bob", listens=False)
    answer = await bob.ask("subscribe", sketches.PATH, channel=PAGE, since=since)
    assert (answer["recovered"], answer["reason"]) == (False, "limit")
    assert bob.named("stroke.drawn") == []


async def test_who_is_slow_gets_every_byte_once_the_socket_drains(house: House) -> None:
    """[FAN3] Attachments count for the outbox; strokes come from the log in order, hovering is dropped."""
    ada, slow = await visitor(house, "ada"), await visitor(house, "slow")
    slow.line.slow = True
    for number in range(12):
        await draw(ada, f"s{number}", bytes([number]) * 20_000)
        await ask(ada, "pen.hover", {"page": "p1"}, b"shadow")
    assert slow.line.full
    assert slow.line.unsent < 60_000 + 2 * 21_000
    slow.line.drain()
    await slow.event("stroke.drawn", 12)
    drawn = slow.named("stroke.drawn")
    assert [heard.attachment for heard in drawn] == [bytes([number]) * 20_000 for number in range(12)]
    assert slow.offsets(PAGE) == list(range(1, 13))
    assert 0 < len(slow.named("pen.hovered")) < 12


@pytest.mark.parametrize("forgets", [False, True])
async def test_what_is_taken_back_loses_its_bytes(house: House, forgets: bool) -> None:  # noqa: FBT001 - a case
    """[LOG5] A replay has as many arguments as ever, and the bytes are none."""
    ada = await visitor(house, "ada")
    position = await ada.ask("subscribe", sketches.PATH, channel=PAGE)
    await draw(ada, "s1", b"secret", remark="secret as well")
    await draw(ada, "s2", b"kept")
    await ask(ada, "stroke.erase", {"id": "s1", "page": "p1"})
    channel = house.hub.find(sketches.PATH, PAGE)
    assert channel is not None
    if forgets:
        channel.forget_past()
    bob = await visitor(house, "bob", resume={PAGE: {"epoch": position["epoch"], "offset": 0}}, listens=False)
    assert seen(bob) == [("stroke.drawn", "s1", b""), ("stroke.drawn", "s2", b"kept")]
    assert bob.named("stroke.drawn")[0].data == {"id": "s1", "page": "p1"}
    rows = await house.storage.read(lambda raw: log.read_after(raw, sketches.PATH, PAGE, 0, 10))
    assert b"secret" not in b"".join(row.data + (row.attachment or b"") for row in rows)


def test_a_replacement_is_written_without_its_bytes() -> None:
    stroke = sketches.Stroke(id="s", page="p", ink=b"\xff")
    assert without_bytes(stroke) == b'{"id":"s","page":"p"}'
    assert without_bytes(sketches.Word(page="p", text="t")) == b'{"page":"p","text":"t"}'


WRONG: list[tuple[str, Any, tuple[Any, ...], str]] = [
    ("stroke.draw", {"id": "s", "page": "p1"}, (), "ink"),
    ("stroke.draw", {"id": "s", "page": "p1"}, ("text",), "ink"),
    ("stroke.draw", {"id": "s", "page": "p1"}, (b"",), "ink"),
    ("stroke.draw", {"id": "s", "page": "p1"}, (b"one", b"two"), "ink"),
    ("stroke.draw", {"id": "s", "page": "p1"}, (None, b"two"), "ink"),
    ("stroke.draw", {"id": "s", "page": "p1", "ink": b"ink"}, (), "ink"),
    ("stroke.draw", {"id": "s", "page": "p1", "ink": "ink"}, (), "ink"),
    ("stroke.draw", {"id": "s", "page": "p1", "ink": "ink"}, (b"ink",), "ink"),
    ("stroke.draw", {"id": "s", "page": "p1", "remark": b"said"}, (b"ink",), "remark"),
    ("stroke.draw", {"id": "s", "page": "p1", "too": ["p2", b"p3"]}, (b"ink",), "too.1"),
    ("stroke.draw", {"id": "s", "page": "p1", "more": {"a": [b"x"]}}, (b"ink",), "more.a.0"),
    ("stroke.draw", b"ink", (), "payload"),
    ("word.say", {"page": "p1", "text": b"a text"}, (), "text"),
    ("word.say", {"page": "p1", "text": "a text"}, (b"ink",), "payload"),
    ("word.say", {"page": "p1", "text": "a text"}, ("more", b"ink"), "payload"),
    ("pen.hover", {"page": "p1"}, (7,), "ink"),
    ("subscribe", {"channel": b"page:p1"}, (), "channel"),
    ("ping", {"sent_at": b"1"}, (), "sent_at"),
]


async def test_more_bytes_than_a_command_takes_are_too_large(house: House) -> None:
    """[CMD2] Not invalid: a client may send less at once."""
    ada = await visitor(house, "ada")
    answer = await ask(ada, "stroke.draw", {"id": "s", "page": "p1"}, b"x" * 50_001)
    assert (answer["error"]["code"], answer["error"]["field"]) == ("too_large", "ink")
    assert "at most 50000 bytes" in answer["error"]["message"]


@pytest.mark.parametrize(("command", "payload", "others", "field"), WRONG)
async def test_bytes_anywhere_else_are_refused(
    house: House, command: str, payload: Any, others: tuple[Any, ...], field: str
) -> None:
    """[CMD2] With the field's name, and nothing is written."""
    ada = await visitor(house, "ada")
    answer = await ask(ada, command, payload, *others)
    assert not answer["ok"]
    assert (answer["error"]["code"], answer["error"]["field"]) == ("invalid", field)
    await house.settle()
    assert seen(ada) == []
    assert (await house.storage.read(lambda raw: log.position(raw, sketches.PATH, PAGE))).offset == 0


async def test_what_comes_after_a_payload_and_is_no_bytes_is_ignored_as_ever(house: House) -> None:
    ada = await visitor(house, "ada")
    assert (await ask(ada, "word.say", {"page": "p1", "text": "hello"}, "more"))["ok"]


class Asked:
    """Stands for the node where HTTP asks it to read."""

    def __init__(self, house: House) -> None:
        self._house = house

    async def read(self, namespace: str, caller: Any, fn: Callable[[Any], Any]) -> Any:
        reactions = self._house.reactions
        return await self._house.storage.read(lambda raw: fn(Transaction(raw, namespace, caller, reactions)))

    async def write(self, namespace: str, *_: Any) -> Any:
        raise AssertionError(f"reading events of {namespace} writes nothing")


async def test_over_plain_http_bytes_are_base64(house: House) -> None:
    """[SUB2] The same logged events, for those who hold no socket."""
    ada = await visitor(house, "ada")
    position = await ada.ask("subscribe", sketches.PATH, channel=PAGE)
    await draw(ada, "s1", b"\xfb\xff")
    await draw(ada, "s2", b"secret")
    await ask(ada, "stroke.erase", {"id": "s2", "page": "p1"})
    await ask(ada, "word.say", {"page": "p1", "text": "done"})
    feed = Feed(house.bus)
    app = create_app(
        verifier=cast("Verifier", house.keys),
        runner=Asked(house),
        routers=[events_router(house.namespaces, feed)],
    )
    token = house.keys.token("bob")
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app),
        base_url="http://test",
        headers={"Authorization": f"Bearer {token}"},
    ) as bob:
        query = {"epoch": position["epoch"], "offset": 0}
        reply = await bob.get(f"/v1/sketches/channels/{PAGE}/events", params=query)
    page = EventPage.model_validate_json(reply.content)
    assert [item.attachment for item in page.items] == ["+/8=", "", None]
    assert "attachment" not in reply.json()["items"][2]
    assert page.items[0].data == {"id": "s1", "page": "p1"}
