"""Taking something back: payloads change, offsets stay."""

from __future__ import annotations

from typing import Any

import orjson
from sqlalchemy import select
from tests.unit.log.ledger import Ledger

from coursewire import log
from coursewire.log.schema import remembered
from coursewire.storage import Prepared

SUBJECTS = Prepared(select(remembered.c.subject))


def said(ledger: Ledger, channel: str, subject: str | None, text: str, namespace: str = "/chat") -> None:
    data = orjson.dumps({"id": subject, "text": text})
    ledger.do(log.append, namespace, channel, event="e", data=data, id=text, at=1, subject=subject)


def texts(ledger: Ledger, channel: str, namespace: str = "/chat") -> list[tuple[int, str]]:
    events = ledger.do(log.read_after, namespace, channel, 0, 100)
    return [(event.offset, orjson.loads(event.data)["text"]) for event in events]


GONE = b'{"id":"m1","text":""}'


def test_every_event_of_the_subject_is_rewritten_in_its_place(ledger: Ledger) -> None:
    """[LOG5] The sending and the edits, in all channels; nothing else."""
    said(ledger, "room:1", "m1", "secret")
    said(ledger, "room:1", "m2", "kept")
    said(ledger, "room:1", "m1", "secret, edited")
    said(ledger, "user:ada", "m1", "secret, copied")
    said(ledger, "room:1", None, "no subject")
    assert ledger.do(log.redact, "/chat", "m1", GONE) == {"room:1", "user:ada"}
    assert texts(ledger, "room:1") == [(1, ""), (2, "kept"), (3, ""), (4, "no subject")]
    assert texts(ledger, "user:ada") == [(1, "")]


def test_the_same_subject_in_another_namespace_stays(ledger: Ledger) -> None:
    """[LOG5]"""
    said(ledger, "room:1", "m1", "kept", namespace="/analytics")
    assert ledger.do(log.redact, "/chat", "m1", GONE) == frozenset()
    assert texts(ledger, "room:1", "/analytics") == [(1, "kept")]


def test_a_replay_counts_the_new_size(ledger: Ledger) -> None:
    """[LOG5] [SUB3]"""
    said(ledger, "room:1", "m1", "x" * 5_000)
    epoch = ledger.do(log.position, "/chat", "room:1").epoch
    assert ledger.do(log.resume, "/chat", "room:1", (epoch, 0), limit_bytes=100).reason == "limit"
    ledger.do(log.redact, "/chat", "m1", GONE)
    resumed = ledger.do(log.resume, "/chat", "room:1", (epoch, 0), limit_bytes=100)
    assert [event.data for event in resumed.events] == [GONE]


def test_a_function_rewrites_payloads_that_differ(ledger: Ledger) -> None:
    """[LOG5] A person who came and went in several rooms."""
    for channel in ("room:1", "room:2"):
        data = orjson.dumps({"room_id": channel, "user_id": "ada", "name": "Ada"})
        ledger.do(log.append, "/chat", channel, event="e", data=data, id=channel, at=1, subject="ada")

    def without_name(data: bytes) -> bytes:
        return orjson.dumps(orjson.loads(data) | {"name": ""})

    ledger.do(log.redact, "/chat", "ada", without_name)
    for channel in ("room:1", "room:2"):
        [event] = ledger.do(log.read_after, "/chat", channel, 0, 10)
        assert orjson.loads(event.data) == {"room_id": channel, "user_id": "ada", "name": ""}


def test_answers_to_commands_show_no_more_than_the_log(ledger: Ledger) -> None:
    """[LOG5] [LOG3] A repeated `message.send` must not bring the text back."""
    answer = {
        "message": {"id": "m1", "text": "secret"},
        "quotes": [{"id": "m1", "text": "secret"}, {"id": "m2"}],
    }
    ledger.do(log.remember, "ada", "/chat", "k1", b"d", orjson.dumps(answer), "m1")
    ledger.do(log.remember, "ada", "/analytics", "k1", b"d", orjson.dumps(answer), "m1")
    ledger.do(log.redact, "/chat", "m1", GONE)
    rewritten = orjson.loads(ledger.do(log.recall, "ada", "/chat", "k1", b"d"))
    assert rewritten == {
        "message": {"id": "m1", "text": ""},
        "quotes": [{"id": "m1", "text": ""}, {"id": "m2"}],
    }
    assert orjson.loads(ledger.do(log.recall, "ada", "/analytics", "k1", b"d")) == answer


def test_what_is_taken_back_from_some_channels_stays_in_the_others(ledger: Ledger) -> None:
    """[LOG5] And with those whose own channel is not one of them: they may still read it."""
    for channel in ("user:ada", "user:bob"):
        said(ledger, channel, "m1", "secret")
    for who in ("ada", "bob"):
        ledger.do(log.remember, who, "/chat", "k1", b"d", b'{"id":"m1","text":"secret"}', "m1")
    assert ledger.do(log.redact, "/chat", "m1", GONE, channels={"user:ada"}) == {"user:ada"}
    assert (texts(ledger, "user:ada"), texts(ledger, "user:bob")) == ([(1, "")], [(1, "secret")])
    answers = [orjson.loads(ledger.do(log.recall, who, "/chat", "k1", b"d")) for who in ("ada", "bob")]
    assert [answer["text"] for answer in answers] == ["", "secret"]


def test_what_only_has_the_id_of_a_person_keeps_its_subject(ledger: Ledger) -> None:
    """[LOG5] It can still be taken back by it, when they have been erased."""
    said(ledger, "room:1", "ada", "a room that is called ada")
    ledger.do(log.forget_person, "/chat", "ada", own=[], others=[], rewrite=lambda data: data)
    assert texts(ledger, "room:1") == [(1, "a room that is called ada")]
    assert ledger.do(log.redact, "/chat", "ada", GONE) == {"room:1"}
    assert texts(ledger, "room:1") == [(1, "")]


def test_a_person_is_taken_out_of_the_log(ledger: Ledger) -> None:
    """[LOG5] As subject, as actor, with what they were answered, and with their own channel; nobody else is."""

    def did(channel: str, actor: str, subject: str | None = None, namespace: str = "/chat") -> None:
        data = orjson.dumps({"user_id": subject})
        about: dict[str, Any] = {"id": channel, "at": 1, "actor": actor, "subject": subject}
        ledger.do(log.append, namespace, channel, event="e", data=data, **about)

    for channel in ("room:1", "room:2", "user:ada"):
        did(channel, "ada")
        did(channel, "bob", "ada")
        did(channel, "bob", "bob")
    did("room:1", "ada", "ada", namespace="/analytics")
    for caller, subject in (("ada", None), ("bob", "ada")):
        ledger.do(log.remember, caller, "/chat", "key", b"d", b"{}", subject)
    before = ledger.do(log.position, "/chat", "user:ada")

    changed = ledger.do(
        log.forget_person,
        "/chat",
        "ada",
        own=["user:ada", "user:never"],
        others=["room:1", "room:3"],
        rewrite=lambda _: b"{}",
    )
    assert changed == {"room:1", "room:2", "user:ada"}
    for channel in ("room:1", "room:2"):
        events = ledger.do(log.read_after, "/chat", channel, 0, 10)
        told = [(event.offset, event.data, event.actor) for event in events]
        assert told == [(1, b'{"user_id":null}', None), (2, b"{}", "bob"), (3, b'{"user_id":"bob"}', "bob")]
    assert ledger.do(log.redact, "/chat", "ada", b"again") == frozenset()
    own = ledger.do(log.position, "/chat", "user:ada")
    assert (own.offset, own.epoch == before.epoch) == (0, False)
    assert ledger.do(log.positions, "/chat", ["user:never"]) == {}
    assert ledger.do(log.recall, "ada", "/chat", "key", b"other") is None
    assert ledger.do(log.recall, "bob", "/chat", "key", b"d") == b"{}"
    assert [row.subject for row in ledger.write(lambda tx: tx.all(SUBJECTS))] == [None]
    [other] = ledger.do(log.read_after, "/analytics", "room:1", 0, 10)
    assert (other.data, other.actor) == (b'{"user_id":"ada"}', "ada")


def test_an_attachment_goes_with_what_is_taken_back(ledger: Ledger) -> None:
    """[LOG5] It becomes empty and counts for nothing; what has none gets none."""
    about: dict[str, Any] = {"event": "e", "data": b'{"id":"m1"}', "id": "x", "at": 1, "subject": "m1"}
    for attachment in (b"secret" * 100, None):
        ledger.do(log.append, "/chat", "room:1", **about, attachment=attachment)
    epoch = ledger.do(log.position, "/chat", "room:1").epoch
    ledger.do(log.redact, "/chat", "m1", b'{"id":"m1"}')
    resumed = ledger.do(log.resume, "/chat", "room:1", (epoch, 0), limit_bytes=22)
    assert [event.attachment for event in resumed.events] == [b"", None]


def test_an_attachment_stays_where_a_function_leaves_the_payload_as_it_is(ledger: Ledger) -> None:
    """[LOG5] The subject may be something else that has the same id as the person."""
    for data in (b'{"name":"Ada"}', b'{"title":"ada"}'):
        ledger.do(
            log.append,
            "/chat",
            "room:1",
            event="e",
            data=data,
            id="x",
            at=1,
            subject="ada",
            attachment=b"ink",
        )
    changed = ledger.do(
        log.forget_person, "/chat", "ada", own=[], others=[], rewrite=lambda data: data.replace(b"Ada", b"")
    )
    assert changed == {"room:1"}
    events = ledger.do(log.read_after, "/chat", "room:1", 0, 10)
    assert [(event.data, event.attachment) for event in events] == [
        (b'{"name":""}', b""),
        (b'{"title":"ada"}', b"ink"),
    ]
