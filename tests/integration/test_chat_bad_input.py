"""Whatever is sent: the contract's error that names the field, nothing written, nobody else disturbed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from tests.integration.chat_campus import COURSE, Campus, Person, campus

from coursewire.namespaces.chat.contract import COMMANDS

pytestmark = pytest.mark.asyncio(loop_scope="module")


class Scene:
    """One server for all of this file: nothing that is refused may change it."""

    def __init__(self, site: Campus, ada: Person, ben: Person) -> None:
        self.site, self.ada, self.ben = site, ada, ben
        self.room: dict[str, Any] = {}
        self.message: dict[str, Any] = {}
        self.hidden_room: dict[str, Any] = {}
        self.hidden_message: dict[str, Any] = {}
        self.payloads: dict[str, dict[str, Any]] = {}

    async def set_up(self) -> None:
        self.room = await self.ada.open("discussion", title="T")
        self.message = await self.ben.send(self.room["id"], "hello")
        await self.ada.listen(self.room["id"])
        cleo = await self.site.come("cleo")
        self.hidden_room = await cleo.open("direct", member_ids=["ada"])
        self.hidden_message = await cleo.send(self.hidden_room["id"], "between us")
        room_id, message_id = self.room["id"], self.message["id"]
        # A good payload for each command; each test breaks one thing in it.
        self.payloads = {
            "room.list": {},
            "room.open": {"key": "k", "kind": "group", "member_ids": ["cleo"], "title": "T"},
            "room.join": {"room_id": room_id},
            "room.leave": {"room_id": room_id},
            "room.update": {"key": "k", "room_id": room_id, "title": "New"},
            "room.members": {"room_id": room_id},
            "room.pins": {"room_id": room_id},
            "message.send": {"key": "k", "room_id": room_id, "text": "hello"},
            "message.edit": {"key": "k", "message_id": message_id, "text": "hello", "version": 1},
            "message.delete": {"key": "k", "message_id": message_id},
            "message.pin": {"key": "k", "message_id": message_id, "on": True},
            "message.react": {
                "key": "k",
                "message_id": message_id,
                "emoji": "\N{THUMBS UP SIGN}",
                "on": True,
            },
            "message.reveal": {"message_id": message_id},
            "message.search": {"query": "hello", "room_id": room_id},
            "message.report": {"key": "k", "message_id": message_id, "reason": "spam"},
            "room.moderate": {"key": "k", "room_id": room_id, "action": "lock"},
            "report.list": {},
            "audit.list": {"room_id": room_id},
            "receipt.read": {"message_id": message_id},
            "history.read": {"room_id": room_id},
            "receipt.mark": {"room_id": room_id, "read": message_id},
            "typing.set": {"room_id": room_id, "active": True},
            "presence.set": {"status": "online"},
        }

    async def is_refused(self, command: str, *payload: Any) -> dict[str, Any]:
        """Send it as ben; it must be refused, change nothing, and be heard by nobody."""
        before = await self.site.counts()
        self.ada.events.clear()
        answer = await self.ben.ask(command, *payload)
        assert answer["ok"] is False, answer
        error: dict[str, Any] = answer["error"]
        assert await self.site.counts() == before
        await self.ada.settle()
        # Who is here, and the counts of what was said before, may still arrive.
        late = {"presence.changed", "unread.changed"}
        assert [event for event in self.ada.events if event[0] not in late] == []
        assert error["message"]
        assert error["retryable"] is False
        return error


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene() -> AsyncIterator[Scene]:
    async with campus() as site:
        scene = Scene(site, await site.come("ada"), await site.come("ben"))
        await scene.set_up()
        yield scene


async def test_every_command_has_a_good_payload_to_break(scene: Scene) -> None:
    assert {command.command for command in COMMANDS} == set(_FIELDS) == set(scene.payloads)


_FIELDS: dict[str, list[tuple[str, Any, str]]] = {
    # command: (field, a value that it may not have, the field that the error names)
    "room.list": [
        ("course_id", 5, "course_id"), ("course_id", "a b", "course_id"), ("course_id", "x" * 129, "course_id"),
        ("cursor", "junk", "cursor"), ("cursor", "", "cursor"), ("cursor", "9" * 30 + "/x", "cursor"),
        ("cursor", "5/" + "x" * 600, "cursor"), ("cursor", "\ud800", "cursor"), ("cursor", 5, "cursor"),
        ("limit", 0, "limit"), ("limit", 101, "limit"), ("limit", "many", "limit"), ("limit", 10**30, "limit"),
    ],
    "room.open": [
        ("key", None, "key"), ("key", "", "key"), ("key", "a b", "key"), ("key", "x" * 129, "key"),
        ("kind", "party", "kind"), ("kind", ["group"], "kind"), ("title", "", "title"), ("title", "a\nb", "title"),
        ("title", "x" * 201, "title"), ("title", "\x07", "title"), ("title", "\udfff", "title"),
        ("member_ids", "cleo", "member_ids"), ("member_ids", [], "member_ids"), ("member_ids", ["ben"], "member_ids"),
        ("member_ids", [f"u{n}" for n in range(201)], "member_ids"), ("member_ids", ["cleo", 5], "member_ids.1"),
        ("member_ids", ["cleo", "nobody"], "member_ids.1"), ("member_ids", ["eve"], "member_ids.0"),
        ("member_ids", ["' OR 1=1 --"], "member_ids.0"), ("course_id", "nowhere", "course_id"),
        ("course_id", "math", "course_id"), ("course_id", "../cs101", "course_id"),
    ],
    "room.join": [("room_id", "nowhere", "room_id"), ("room_id", None, "room_id"), ("key", "a b", "key")],
    "room.leave": [("room_id", "", "room_id"), ("room_id", {"id": "x"}, "room_id")],
    "room.update": [
        ("title", 5, "title"), ("add_member_ids", {"0": "ada"}, "add_member_ids"), ("key", 7, "key"),
        ("receipts", "some", "receipts"), ("remove_member_ids", ["a"] * 201, "remove_member_ids"),
        ("title", None, "payload"),
    ],
    "room.pins": [("room_id", "nowhere", "room_id"), ("room_id", None, "room_id")],
    "room.members": [
        ("cursor", "junk", "cursor"), ("cursor", "/", "cursor"), ("limit", 201, "limit"), ("limit", -1, "limit"),
    ],
    "message.send": [
        ("text", "", "text"), ("text", "   \n", "text"), ("text", "x" * 8_001, "text"), ("text", 5, "text"),
        ("text", ["hello"], "text"), ("text", None, "text"), ("text", "a\x00b", "text"), ("text", "\x1b[31m", "text"),
        ("text", "\ud83d", "text"), ("text", "\x85", "text"), ("reply_to", "nowhere", "reply_to"),
        ("reply_to", "a/b", "reply_to"), ("thread_id", "nowhere", "thread_id"), ("mentions", "ada", "mentions"),
        ("mentions", ["a b"], "mentions.0"), ("mentions", ["ada"] * 51, "mentions"),
        ("anonymous", "perhaps", "anonymous"), ("key", None, "key"), ("room_id", "nowhere", "room_id"),
        ("room_id", "room:x\u0000", "room_id"), ("room_id", ["r"], "room_id"),
    ],
    "message.edit": [
        ("version", 0, "version"), ("version", "new", "version"), ("version", 1.5, "version"),
        ("version", 10**30, "version"), ("message_id", "nowhere", "message_id"), ("text", "x" * 8_001, "text"),
    ],
    "message.delete": [
        ("message_id", "nowhere", "message_id"), ("message_id", "%", "message_id"), ("version", 9, "version"),
    ],
    "message.pin": [
        ("message_id", "nowhere", "message_id"), ("on", "perhaps", "on"), ("version", 0, "version"),
        ("version", "new", "version"), ("key", None, "key"),
    ],
    "message.react": [
        ("message_id", "nowhere", "message_id"), ("emoji", "", "emoji"), ("emoji", "yes", "emoji"),
        ("emoji", "\N{THUMBS UP SIGN}" * 2, "emoji"), ("emoji", "<b>", "emoji"), ("emoji", None, "emoji"),
        ("emoji", "\N{MAN}" + "\u200d\N{MAN}" * 40, "emoji"), ("emoji", 5, "emoji"), ("emoji", "\u200d", "emoji"),
        ("emoji", "\N{REGIONAL INDICATOR SYMBOL LETTER D}", "emoji"), ("on", None, "on"), ("on", "often", "on"),
    ],
    "history.read": [
        ("before", "nowhere", "before"), ("after", "nowhere", "after"), ("around", "nowhere", "around"),
        ("before", 5, "before"), ("limit", 0, "limit"), ("limit", 101, "limit"), ("thread_id", "a b", "thread_id"),
        ("thread_id", "nowhere", "thread_id"),
    ],
    "message.reveal": [("message_id", "nowhere", "message_id"), ("message_id", None, "message_id")],
    "message.search": [
        ("query", "", "query"), ("query", None, "query"), ("query", "x" * 201, "query"), ("query", "?!", "query"),
        ("query", '"""', "query"), ("query", "a\x00b", "query"), ("query", 5, "query"),
        ("room_id", "nowhere", "room_id"),
        ("course_id", "math", "course_id"), ("cursor", "junk", "cursor"), ("cursor", "%' OR 1=1 --", "cursor"),
        ("limit", 0, "limit"), ("limit", 51, "limit"), ("limit", "all", "limit"),
    ],
    "message.report": [
        ("key", None, "key"), ("reason", None, "reason"), ("reason", "boring", "reason"), ("note", "", "note"),
        ("note", "x" * 1_001, "note"), ("note", "\x07", "note"), ("message_id", "nowhere", "message_id"),
    ],
    "room.moderate": [
        ("key", None, "key"), ("action", None, "action"), ("action", "ban", "action"), ("action", "hide", "message_id"),
        ("action", "mute", "user_id"), ("action", "slow_mode", "seconds"), ("seconds", -1, "seconds"),
        ("seconds", 10**9, "seconds"), ("seconds", "long", "seconds"), ("user_id", "a b", "user_id"),
        ("note", " ", "note"), ("message_id", 5, "message_id"), ("room_id", "nowhere", "room_id"),
    ],
    "report.list": [
        ("state", "closed", "state"), ("cursor", "junk", "cursor"), ("cursor", "~", "cursor"), ("limit", 101, "limit"),
        ("room_id", "nowhere", "room_id"), ("course_id", "nowhere", "course_id"), ("course_id", "math", "course_id"),
    ],
    "audit.list": [
        ("room_id", "nowhere", "room_id"), ("room_id", None, "room_id"), ("cursor", "junk", "cursor"),
        ("limit", 0, "limit"),
    ],
    "receipt.read": [("message_id", "nowhere", "message_id"), ("message_id", "%", "message_id")],
    "receipt.mark": [
        ("read", "nowhere", "read"), ("delivered", "nowhere", "delivered"),
        ("read", None, "payload"), ("key", "", "key"),
    ],
    "typing.set": [("active", "perhaps", "active"), ("active", None, "active"), ("room_id", "nowhere", "room_id")],
    "presence.set": [("status", "asleep", "status"), ("status", None, "status"), ("status", 1, "status")],
}  # fmt: skip


@pytest.mark.parametrize(
    ("command", "field", "value", "named"),
    [(command, *case) for command, cases in _FIELDS.items() for case in cases],
    ids=lambda value: repr(value)[:24],
)
async def test_a_bad_field_is_named(scene: Scene, command: str, field: str, value: Any, named: str) -> None:
    payload = {**scene.payloads[command], field: value}
    if value is None:
        del payload[field]
    error = await scene.is_refused(command, payload)
    assert (error["code"] in {"invalid", "not_found", "conflict"}, error["field"]) == (True, named), error


async def test_a_text_that_is_too_long_is_told_by_its_characters(scene: Scene) -> None:
    """Whoever wrote it reads this."""
    payload = {**scene.payloads["message.send"], "text": "x" * 8_001}
    error = await scene.is_refused("message.send", payload)
    assert error["message"] == "text: must have at most 8000 characters, not 8001"


@pytest.mark.parametrize("command", sorted(_FIELDS))
@pytest.mark.parametrize("payload", [[], ["a"], "text", 5, True, [{}]], ids=repr)
async def test_a_payload_of_another_shape_is_named(scene: Scene, command: str, payload: Any) -> None:
    error = await scene.is_refused(command, payload)
    assert (error["code"], error["field"]) == ("invalid", "payload")


@pytest.mark.parametrize("command", sorted(set(_FIELDS) - {"room.list", "report.list"}))
async def test_no_payload_at_all_names_what_is_missing(scene: Scene, command: str) -> None:
    error = await scene.is_refused(command)
    required = [name for name in scene.payloads[command] if name != "title"]
    assert error["code"] == "invalid"
    assert error["field"] in required


@pytest.mark.parametrize(
    "name",
    ["message.sent", "message.", "", "room.list ", "Room.List", "__init__", "x" * 10_000, "\ud800", "\x00"],
)
async def test_an_unknown_command_is_told(scene: Scene, name: str) -> None:
    assert (await scene.is_refused(name, {}))["code"] == "unknown_command"


async def test_what_one_may_not_see_looks_like_what_is_not_there(scene: Scene) -> None:
    """Every command, with the id of a hidden room or message and with one that is nowhere: the same answer."""
    hidden = {"room_id": scene.hidden_room["id"], "message_id": scene.hidden_message["id"]}
    for command, payload in scene.payloads.items():
        for field in hidden.keys() & payload.keys():
            there = await scene.is_refused(command, {**payload, field: hidden[field]})
            nowhere = await scene.is_refused(command, {**payload, field: "nowhere"})
            assert (command, there) == (command, nowhere)
            assert (there["code"], there["field"]) == ("not_found", field)
    for field in ("reply_to", "thread_id"):
        payload = scene.payloads["message.send"]
        there = await scene.is_refused("message.send", {**payload, field: hidden["message_id"]})
        assert there == await scene.is_refused("message.send", {**payload, field: "nowhere"})
    for field in ("before", "after", "around"):
        payload = scene.payloads["history.read"]
        there = await scene.is_refused("history.read", {**payload, field: hidden["message_id"]})
        assert there == await scene.is_refused("history.read", {**payload, field: "nowhere"})
    for field in ("read", "delivered"):
        payload = {"room_id": scene.room["id"], field: hidden["message_id"]}
        there = await scene.is_refused("receipt.mark", payload)
        assert there == await scene.is_refused("receipt.mark", {**payload, field: "nowhere"})


@pytest.mark.parametrize(
    ("channel", "code"),
    [
        ("room:nowhere", "not_found"), ("user:ada", "forbidden"), ("user:nobody", "forbidden"),
        ("course:cs101", "invalid"), ("room", "invalid"), ("room:", "invalid"), (":x", "invalid"), ("", "invalid"),
        ("room:a b", "invalid"), ("room:" + "x" * 300, "invalid"), ("room:\x00", "invalid"), ("room:\ud800", "invalid"),
        (5, "invalid"), (None, "invalid"), (["room:x"], "invalid"),
    ],
)  # fmt: skip
async def test_a_channel_that_one_may_not_have(scene: Scene, channel: Any, code: str) -> None:
    """[SUB1]"""
    error = await scene.is_refused("subscribe", {"channel": channel})
    assert (error["code"], error["field"]) == (code, "channel")
    if code != "invalid":
        hidden = await scene.is_refused("subscribe", {"channel": f"room:{scene.hidden_room['id']}"})
        absent = await scene.is_refused("subscribe", {"channel": "room:nowhere"})
        assert hidden == absent


@pytest.mark.parametrize(
    "since", [5, "x", [], {"epoch": "e"}, {"epoch": "", "offset": 0}, {"epoch": "e", "offset": "x"}]
)
async def test_a_position_that_is_none(scene: Scene, since: Any) -> None:
    error = await scene.is_refused("subscribe", {"channel": f"room:{scene.room['id']}", "since": since})
    assert error["code"] == "invalid"
    assert error["field"].startswith("since")


async def test_a_sql_word_is_only_a_word(scene: Scene) -> None:
    text = "'; DROP TABLE chat_messages; -- %s :room_id {0} \\ \" \u202e"
    message = await scene.ben.send(scene.room["id"], text)
    assert message["text"] == text
    page = await scene.ben.do("history.read", room_id=scene.room["id"])
    assert page["items"][-1]["text"] == text


async def test_unknown_fields_are_ignored(scene: Scene) -> None:
    """A newer client may say more than this server knows."""
    message = await scene.ben.send(
        scene.room["id"], "hello", number=99, author={"user_id": "ada"}, state="hidden"
    )
    assert (message["author"]["user_id"], message["state"]) == ("ben", "sent")


async def test_odd_arguments_after_the_payload_are_ignored(scene: Scene) -> None:
    answer = await scene.ben.ask("room.list", {}, "more", [1])
    assert answer["ok"]


async def test_bytes_are_no_text(scene: Scene) -> None:
    error = await scene.is_refused("message.send", {**scene.payloads["message.send"], "text": b"\0\1"})
    assert (error["code"], error["field"]) == ("invalid", "text")
    assert (await scene.is_refused("message.send", b"\0\1"))["field"] == "payload"


async def test_a_ping_of_any_kind_does_not_stop_the_line(scene: Scene) -> None:
    """[CMD1] What cannot be answered is told; the commands behind it go on."""
    good: list[Any] = [0, 1.5, "text"]
    for sent_at in good:
        assert (await scene.ben.ask("ping", {"sent_at": sent_at}))["ok"]
    bad: list[Any] = [None, [], {"a": 1}, "\ud800"]
    for sent_at in bad:
        assert (await scene.ben.ask("ping", {"sent_at": sent_at}))["error"]["code"] == "invalid"
    await scene.ben.settle()


async def test_a_message_too_long_for_the_server_ends_only_its_own_connection(scene: Scene) -> None:
    loud = await scene.site.come("cleo")
    await loud.client.emit("message.send", {"text": "x" * 1_200_000}, namespace="/chat")
    async with asyncio.timeout(30):
        await loud.gone.wait()
    await scene.ben.settle()
    await scene.ada.settle()


async def test_a_flood_is_limited_and_the_others_are_served() -> None:
    """[CMD2] Limited before anything is run; the error says when to come again."""
    async with campus(rate_limits=True, commands_per_second=1.0, commands_burst=5.0) as site:
        ada, ben = await site.come("ada"), await site.come("ben")
        room = await ada.open("course", course_id=COURSE)
        before = await site.counts()
        answers = await asyncio.gather(
            *(
                ben.ask("message.send", {"key": f"k{index}", "room_id": room["id"], "text": "x"})
                for index in range(30)
            )
        )
        limited = [answer["error"] for answer in answers if not answer["ok"]]
        assert len(limited) >= 20
        assert {error["code"] for error in limited} == {"rate_limited"}
        assert all(error["retryable"] and error["retry_after_ms"] > 0 for error in limited)
        assert (await site.counts())["chat_messages"] == before["chat_messages"] + 30 - len(limited)
        assert (await (await site.come("cleo")).ask("room.list", {}))["ok"]
