"""Appending one event to each of many streams at once."""

from __future__ import annotations

from tests.unit.log.ledger import Ledger

from coursewire import log
from coursewire.storage import Transaction
from coursewire.vocabulary import new_id


def entry(channel: str, name: str) -> log.Entry:
    return log.Entry(channel, "notification.created", b'"%s"' % name.encode(), name, subject="n1")


def append_each(tx: Transaction, channels: list[str], name: str) -> list[log.Position]:
    entries = [entry(channel, f"{name}-{channel}") for channel in channels]
    return log.append_many(tx, "/notifications", entries, at=tx.now, actor="ada")


def test_each_stream_counts_on_for_itself(ledger: Ledger) -> None:
    """[LOG2] Streams that were written before and streams that begin, in one go with single appends."""
    ledger.do(log.append, "/notifications", "user:bo", event="e", data=b"1", id="first", at=1)
    positions = ledger.do(append_each, ["user:ada", "user:bo", "user:cleo"], "a")
    assert [position.offset for position in positions] == [1, 2, 1]
    assert len({position.epoch for position in positions}) == 1
    assert [position.offset for position in ledger.do(append_each, ["user:bo", "user:ada"], "b")] == [3, 2]
    last = ledger.do(log.append, "/notifications", "user:bo", event="e", data=b"1", id="last", at=1)
    assert last.offset == 4
    events = ledger.do(log.read_after, "/notifications", "user:bo", 0, 10)
    assert [event.id for event in events] == ["first", "a-user:bo", "b-user:bo", "last"]
    assert (events[1].data, events[1].actor) == (b'"a-user:bo"', "ada")


def test_they_can_be_taken_back_by_their_subject(ledger: Ledger) -> None:
    """[LOG5]"""
    ledger.do(append_each, ["user:ada", "user:bo"], "a")
    changed = ledger.do(log.redact, "/notifications", "n1", b'"gone"')
    assert changed == {"user:ada", "user:bo"}
    assert [event.data for event in ledger.do(log.read_after, "/notifications", "user:bo", 0, 10)] == [
        b'"gone"'
    ]


def test_several_in_one_channel_follow_each_other(ledger: Ledger) -> None:
    """[LOG2] Beside others, in a stream that begins and in one that goes on."""
    ledger.do(log.append, "/notifications", "user:bo", event="e", data=b"1", id="first", at=1)
    entries = [
        entry(channel, f"{number}")
        for number, channel in enumerate(
            ("user:ada", "user:bo", "user:ada", "user:cleo", "user:bo", "user:ada")
        )
    ]
    positions = ledger.do(lambda tx: log.append_many(tx, "/notifications", entries, at=tx.now))
    assert [position.offset for position in positions] == [1, 2, 2, 1, 3, 3]
    events = ledger.do(log.read_after, "/notifications", "user:ada", 0, 10)
    assert [(event.offset, event.id) for event in events] == [(1, "0"), (2, "2"), (3, "5")]
    assert ledger.do(log.position, "/notifications", "user:bo").offset == 3
    last = ledger.do(log.append, "/notifications", "user:bo", event="e", data=b"1", id="last", at=1)
    assert last.offset == 4


def test_none_is_nothing(ledger: Ledger) -> None:
    assert ledger.do(append_each, [], "a") == []
    assert ledger.do(log.position, "/notifications", "user:ada").offset == 0


def test_events_of_one_channel_have_their_own_actors(ledger: Ledger) -> None:
    """[LOG2] A stream that begins with several, and one that goes on with them."""

    def append(tx: Transaction, *actors: str) -> list[log.Position]:
        entries = [
            log.Entry("document:7", "document.updated", b"{}", new_id(), actor=actor or None)
            for actor in actors
        ]
        return log.append_many(tx, "/chat", entries, at=1, actor="nobody")

    assert [position.offset for position in ledger.do(append, "ada", "", "bo")] == [1, 2, 3]
    assert [position.offset for position in ledger.do(append, "cleo")] == [4]
    found = ledger.do(log.read_after, "/chat", "document:7", 0, 9)
    assert [(event.offset, event.actor) for event in found] == [
        (1, "ada"),
        (2, "nobody"),
        (3, "bo"),
        (4, "cleo"),
    ]
