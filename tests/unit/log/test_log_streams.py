"""Streams: offsets, epochs, reading in order, beginning anew."""

from __future__ import annotations

from functools import partial
from typing import Any

from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from tests.unit.log.ledger import Ledger

from coursewire import log
from coursewire.log import streams
from coursewire.storage import Transaction


def append(tx: Transaction, channel: str, name: str, **options: Any) -> log.Position:
    return log.append(
        tx,
        "/chat",
        channel,
        event="message.sent",
        data=b'"%s"' % name.encode(),
        id=name,
        at=tx.now,
        **options,
    )


def test_offsets_count_from_one_in_each_stream(ledger: Ledger) -> None:
    """[LOG2] Each channel of each namespace counts for itself."""
    assert [ledger.do(append, "room:1", name).offset for name in "abc"] == [1, 2, 3]
    assert ledger.do(append, "room:2", "d").offset == 1
    other = ledger.do(log.append, "/analytics", "room:1", event="e", data=b"1", id="e", at=1)
    assert other.offset == 1


def test_works_of_one_group_follow_each_other_in_a_stream(ledger: Ledger) -> None:
    """[LOG2]"""
    group = ledger.group([partial(append, channel="room:1", name=name) for name in "abcd"])
    assert [outcome.value.offset for outcome in group.outcomes] == [1, 2, 3, 4]


def test_an_event_of_a_work_that_fails_never_was(ledger: Ledger) -> None:
    """[LOG1] [LOG2] The next event takes its offset: there is no hole."""

    def fails(tx: Transaction) -> None:
        append(tx, "room:1", "lost")
        raise LookupError

    group = ledger.group([lambda tx: append(tx, "room:1", "a"), fails, lambda tx: append(tx, "room:1", "b")])
    assert isinstance(group.outcomes[1].error, LookupError)
    assert [event.id for event in ledger.do(log.read_after, "/chat", "room:1", 0, 10)] == ["a", "b"]
    assert ledger.do(log.position, "/chat", "room:1").offset == 2


def test_an_event_comes_back_as_it_was_given(ledger: Ledger) -> None:
    ledger.now = 7_777
    ledger.do(
        log.append,
        "/chat",
        "room:1",
        event="message.sent",
        data=b'{"\\u00e9": "\xc3\xa9"}',
        id="x",
        at=5,
        actor="ada",
    )
    assert ledger.do(log.read_after, "/chat", "room:1", 0, 10) == [
        log.Logged(1, "x", "message.sent", b'{"\\u00e9": "\xc3\xa9"}', 5, "ada")
    ]


def test_data_need_not_be_text(ledger: Ledger) -> None:
    ledger.do(log.append, "/collaboration", "document:1", event="e", data=b"\x00\xff", id="x", at=5)
    [event] = ledger.do(log.read_after, "/collaboration", "document:1", 0, 10)
    assert event.data == b"\x00\xff"


def test_reading_goes_on_after_an_offset_and_stops_at_the_limit(ledger: Ledger) -> None:
    for name in "abcde":
        ledger.do(append, "room:1", name)
    assert [event.offset for event in ledger.do(log.read_after, "/chat", "room:1", 1, 3)] == [2, 3, 4]
    assert ledger.do(log.read_after, "/chat", "room:1", 5, 3) == []
    assert ledger.do(log.read_after, "/chat", "room:2", 0, 3) == []


def test_a_stream_never_written_has_the_epoch_of_the_database(ledger: Ledger) -> None:
    before = ledger.do(log.position, "/chat", "room:1")
    assert before.offset == 0
    assert before.first == 1
    assert before.epoch
    after = ledger.do(append, "room:1", "a")
    assert after == (before.epoch, 1), "a position from before the first event can be resumed"


def test_two_databases_have_two_epochs(ledger: Ledger) -> None:
    """[LOG4] A stream that was lost has another epoch when it is made again."""
    other = Ledger()
    try:
        assert (
            other.do(log.position, "/chat", "room:1").epoch
            != ledger.do(log.position, "/chat", "room:1").epoch
        )
    finally:
        other.close()


def test_a_stream_begun_anew_has_another_epoch_and_counts_from_one(ledger: Ledger) -> None:
    """[LOG4]"""
    first = ledger.do(append, "room:1", "a")
    neighbour = ledger.do(append, "room:2", "b")
    anew = ledger.do(log.reset, "/chat", "room:1")
    assert anew.offset == 0
    assert anew.epoch != first.epoch
    assert ledger.do(log.read_after, "/chat", "room:1", 0, 10) == []
    assert ledger.do(append, "room:1", "c") == (anew.epoch, 1)
    assert ledger.do(log.position, "/chat", "room:2")[:2] == neighbour


def test_a_stream_begun_anew_forgets_what_was_trimmed(ledger: Ledger) -> None:
    """[LOG4]"""
    for name in "abc":
        ledger.do(append, "room:1", name)
    ledger.do(log.trim, 0, 1)
    anew = ledger.do(log.reset, "/chat", "room:1")
    assert ledger.do(log.position, "/chat", "room:1") == (anew.epoch, 0, 1)


def test_a_stream_can_begin_anew_before_its_first_event(ledger: Ledger) -> None:
    """[LOG4]"""
    before = ledger.do(log.position, "/chat", "room:1")
    anew = ledger.do(log.reset, "/chat", "room:1")
    assert anew.epoch != before.epoch
    assert ledger.do(log.position, "/chat", "room:1") == (anew.epoch, 0, 1)
    assert ledger.do(append, "room:1", "a") == (anew.epoch, 1)


def test_the_positions_of_many_streams_are_one_read(ledger: Ledger) -> None:
    """[FAN2] What a node compares its channels with. Those that were never written have none."""
    for channel, name in (("room:1", "a"), ("room:1", "b"), ("room:2", "c"), ("room:3", "d")):
        ledger.do(append, channel, name)
    anew = ledger.do(log.reset, "/chat", "room:3")
    found = ledger.do(log.positions, "/chat", ["room:1", "room:3", "room:9"])
    assert found == {"room:1": ledger.do(log.position, "/chat", "room:1")[:2], "room:3": anew}
    assert ledger.do(log.positions, "/analytics", ["room:1"]) == {}
    assert ledger.do(log.positions, "/chat", []) == {}


def test_an_attachment_comes_back_beside_the_data(ledger: Ledger) -> None:
    """Those with and without one, appended alone and with others."""
    for attachment in (b"\x00\n\xff", None, b""):
        ledger.do(
            log.append, "/c", "d:1", event="e", data=b"{}", id="x", at=5, subject="s", attachment=attachment
        )
    entries = [log.Entry("d:1", "e", b"{}", "y", attachment=b"y" * 9), log.Entry("d:2", "e", b"{}", "z")]
    ledger.do(log.append_many, "/c", entries, at=5)
    found = [event.attachment for event in ledger.do(log.read_after, "/c", "d:1", 0, 10)]
    assert found == [b"\x00\n\xff", None, b"", b"y" * 9]
    assert [event.attachment for event in ledger.do(log.read_after, "/c", "d:2", 0, 10)] == [None]


def test_attachments_count_for_what_a_replay_may_hold(ledger: Ledger) -> None:
    """[SUB3]"""
    for channel in ("d:1", "d:2"):
        epoch = ledger.do(log.position, "/c", channel).epoch
        if channel == "d:1":
            ledger.do(log.append, "/c", channel, event="e", data=b"{}", id="x", at=5, attachment=b"x" * 98)
        else:
            ledger.do(log.append_many, "/c", [log.Entry(channel, "e", b"{}", "x", None, b"x" * 98)], at=5)
        assert ledger.do(log.resume, "/c", channel, (epoch, 0), limit_bytes=99).reason == "limit"
        [event] = ledger.do(log.resume, "/c", channel, (epoch, 0), limit_bytes=100).events
        assert event.attachment == b"x" * 98


def test_a_stream_is_locked_between_reading_and_moving_it() -> None:
    """[LOG2] On a database that lets several write at once; SQLite has one writer, and no such clause."""
    dialect = PGDialect_psycopg()  # type: ignore[no-untyped-call] # SQLAlchemy's
    assert streams._STREAM.compiled(dialect).sql.endswith("FOR UPDATE")
