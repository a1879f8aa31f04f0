"""Fan-out: one encoding, slices, newest values at their rate, and what happens to those who do not keep up."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.unit.realtime import notes
from tests.unit.realtime.conftest import Build
from tests.unit.realtime.guest import Guest
from tests.unit.realtime.house import Clock, House, texts

from coursewire.bus.port import Committed, LoggedEvent, Unlogged
from coursewire.errors import Unavailable
from coursewire.realtime import channels, encoding
from coursewire.realtime.channels import Channel
from coursewire.storage.engine import Storage
from coursewire.wire.frames import Encoded

BOARD = "board:math"


def committed(epoch: str, *offsets: int) -> Committed:
    """Make a message as the bus brings it."""
    events = tuple(
        LoggedEvent(
            offset, f"e{offset}", "note.added", b'{"id":"n","board":"math","text":"%d"}' % offset, 0, None
        )
        for offset in offsets
    )
    return Committed(notes.PATH, BOARD, epoch, offsets[0], events)


async def epoch_of(house: House) -> str:
    return (await house.write(lambda tx: tx.position(BOARD))).epoch


def said(guest: Guest) -> list[str]:
    return texts(guest.named("note.added"))


async def test_an_event_is_encoded_once_whatever_the_number_of_receivers(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[FAN1] All receivers are handed the same object."""
    guests = await house.visitors(5, BOARD)
    encoded: list[Encoded] = []
    handed: list[Encoded] = []
    encode = encoding.encode_logged

    def counting(*arguments: Any) -> Encoded:
        encoded.append(encode(*arguments))
        return encoded[-1]

    monkeypatch.setattr(channels, "encode_logged", counting)
    for guest in guests:
        guest.line.on_write = handed.append
    await house.add("math", "hello")
    await house.settle()
    assert len(encoded) == 1
    assert [one is encoded[0] for one in handed] == [True] * 5


async def test_a_long_fan_out_yields_between_slices(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """[FAN1] Others get their turn before everybody has been written to; the rest follows."""
    monkeypatch.setattr(channels, "SLICE", 2)
    guests = await house.visitors(5, BOARD)
    house.hub.hear(committed(await epoch_of(house), 1))
    told = [[len(said(guest)) for guest in guests]]
    while told[-1] != [1] * 5:
        await asyncio.sleep(0)
        told.append([len(said(guest)) for guest in guests])
    assert told[0] == [1, 1, 0, 0, 0]
    assert [1, 1, 1, 1, 0] in told


async def test_who_leaves_during_a_fan_out_is_sent_nothing_more(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[SES1] Its connection stays; what is fanned out from then on is not for it."""
    monkeypatch.setattr(channels, "SLICE", 1)
    first, second = await house.visitors(2, BOARD)
    first.line.on_write = lambda _: second.leave()
    await house.add("math", "hello")
    await house.settle()
    await house.add("math", "again")
    await house.settle()
    assert (said(first), said(second)) == (["hello", "again"], [])
    assert not second.session.closed


async def test_what_waits_for_a_running_fan_out_goes_out_in_one_write(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channels, "SLICE", 1)
    guests = await house.visitors(3, BOARD)
    writes: list[Encoded] = []
    guests[-1].line.on_write = writes.append
    epoch = await epoch_of(house)
    for offset in (1, 2, 3, 4):
        house.hub.hear(committed(epoch, offset))
    await house.settle()
    assert [said(guest) for guest in guests] == [["1", "2", "3", "4"]] * 3
    assert [len(written.messages) for written in writes] == [1, 3]


async def test_who_enters_during_a_fan_out_gets_its_batch_once(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[SUB2] It reads the batch from the log, so the slices that are still to come must pass it by."""
    monkeypatch.setattr(channels, "SLICE", 1)
    epoch = await epoch_of(house)
    guests = await house.visitors(3, BOARD)
    late = await house.visitor("bob")
    late.say("subscribe", {"channel": BOARD, "since": {"epoch": epoch, "offset": 0}})
    await house.add("math", "1", "2")
    await house.add("math", "3")
    await house.settle()
    assert [said(guest) for guest in (*guests, late)] == [["1", "2", "3"]] * 4


async def test_nobody_hears_twice_of_what_the_bus_brings_twice(house: House) -> None:
    """[FAN2]"""
    ada = await house.visitor("ada", BOARD)
    epoch = await epoch_of(house)
    for message in (committed(epoch, 1, 2), committed(epoch, 2, 3), committed(epoch, 1)):
        house.hub.hear(message)
    assert said(ada) == ["1", "2", "3"]


async def test_who_was_replayed_ahead_of_the_node_goes_on_from_there(house: House) -> None:
    """[SUB2] The log had more than the bus had brought; the newest value comes to it all the same."""
    epoch = await epoch_of(house)
    first = await house.visitor("ada", BOARD)
    held: list[Any] = []
    publish, house.storage.committed = house.storage.committed, held.extend
    await house.add("math", "1", "2")
    ahead = await house.visitor("bob")
    await ahead.ask("subscribe", channel=BOARD, since={"epoch": epoch, "offset": 1})
    assert (said(first), said(ahead)) == ([], ["2"])
    channel = house.hub.find(notes.PATH, BOARD)
    assert channel is not None
    assert [waiting.offset for waiting in channel.ahead] == [2]
    counted = notes.Counted(notes.Count(board="math", count=7))
    house.storage.committed = publish
    await house.write(lambda tx: tx.publish_latest(BOARD, counted))
    assert (await ahead.event("board.counted")).data["count"] == 7
    publish(held)
    await house.add("math", "3")
    await house.settle()
    assert (said(first), said(ahead)) == (["1", "2", "3"], ["2", "3"])


async def test_the_recent_past_is_bounded_by_events_and_by_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channels, "RING_EVENTS", 3)
    channel = Channel(notes.PATH, BOARD, *([lambda _: None] * 3))
    channel.open("e", 0)
    channel.deliver("e", committed("e", 1, 2, 3, 4, 5).events)
    recent = channel.recent(2)
    assert recent is not None
    assert len(recent.messages) == 3
    assert channel.recent(1) is None
    monkeypatch.setattr(channels, "RING_BYTES", recent.size - 1)
    channel.deliver("e", committed("e", 6).events)
    assert channel.recent(3) is None
    assert channel.recent(4) is not None


async def test_a_fan_out_that_cannot_keep_up_leaves_the_rest_to_the_log(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[FAN3] The queue is bounded; everybody still gets everything, once."""
    monkeypatch.setattr(channels, "SLICE", 1)
    monkeypatch.setattr(channels, "QUEUED_EVENTS", 5)
    guests = await house.visitors(3, BOARD)
    channel = house.hub.find(notes.PATH, BOARD)
    assert channel is not None
    longest = 0
    deliver = channel.__class__.deliver

    def watched(self: Channel, *arguments: Any) -> None:
        nonlocal longest
        deliver(self, *arguments)
        longest = max(longest, len(self._queue))

    monkeypatch.setattr(Channel, "deliver", watched)
    everything = [str(number) for number in range(20)]
    await asyncio.gather(
        *(house.add("math", text) for text in everything[:1]),
        *(house.add("math", *everything[n : n + 4]) for n in range(1, 20, 4)),
    )
    for message in range(20):
        house.here.live[notes.PATH].publish_unlogged(BOARD, notes.Nudged(notes.Nudge(text=str(message))))
    await house.settle()
    assert [said(guest) for guest in guests] == [everything] * 3
    assert longest <= 5


async def test_ephemeral_events_are_dropped_behind_a_full_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    """[FAN3] Newest values are not: their rate bounds them."""
    monkeypatch.setattr(channels, "QUEUED_EVENTS", 2)
    channel = Channel(notes.PATH, BOARD, *([lambda _: None] * 3))
    channel._running = True
    for number in range(4):
        channel.publish(Encoded((f"2{number}",)))
    channel.publish_conflated(Encoded(("29",)))
    assert [entry.encoded.packets for entry in channel._queue] == [("420",), ("421",), ("429",)]


# Newest values


def counts(guest: Guest) -> list[int]:
    return [heard.data["count"] for heard in guest.named("board.counted")]


async def count(house: House, number: int, board: str = "math") -> None:
    counted = notes.Counted(notes.Count(board=board, count=number))
    await house.write(lambda tx: tx.publish_latest(BOARD, counted))


async def test_newest_values_keep_to_their_rate_and_the_last_one_always_comes(house: House) -> None:
    ada = await house.visitor("ada", BOARD)
    clock = Clock(house)
    for number in range(1, 6):
        await count(house, number)
    assert counts(ada) == [1]
    await clock.advance(0.5)
    assert counts(ada) == [1, 5]
    await count(house, 6)
    await clock.advance(0.5)
    assert counts(ada) == [1, 5, 6]
    await clock.advance(5)
    assert counts(ada) == [1, 5, 6]
    await count(house, 7)
    assert counts(ada) == [1, 5, 6, 7]


async def test_a_rate_with_room_is_kept_in_the_mean(house: House) -> None:
    """What is a little early goes out, and is made up for later: never more than one per interval and the first."""
    ada = await house.visitor("ada", BOARD)
    clock = Clock(house)
    channel = house.hub.find(notes.PATH, BOARD)
    assert channel is not None
    sent: list[float] = []
    for step in range(200):
        said = Unlogged(notes.PATH, BOARD, f"e{step}", "board.counted", b'{"count":%d}' % step, 0, key="math")
        value = channels.Latest(said.event, said.data, encoding.encode_unlogged(said))
        channel.publish_latest("math", value, 1.0, 0.95)
        before = len(counts(ada))
        await clock.advance(0.1)
        sent += [step / 10] * (len(counts(ada)) - before)
    assert sent[:2] == [0.0, 0.1], "the second is early"
    for first in sent:
        for seconds in range(1, 10):
            assert len([at for at in sent if first <= at < first + seconds]) <= seconds + 1
    assert len(sent) >= 20


async def test_what_one_commit_says_of_several_keys_leaves_together(house: House) -> None:
    """None of them waits for the interval that another one has begun."""
    ada = await house.visitor("ada", BOARD)
    Clock(house)

    def say(tx: Any) -> None:
        for number, board in enumerate("abcd"):
            tx.publish_latest(BOARD, notes.Counted(notes.Count(board=board, count=number)))

    await house.write(say)
    await house.settle()
    assert [heard.data["board"] for heard in ada.named("board.counted")] == ["a", "b", "c", "d"]


async def test_each_key_has_its_own_newest_value(house: House) -> None:
    ada = await house.visitor("ada", BOARD)
    clock = Clock(house)
    for number, board in ((1, "a"), (2, "b"), (3, "a"), (4, "b")):
        await count(house, number, board)
    await clock.advance(0.5)
    assert sorted(counts(ada)) == [1, 3, 4]


async def test_who_comes_later_gets_the_newest_values_with_the_answer(build: Build) -> None:
    """What the database has, and above it what was published since."""

    def stored(_: Any, board: str) -> list[Any]:
        return [
            notes.Counted(notes.Count(board=board, count=1)),
            notes.Counted(notes.Count(board="x", count=2)),
        ]

    house = await build(namespaces=[notes.make(latest=stored)])
    await house.enrol("math", "ada", "bob")
    await house.visitor("bob", BOARD)
    await count(house, 5)
    ada = await house.visitor("ada")
    latest = (await ada.ask("subscribe", channel=BOARD))["latest"]
    found = {(value["event"], value["data"].get("board")): value["data"].get("count") for value in latest}
    assert found["board.counted", "math"] == 5
    assert found["board.counted", "x"] == 2


async def test_a_value_published_while_the_answer_waits_is_in_it(house: House) -> None:
    await house.visitor("bob", BOARD)
    ada = await house.visitor("ada")
    house.keys.gate = asyncio.Event()
    ada.say("auth.refresh", {"token": house.keys.token("ada")})
    ack = ada.say("subscribe", {"channel": BOARD})
    await house.settle()
    await count(house, 9)
    house.keys.gate.set()
    answer = await ada.answer(ack)
    values = [value["data"] for value in answer["data"]["latest"] if value["event"] == "board.counted"]
    assert values == [{"board": "math", "count": 9}]


async def test_a_channel_keeps_a_bounded_number_of_newest_values(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channels, "LATEST_VALUES", 3)
    await house.visitor("ada", BOARD)
    for number, board in enumerate("abcad"):
        await count(house, number, board)
    channel = house.hub.find(notes.PATH, BOARD)
    assert channel is not None
    assert [key for event, key in channel.latest if event == "board.counted"] == ["c", "a", "d"]


async def test_newest_values_take_a_bounded_room_and_each_is_sent(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also those that make room for others before their time has come."""
    monkeypatch.setattr(channels, "LATEST_BYTES", 3 * len(b'{"board":"a","count":0}'))
    ada = await house.visitor("ada", BOARD)
    clock = Clock(house)
    for number, board in enumerate("abcdefa"):
        await count(house, number, board)
    await house.settle()
    channel = house.hub.find(notes.PATH, BOARD)
    assert channel is not None
    assert [key for event, key in channel.latest if event == "board.counted"] == ["e", "f", "a"]
    await clock.advance(1)
    told = {heard.data["board"]: heard.data["count"] for heard in ada.named("board.counted")}
    assert told == {"a": 6, "b": 1, "c": 2, "d": 3, "e": 4, "f": 5}
    channel.forget_latest("board.counted")
    for number, board in enumerate("xyz"):
        await count(house, number, board)
    assert [key for event, key in channel.latest if event == "board.counted"] == ["x", "y", "z"]


# Sockets that do not take what they are sent


async def test_a_full_socket_misses_nothing_that_is_logged(build: Build) -> None:
    """[FAN3] Its outbox stops growing; ephemeral events are dropped, the newest value and the log follow."""
    house = await build(outbox_bytes=2_000)
    await house.enrol("math", "ada", "bob")
    slow, quick = await house.visitor("ada", BOARD), await house.visitor("bob", BOARD)
    slow.line.slow = True
    for number in range(40):
        await house.add("math", str(number))
        await count(house, number)
        await quick.ask("knock", board="math", text=str(number))
    await house.settle()
    assert slow.line.full
    assert slow.line.unsent < 4_000
    assert not slow.line.reading
    slow.line.drain()
    await house.settle()
    assert said(slow) == said(quick) == [str(number) for number in range(40)]
    assert counts(slow)[-1] == 39
    assert len(slow.named("nudged")) < len(quick.named("nudged")) == 40
    assert slow.line.reading


async def test_a_replay_stops_between_pages_at_a_full_socket(
    build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[FAN3] And goes on where it stopped."""
    monkeypatch.setattr("coursewire.realtime.recovery.PAGE_BYTES", 500)
    house = await build(outbox_bytes=1_500)
    await house.enrol("math", "ada")
    position = await house.write(lambda tx: tx.position(BOARD))
    await house.add("math", *map(str, range(60)))
    ada = await house.visitor("ada")
    ada.line.slow = True
    ack = ada.say("subscribe", {"channel": BOARD, "since": position.model_dump()})
    await house.settle()
    assert ada.line.unsent < 3_000
    drains = 0
    while len(said(ada)) < 60 and drains < 50:
        ada.line.drain()
        ada.line.slow = True
        drains += 1
        await house.settle()
    assert drains > 3
    ada.line.drain()
    assert said(ada) == list(map(str, range(60)))
    assert ada.answers[ack]["data"]["recovered"]


async def test_two_drains_in_a_row_replay_once(build: Build) -> None:
    """[FAN3] The second comes while the first still reads the log."""
    house = await build(outbox_bytes=1_000)
    await house.enrol("math", "ada")
    ada = await house.visitor("ada", BOARD)
    ada.line.slow = True
    everything = list(map(str, range(30)))
    for text in everything:
        await house.add("math", text)
    channel = house.hub.find(notes.PATH, BOARD)
    assert channel is not None
    channel.forget_past()
    house.dispatcher.full(ada.connection)
    ada.line.drain()
    for _ in range(3):
        house.dispatcher.drained(ada.connection)
        await asyncio.sleep(0)
        house.dispatcher.full(ada.connection)
        house.dispatcher.drained(ada.connection)
    await house.settle()
    assert said(ada) == everything


async def test_a_lagging_subscription_that_cannot_be_replayed_is_closed(
    build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[FAN3] The storage is away when its turn comes: it is told to subscribe again, and has not waited in vain."""
    house = await build(outbox_bytes=1_000)
    await house.enrol("math", "ada")
    ada = await house.visitor("ada", BOARD)
    channel = house.hub.find(notes.PATH, BOARD)
    assert channel is not None
    ada.line.slow = True
    for number in range(10):
        await house.add("math", str(number))
    await house.settle()
    channel.forget_past()

    def away(_self: Storage, _work: Any) -> Any:
        raise Unavailable("the storage is away")

    with monkeypatch.context() as patch:
        patch.setattr(Storage, "read", away)
        ada.line.drain()
        await ada.event("channel.closed")
    assert ada.named("channel.closed")[0].data == {"reason": "lagging"}
    position = {"epoch": channel.epoch, "offset": ada.offsets(BOARD)[-1]}
    await ada.ask("subscribe", channel=BOARD, since=position)
    assert said(ada) == list(map(str, range(10)))
