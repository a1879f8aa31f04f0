"""Who may do what: every command and channel of /analytics, /collaboration and /notifications, for all kinds of people.

Those of /chat stand in tests/unit/chat/test_chat_rights.py, with every kind of room.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any, Literal, NamedTuple

import orjson
import pytest
from tests.integration import desk
from tests.integration.chat_campus import COURSE, Campus, campus
from tests.integration.desk import TARGET, Client
from tests.integration.notification_campus import finished
from tests.integration.rights import everything

from coursewire.namespaces.analytics import namespace as analytics
from coursewire.namespaces.collaboration import namespace as collaboration
from coursewire.namespaces.notifications import namespace as notifications
from coursewire.vocabulary import iso, new_id

Json = dict[str, Any]
Path = Literal["/analytics", "/collaboration", "/notifications"]

# One letter per person, in this order:
# - eve teaches another course          - fay was staff of this one, and was taken out
# - dan learns                          - ben learns, is in the group red, owns the job and the inbox
# - mia is a mentor                     - tom assists       - ada teaches, and wrote the notes
# - root: an administrator              - lms: a service token
PEOPLE = ("eve", "fay", "dan", "ben", "mia", "tom", "ada", "root", "lms")
CLAIMS: Json = {"lms": {"roles": ["service"]}, "root": {"roles": ["administrator"]}}
OUTCOMES = {"F": "forbidden", "N": "not_found", "C": "conflict", "D": "disabled"}
LET_IN = {None, "invalid", "conflict", "too_large"}
"""One did it, or was told what is wrong with what one said."""
SECRET = "lovelace"
"""What everything here is called or says that is not for everybody."""

EVERYBODY, NOBODY = ".........", "FFFFFFFFF"
ENROLLED, STAFF, THE_OWNER = "NN.....NN", "NNFFF..NN", "NNN.N..NN"  # figures are for those on the roster only
IN_COURSE, IN_GROUP = "NN.......", "NNN.N...."
STAFF_HERE = "NNNNN...."


class Row(NamedTuple):
    """Who may say a command with this payload; in braces stand things, and bytes are its attachment."""

    path: Path
    command: str
    rights: str
    payload: Json


def in_document(document: str, reads: str, edits: str, for_staff: str) -> list[Row]:
    """Return the rows of a document. Who is not in it is told that they are not, whether or not there is one."""
    here: Json = {"document_id": document}
    note = {**here, "body": "Lovelace", "target": TARGET}
    not_open = edits.replace("N", "C")
    return [
        Row("/collaboration", "document.open", reads, {**here, "client_id": "{client}", "state_vector": b""}),
        Row("/collaboration", "document.update", not_open,
            {**here, "epoch": "e1", "sequence": 1, "update": b"\0"}),
        Row("/collaboration", "document.sync", reads.replace("N", "C"),
            {**here, "epoch": "e1", "state_vector": b""}),
        Row("/collaboration", "awareness.set", reads.replace("N", "C"), {**here, "awareness": b"\0"}),
        Row("/collaboration", "document.close", EVERYBODY, here),
        Row("/collaboration", "annotation.list", reads, here),
        Row("/collaboration", "annotation.create", reads, note),
        Row("/collaboration", "annotation.create", for_staff, {**note, "visibility": "staff"}),
        Row("/collaboration", "version.list", reads, here),
        Row("/collaboration", "version.save", edits, {**here, "title": "Lovelace"}),
    ]  # fmt: skip


def on_note(note: str, updates: str, resolves: str, reads: str) -> list[Row]:
    one: Json = {"annotation_id": note, "base_revision": 1}
    return [
        Row("/collaboration", "annotation.update", updates, {**one, "body": "Lovelace"}),
        Row("/collaboration", "annotation.resolve", resolves, one),
        Row("/collaboration", "annotation.reanchor", reads, {**one, "target": TARGET}),
    ]


def on_version(version: str, reads: str, edits: str) -> list[Row]:
    one: Json = {"version_id": version}
    return [
        Row("/collaboration", "version.read", reads, one),
        Row("/collaboration", "version.compare", reads, one),
        Row("/collaboration", "version.restore", edits, one),
    ]


COURSE_ID: Json = {"course_id": COURSE}
SPAN: Json = {"from": "2026-01-01T00:00:00.000Z", "to": "2026-01-01T02:00:00.000Z"}
TOMORROW = iso(time.time_ns() // 1_000_000 + 86_400_000)
KEYS: Json = {"p256dh": "B" * 87, "auth": "C" * 22}

ROWS = [
    Row("/analytics", "activity.record", ENROLLED,
        {**COURSE_ID, "verb": "opened", "object": {"id": "x", "type": "page"}}),
    Row("/analytics", "metrics.read", ENROLLED, {**COURSE_ID, "window": "1d"}),
    Row("/analytics", "metrics.series", ENROLLED, {**COURSE_ID, "metric": "events", "bucket": "1h", **SPAN}),
    Row("/analytics", "risk.list", STAFF, COURSE_ID),
    Row("/analytics", "job.list", STAFF, COURSE_ID),
    Row("/analytics", "job.list", EVERYBODY, {}),
    Row("/analytics", "job.read", THE_OWNER, {"job_id": "{job}"}),
    Row("/analytics", "milestone.list", ENROLLED, COURSE_ID),
    Row("/analytics", "milestone.list", EVERYBODY, {}),
    Row("/analytics", "alert.list", STAFF, COURSE_ID),
    Row("/analytics", "subscribe", STAFF, {"channel": f"course:{COURSE}"}),
    Row("/analytics", "subscribe", ENROLLED, {"channel": f"cohort:{COURSE}"}),
    Row("/analytics", "subscribe", THE_OWNER, {"channel": "job:{job}"}),
    Row("/analytics", "subscribe", NOBODY, {"channel": "user:zoe"}),
    Row("/analytics", "job.cancel", THE_OWNER, {"job_id": "{job}"}),
    Row("/collaboration", "document.list", IN_COURSE, COURSE_ID),
    Row("/collaboration", "document.templates", IN_COURSE, COURSE_ID),
    Row("/collaboration", "document.create", "NNFFF....", {**COURSE_ID, "title": "Lovelace"}),
    Row("/collaboration", "document.create", "NNF.F....", {**COURSE_ID, "title": "Lovelace", "group": "red"}),
    *in_document("7", IN_COURSE, "NN..F....", "NNFFF...."),
    *in_document("r7", IN_GROUP, IN_GROUP, "NNNFN...."),
    *on_note("{note}", "NNFFFF.FF", "NN..F....", IN_COURSE),
    *on_note("{staff note}", "NNNNNF.FF", STAFF_HERE, STAFF_HERE),
    *on_version("{version}", IN_COURSE, "NN..F...."),
    *on_version("{red version}", IN_GROUP, IN_GROUP),
    Row("/collaboration", "subscribe", IN_COURSE, {"channel": "document:7"}),
    Row("/collaboration", "subscribe", IN_GROUP, {"channel": "document:r7"}),
    Row("/collaboration", "subscribe", STAFF_HERE, {"channel": "document:7:staff"}),
    Row("/collaboration", "subscribe", IN_GROUP, {"channel": "document:7:group:red"}),
    Row("/collaboration", "subscribe", NOBODY, {"channel": "user:zoe"}),
    Row("/collaboration", "annotation.delete", STAFF_HERE, {"annotation_id": "{staff note}"}),
    Row("/collaboration", "annotation.delete", "NNFFF....", {"annotation_id": "{note}"}),
    Row("/notifications", "notification.list", EVERYBODY, {}),
    Row("/notifications", "notification.list", "FFF.FFFFF", {"filter": {"user_id": "ben"}}),
    Row("/notifications", "notification.mark", "NNN.NNNNN", {"ids": ["{item}"], "as": "read"}),
    Row("/notifications", "notification.mark", "FFF.FFFFF", {"filter": {"user_id": "ben"}, "as": "read"}),
    Row("/notifications", "notification.snooze", "NNN.NNNNN",
        {"id": "{item}", "until": TOMORROW}),
    Row("/notifications", "preferences.read", EVERYBODY, {}),
    Row("/notifications", "preferences.update", EVERYBODY, {"least_priority": "low"}),
    Row("/notifications", "push.subscribe", "DDDDDDDDD",
        {"endpoint": "https://push.example.org/x", "keys": KEYS}),
    Row("/notifications", "push.unsubscribe", EVERYBODY, {"endpoint": "https://push.example.org/x"}),
    Row("/notifications", "subscribe", NOBODY, {"channel": "user:zoe"}),
]  # fmt: skip


class World:
    """A campus with something of everything, and a connection of each person to each namespace."""

    def __init__(self, site: Campus, stack: AsyncExitStack) -> None:
        self.site = site
        self._stack = stack
        self.things: dict[str, str] = {}
        self.people: dict[tuple[str, str], Client] = {}

    async def furnish(self) -> None:
        site = self.site
        await desk.furnish(site)
        await site.enrol({"fay": "instructor"})
        await desk.place(site, "r7", group="red", title="Lovelace")
        for path in ("/analytics", "/collaboration", "/notifications"):
            for who in PEOPLE:
                client = await desk.visit(site, who, path=path, **CLAIMS.get(who, {}))
                self._stack.push_async_callback(client.vanish)
                self.people[path, who] = client
        await site.lms.delete(f"/v1/courses/{COURSE}/members/fay")
        work = {"kind": "grading", "title": "Lovelace", "owner_id": "ben", "course_id": COURSE}
        told = {"audience": {"users": ["ben"]}, "category": "grade", "title": "Lovelace"}
        delivery_id = (await site.lms.post("/v1/notifications", json=told)).json()["delivery_id"]
        await finished(site, delivery_id)
        ada = self.people["/collaboration", "ada"]
        inbox = await self.people["/notifications", "ben"].ask("notification.list")
        self.things = {
            "job": (await site.lms.post("/v1/jobs", json=work)).json()["job"]["id"],
            "item": inbox["items"][0]["id"],
        }
        for name, document in (("version", "7"), ("red version", "r7")):
            saved = await ada.ask("version.save", key=new_id(), document_id=document, title="Lovelace")
            self.things[name] = saved["version"]["id"]
        for name, visibility in (("note", "course"), ("staff note", "staff")):
            note = {"document_id": "7", "body": "Lovelace", "target": TARGET, "visibility": visibility}
            made = await ada.ask("annotation.create", key=new_id(), **note)
            self.things[name] = made["annotation"]["id"]

        for row in ROWS:
            if row.command == "document.open":
                for who, letter in zip(PEOPLE, row.rights, strict=True):
                    if letter == ".":
                        assert (await self.say(who, row))["ok"]

    async def say(self, who: str, row: Row, **others: str) -> Json:
        """Let somebody say a command, and return the answer."""
        client = self.people[row.path, who]
        payload = _filled(row.payload, {**self.things, **others})
        if "client_id" in payload:
            payload["client_id"] = 1_000 + PEOPLE.index(who)
        attachments = [payload.pop(name) for name in list(payload) if isinstance(payload[name], bytes)]
        command = next(kind for kind in COMMANDS[row.path] if kind.command == row.command) if (
            row.command != "subscribe"
        ) else None  # fmt: skip
        if command is not None and "key" in command.model_fields:
            payload["key"] = new_id()
        if attachments:
            return await client.send(row.command, payload, attachments[0])
        return await client.answer(row.command, **payload)


COMMANDS = {
    "/analytics": analytics.make().commands,
    "/collaboration": collaboration.make().commands,
    "/notifications": notifications.make().commands,
}
CHANNELS = {
    "/analytics": analytics.make().channels,
    "/collaboration": collaboration.make().channels,
    "/notifications": notifications.make().channels,
}


def _filled(value: Any, things: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {name: _filled(one, things) for name, one in value.items()}
    if isinstance(value, list):
        return [_filled(one, things) for one in value]
    if isinstance(value, str):
        for name, thing in things.items():
            value = value.replace(f"{{{name}}}", thing)
    return value


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with campus() as site, AsyncExitStack() as stack:
        world = World(site, stack)
        await world.furnish()
        yield world


def test_every_command_and_every_kind_of_channel_has_a_row() -> None:
    """What has no row here has no rule that anybody has thought of."""
    said = {(row.path, row.command) for row in ROWS if row.command != "subscribe"}
    assert said == {(path, kind.command) for path, kinds in COMMANDS.items() for kind in kinds}
    heard = {
        (row.path, row.payload["channel"].partition(":")[0]) for row in ROWS if row.command == "subscribe"
    }
    assert heard == {(path, kind) for path, kinds in CHANNELS.items() for kind in kinds}
    assert {len(row.rights) for row in ROWS} == {len(PEOPLE)}


async def test_who_may_not_is_refused_shown_nothing_and_changes_nothing(world: World) -> None:
    """[SUB1] In the contract's words, and as if what they may not know of were not there: to the letter."""
    nothing = dict.fromkeys(world.things, new_id())
    before = await everything(world.site)
    for row in ROWS:
        for who, letter in zip(PEOPLE, row.rights, strict=True):
            if letter == ".":
                continue
            answer = await world.say(who, row)
            case = (row.command, row.payload, who, answer)
            assert not answer["ok"], case
            assert answer["error"]["code"] == OUTCOMES[letter], case
            assert SECRET not in orjson.dumps(answer).decode().lower(), case
            if letter == "N":
                none = await world.say(who, row, **nothing)
                assert none == answer, case
        assert await everything(world.site) == before, row


async def test_who_may_is_let_in(world: World) -> None:
    for row in ROWS:
        for who, letter in zip(PEOPLE, row.rights, strict=True):
            if letter == ".":
                answer = await world.say(who, row)
                code = None if answer["ok"] else answer["error"]["code"]
                assert code in LET_IN, (row.command, row.payload, who, answer)
                if row.command == "annotation.delete":
                    break  # for the others it is gone
