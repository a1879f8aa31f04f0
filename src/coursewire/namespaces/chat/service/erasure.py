"""Erasing a person: what they said keeps its place and number, and nothing else (LOG5)."""

from __future__ import annotations

import functools
from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final

import orjson

from coursewire.namespaces.chat import rules, store
from coursewire.namespaces.chat.contract import MessageDeleted
from coursewire.namespaces.chat.service import people
from coursewire.namespaces.chat.service.channels import UNREAD, room_channel, user_channel
from coursewire.namespaces.chat.service.taking_back import without_quote
from coursewire.text import without_mention

if TYPE_CHECKING:
    from coursewire.identity.contract import UserErased
    from coursewire.namespaces.chat.contract import Message
    from coursewire.realtime.transaction import Transaction

TOLD_PER_ROOM: Final = 1_000
"""Messages of a room whose deletion is told, the newest: no replay is longer, and history shows none of the others."""

NOBODY: Final = "erased"
"""Stands in the log for the id of somebody who came and went, and was erased."""


def erase_user(tx: Transaction, erased: UserErased) -> None:
    """Take a person out of every room, table and logged event."""
    user_id = erased.user_id
    rooms = set(store.rooms_of_member(tx, user_id))
    for room_id in sorted(rooms):
        people.take_out(tx, room_id, user_id)
        store.unpair(tx, room_id)
    rooms |= {room.id for course_id in erased.course_ids for room in store.rooms_of_course(tx, course_id)}
    companions = store.companions(tx, sorted(rooms))
    _unmention(tx, user_id)
    _unreact(tx, user_id)
    for reply_id in store.replies_to_author(tx, user_id):
        tx.redact(reply_id, without_quote)
    written = store.messages_by(tx, user_id)
    store.remove_words_by(tx, user_id)
    store.erase_from_order(tx, user_id)
    store.erase_messages(tx, user_id)
    said: dict[str, list[Message]] = defaultdict(list)
    for message in written:
        gone = rules.erased(message)
        tx.redact(message.id, gone)
        rooms.add(message.room_id)
        if message.state != "deleted":
            said[message.room_id].append(gone)
    tx.forget_person(
        user_id,
        own=[user_channel(user_id)],
        others=[*map(user_channel, sorted(companions)), *map(room_channel, sorted(rooms))],
        rewrite=_unnamed,
    )
    for room_id, messages in said.items():
        for gone in messages[:-TOLD_PER_ROOM]:
            tx.tell(MessageDeleted(gone))  # the other namespaces forget all of them
        for gone in messages[-TOLD_PER_ROOM:]:
            tx.append(room_channel(room_id), MessageDeleted(gone), actor=None)
        tx.derive(UNREAD, room_id)


def _unreact(tx: Transaction, user_id: str) -> None:
    for message_id in store.erase_reactions(tx, user_id):
        store.sum_up(tx, message_id, "")
        tx.redact(message_id, functools.partial(_without_reactor, user_id))


def _without_reactor(user_id: str, data: bytes) -> bytes:
    """Return the JSON of a logged message without somebody among those who reacted."""
    payload: dict[str, Any] = orjson.loads(data)
    left: list[dict[str, Any]] = []
    for reaction in payload.get("reactions", []):
        user_ids = [reactor for reactor in reaction["user_ids"] if reactor != user_id]
        count = reaction["count"] - len(reaction["user_ids"]) + len(user_ids)
        if count:
            left.append({**reaction, "count": count, "user_ids": user_ids})
    payload["reactions"] = left
    if payload.get("changed", {}).get("user_id") == user_id:
        del payload["changed"]
    return orjson.dumps(payload)


def _unmention(tx: Transaction, user_id: str) -> None:
    for message in store.messages_mentioning(tx, user_id):
        if user_id not in message.mentions:
            continue  # only as one of a group
        left = [mentioned for mentioned in message.mentions if mentioned != user_id]
        html = without_mention(message.html, user_id)
        store.unmention(tx, message.model_copy(update={"mentions": left, "html": html}))
        tx.redact(message.id, functools.partial(_without_mention, user_id))


def _without_mention(user_id: str, data: bytes) -> bytes:
    payload: dict[str, Any] = orjson.loads(data)
    left = [mentioned for mentioned in payload.get("mentions", []) if mentioned != user_id]
    html = without_mention(payload.get("html", ""), user_id)
    return orjson.dumps({**payload, "mentions": left, "html": html})


def _unnamed(data: bytes) -> bytes:
    return orjson.dumps({**orjson.loads(data), "user_id": NOBODY, "name": ""})
