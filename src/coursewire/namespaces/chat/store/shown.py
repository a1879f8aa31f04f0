"""How the rows of messages become messages, as somebody sees them."""

from __future__ import annotations

from typing import Any

import orjson
from sqlalchemy import Select, func, literal_column, select

from coursewire.identity.store import users
from coursewire.namespaces.chat.contract import Author, Message, Quote, Reaction, Thread
from coursewire.namespaces.chat.store.tables import messages
from coursewire.storage.statement import Row
from coursewire.vocabulary import iso

QUOTED_CHARACTERS = 200

_MESSAGE_COLUMNS = (
    "id", "room_id", "number", "author_id", "anonymous", "key", "text", "html", "reply_to", "thread_id",
    "mentions", "mention_groups", "reactions", "thread_count", "thread_last_at", "pinned_at",
    "state", "version", "sent_at", "edited_at",
)  # fmt: skip


def message_columns(table: Any, prefix: str = "") -> list[Any]:
    """Return the columns that `message_of` reads, for a query that joins messages to something else."""
    return [table.c[name].label(prefix + name) for name in _MESSAGE_COLUMNS]


_author = users.alias("author")
_quoted = messages.alias("quoted")
_quoted_author = users.alias("quoted_author")

with_author: Select[Any] = select(
    *message_columns(messages),
    _author.c.name.label("author_name"),
    _author.c.avatar_url.label("author_avatar"),
    _quoted.c.number.label("quoted_number"),
    _quoted.c.author_id.label("quoted_author_id"),
    _quoted.c.anonymous.label("quoted_anonymous"),
    func.substr(_quoted.c.text, literal_column("1"), literal_column(str(QUOTED_CHARACTERS))).label(
        "quoted_text"
    ),
    _quoted.c.state.label("quoted_state"),
    _quoted_author.c.name.label("quoted_author_name"),
    _quoted_author.c.avatar_url.label("quoted_author_avatar"),
).select_from(
    messages.outerjoin(_author, _author.c.id == messages.c.author_id)
    .outerjoin(_quoted, _quoted.c.id == messages.c.reply_to)
    .outerjoin(_quoted_author, _quoted_author.c.id == _quoted.c.author_id)
)
"""Messages with their authors, and with what a quote of the one they reply to needs."""


def message_of(row: Row, viewer_id: str, prefix: str = "") -> Message:
    """Return a row's message as the viewer sees it; only its author sees the key, while it says something."""
    value = {name: getattr(row, prefix + name) for name in _MESSAGE_COLUMNS}
    author_id, says = value["author_id"], value["state"] == "sent"
    author = None
    if not value["anonymous"]:
        name = getattr(row, f"{prefix}author_name") or author_id
        author = Author(user_id=author_id, name=name, avatar_url=getattr(row, f"{prefix}author_avatar"))
    thread = None
    if value["thread_last_at"] is not None:
        thread = Thread(replies=value["thread_count"], last_at=iso(value["thread_last_at"]))
    return Message(
        id=value["id"],
        room_id=value["room_id"],
        number=value["number"],
        author=author,
        anonymous=bool(value["anonymous"]),
        key=value["key"] if author_id == viewer_id and says else None,
        # A hidden one keeps these in its row, to be shown again.
        text=value["text"] if says else "",
        html=value["html"] if says else "",
        reply_to=value["reply_to"],
        quote=_quote(row, value["reply_to"]) if says and value["reply_to"] is not None else None,
        thread_id=value["thread_id"],
        thread=thread,
        mentions=orjson.loads(value["mentions"]) if says else [],
        mention_groups=orjson.loads(value["mention_groups"]) if says and value["mention_groups"] else [],
        reactions=reactions_of(value["reactions"], viewer_id) if says else [],
        pinned=says and value["pinned_at"] is not None,
        state=value["state"],
        version=value["version"],
        sent_at=iso(value["sent_at"]),
        edited_at=iso(value["edited_at"]) if value["edited_at"] is not None else None,
    )


def reactions_of(column: str | None, viewer_id: str) -> list[Reaction]:
    """Read a summary. Whether the viewer is beyond the named ones it does not say: `mine` is absent then."""
    if column is None:
        return []
    return [
        Reaction(
            emoji=emoji,
            count=count,
            user_ids=user_ids,
            mine=True if viewer_id in user_ids else False if count == len(user_ids) else None,
        )
        for emoji, count, user_ids in orjson.loads(column)
    ]


def quote_of(message: Message) -> Quote:
    """Return the quote of a message that says something."""
    return Quote(
        id=message.id,
        number=message.number,
        author=message.author,
        text=message.text[:QUOTED_CHARACTERS],
        state=message.state,
    )


def _quote(row: Row, message_id: str) -> Quote | None:
    number = getattr(row, "quoted_number", None)
    if number is None:
        return None  # a query for a list that shows no quotes
    author = None
    if not row.quoted_anonymous:
        author = Author(
            user_id=row.quoted_author_id,
            name=row.quoted_author_name or row.quoted_author_id,
            avatar_url=row.quoted_author_avatar,
        )
    says = row.quoted_state == "sent"
    text = row.quoted_text if says else ""
    return Quote(id=message_id, number=number, author=author, text=text, state=row.quoted_state)
