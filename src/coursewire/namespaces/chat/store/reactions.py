"""Who reacted with what: a row each, and beside the message a summary that a page shows without asking again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import orjson
from sqlalchemy import bindparam, delete, func, insert, select, update

from coursewire.namespaces.chat.contract import Message, Reaction
from coursewire.namespaces.chat.store.shown import reactions_of
from coursewire.namespaces.chat.store.tables import ME, messages, reactions
from coursewire.storage.statement import Prepared

if TYPE_CHECKING:
    from coursewire.realtime.transaction import Transaction

NAMED_REACTORS = 20
"""How many people a summary names for each emoji."""

_MESSAGE = bindparam("message_id", type_=messages.c.id.type)
_this = (
    reactions.c.message_id == _MESSAGE,
    reactions.c.user_id == ME,
    reactions.c.emoji == bindparam("with_emoji"),
)
_has = Prepared(select(reactions.c.emoji).where(*_this))
_add = Prepared(insert(reactions))
_remove = Prepared(delete(reactions).where(*_this))

_ranked = (
    select(
        reactions.c.emoji,
        reactions.c.user_id,
        func.count().over(partition_by=reactions.c.emoji).label("reactors"),
        func.min(reactions.c.reacted_at).over(partition_by=reactions.c.emoji).label("first"),
        func.row_number()
        .over(partition_by=reactions.c.emoji, order_by=[reactions.c.reacted_at, reactions.c.user_id])
        .label("rank"),
    )
    .where(reactions.c.message_id == _MESSAGE)
    .subquery()
)
_summary = Prepared(
    select(_ranked.c.emoji, _ranked.c.user_id, _ranked.c.reactors)
    .where(_ranked.c.rank <= NAMED_REACTORS)
    .order_by(_ranked.c.first, _ranked.c.emoji, _ranked.c.rank)
)
_keep_summary = Prepared(
    update(messages).where(messages.c.id == _MESSAGE).values(reactions=bindparam("summary"))
)
_mine = Prepared(
    select(reactions.c.message_id, reactions.c.emoji).where(
        reactions.c.user_id == ME,
        reactions.c.message_id.in_(bindparam("message_ids", expanding=True)),
    )
)


def set_reaction(tx: Transaction, message_id: str, user_id: str, emoji: str, *, on: bool) -> bool:
    """Write or remove one reaction; return whether that changed anything."""
    found = tx.one(_has, message_id=message_id, me=user_id, with_emoji=emoji) is not None
    if found == on:
        return False
    if on:
        tx.run(_add, message_id=message_id, user_id=user_id, emoji=emoji, reacted_at=tx.now)
    else:
        tx.run(_remove, message_id=message_id, me=user_id, with_emoji=emoji)
    return True


def sum_up(tx: Transaction, message_id: str, viewer_id: str) -> list[Reaction]:
    """Count a message's reactions, keep the summary beside it, and return it as the viewer sees it."""
    summary: dict[str, tuple[int, list[str]]] = {}
    for row in tx.all(_summary, message_id=message_id):
        summary.setdefault(row.emoji, (row.reactors, []))[1].append(row.user_id)
    column = None
    if summary:
        column = orjson.dumps([[emoji, *counted] for emoji, counted in summary.items()]).decode()
    tx.run(_keep_summary, message_id=message_id, summary=column)
    return reactions_of(column, viewer_id)


def with_mine(tx: Transaction, viewer_id: str, shown: Sequence[Message]) -> list[Message]:
    """Say of every reaction whether it is the viewer's: one query, and only where summaries are too short to say."""
    unsure = [m.id for m in shown if any(reaction.mine is None for reaction in m.reactions)]
    if not unsure:
        return list(shown)
    rows = tx.all(_mine, me=viewer_id, message_ids=unsure)
    own = {(row.message_id, row.emoji) for row in rows}

    def sure(message: Message) -> Message:
        said = [
            reaction.model_copy(update={"mine": (message.id, reaction.emoji) in own})
            for reaction in message.reactions
        ]
        return message.model_copy(update={"reactions": said})

    return [sure(message) if message.reactions else message for message in shown]
