"""The HTML of messages. It is made once, when they are written, and stored: to read costs nothing then."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from coursewire import text as markup
from coursewire.namespaces.chat import store

if TYPE_CHECKING:
    from coursewire.namespaces.chat.contract import Group
    from coursewire.realtime.transaction import Transaction


def html_of(tx: Transaction, text: str, user_ids: Sequence[str], groups: Iterable[Group]) -> str:
    """Return the safe HTML of a message that mentions these people, by `@<user id>` or `@<name>`, and these groups."""
    mentions: dict[str, str | None] = dict.fromkeys(groups)
    if user_ids:
        # Of several who have the same name none is meant by it, as far as we can see.
        names: dict[str, set[str]] = {}
        for user_id, person in store.load_people(tx, user_ids).items():
            names.setdefault(person.name.lower(), set()).add(user_id)
        mentions |= {name: meant.pop() for name, meant in names.items() if len(meant) == 1}
        mentions |= {user_id.lower(): user_id for user_id in user_ids}
    return markup.render(text, mentions)
