"""Finding messages by their words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from coursewire.errors import Invalid
from coursewire.namespaces.chat import rules, store
from coursewire.namespaces.chat.contract import FoundMessage, FoundMessages
from coursewire.namespaces.chat.wording import excerpt, read_query
from coursewire.text import plain

LONG: Final = 2_000
"""Characters of a text of which an excerpt is taken with its markup: to read that of a page of such would take long."""

if TYPE_CHECKING:
    from coursewire.identity.caller import Caller
    from coursewire.namespaces.chat.contract import SearchMessages
    from coursewire.realtime.transaction import Transaction


def search_messages(tx: Transaction, caller: Caller, command: SearchMessages) -> FoundMessages:
    """Return the newest messages that hold all words, from the rooms that the caller may read."""
    wanted = read_query(command.query)
    if not wanted:
        raise Invalid("must hold a letter or a digit", field="query")
    if command.room_id is not None:
        access = rules.check_can_read(store.load_access(tx, caller, command.room_id))
        if command.course_id not in {None, access.course_id}:
            raise Invalid("the room is not of this course; give one of the two", field="course_id")
        scopes: list[str] | None = store.room_scope(access.room_id)
    else:
        if command.course_id is not None:
            rules.check_knows_course(
                caller,
                tx.roles_in(caller, command.course_id),
                exists=store.course_title(tx, command.course_id) is not None,
            )
        scopes = store.readable_scopes(tx, caller, command.course_id)
    try:
        found = store.find_messages(tx, caller, wanted, scopes, command.cursor, command.limit + 1)
    except ValueError:
        raise Invalid("must be a cursor that message.search gave", field="cursor") from None
    page = found[: command.limit]
    return FoundMessages(
        items=[
            FoundMessage(message=message, room_title=title, excerpt=excerpt(_readable(message.text), wanted))
            for message, title in page
        ],
        next_cursor=page[-1][0].id if len(found) > command.limit else None,
    )


def _readable(text: str) -> str:
    return plain(text) if len(text) <= LONG else text
