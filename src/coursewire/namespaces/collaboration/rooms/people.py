"""Who is in a document on this node, in which colour, and what each may do in it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from coursewire.namespaces.collaboration.contract import Participant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from coursewire.identity.caller import Caller
    from coursewire.namespaces.collaboration.contract import Mode
    from coursewire.realtime.limits import Bucket

COLOURS: Final = (
    "#b3261e", "#0b57d0", "#146c2e", "#8e4ec6", "#a14f00", "#00677d",
    "#b3006b", "#4d5b00", "#5b4bb7", "#8a3c2b", "#006b5e", "#6b4e16",
)  # fmt: skip
"""Of carets and of the names on them, in white: each has a contrast of 4.5 to 1 with it (WCAG 2.2, 1.4.3)."""


@dataclass(slots=True)
class Guest:
    """One session in a document: one tab."""

    session_id: int
    caller: Caller
    mode: Mode
    """What its editor may do: what it was granted, or less where the editor is too old for the document."""
    client_id: int
    is_too_old: bool
    """Whether its editor does not know all that is in the document: it was given HTML, and edits nothing."""
    since: str
    bucket: Bucket | None
    """Bytes of edits that its user may still send; None: as many as they like."""


class People:
    """The guests of one document."""

    def __init__(self) -> None:
        self._guests: dict[int, Guest] = {}
        self._of_user: dict[str, dict[int, Guest]] = {}
        """User id -> their guests by session."""
        self._of_client: dict[int, dict[int, Guest]] = {}
        """Client id -> its guests by session: two, while the first connection of an editor is only half gone."""
        self._colours: dict[str, str] = {}
        """By user: kept while the room is, so that who comes back looks the same."""

    def __len__(self) -> int:
        return len(self._guests)

    def __iter__(self) -> Iterator[Guest]:
        return iter(self._guests.values())

    def has(self, user_id: str) -> bool:
        """Whether somebody is here, in any tab."""
        return user_id in self._of_user

    def find(self, session_id: int) -> Guest | None:
        """Return the guest of a session."""
        return self._guests.get(session_id)

    def add(self, guest: Guest) -> None:
        """Let somebody in, in place of the same session's earlier visit."""
        self.remove(guest.session_id)
        user_id = guest.caller.user_id
        if user_id not in self._colours:
            self._colours[user_id] = self._free_colour(user_id)
        self._guests[guest.session_id] = guest
        self._of_user.setdefault(user_id, {})[guest.session_id] = guest
        self._of_client.setdefault(guest.client_id, {})[guest.session_id] = guest

    def remove(self, session_id: int) -> Guest | None:
        """Let somebody go."""
        guest = self._guests.pop(session_id, None)
        if guest is not None:
            _take_out(self._of_user, guest.caller.user_id, session_id)
            _take_out(self._of_client, guest.client_id, session_id)
        return guest

    def user_of(self, client_id: int) -> str | None:
        """Return who is here with a client id. It is asked for every edit."""
        for guest in self._of_client.get(client_id, {}).values():
            return guest.caller.user_id
        return None

    def colour_of(self, user_id: str) -> str:
        """Return the colour of somebody's carets."""
        return self._colours[user_id]

    def participant(self, user_id: str) -> Participant | None:
        """Return somebody as the others see them, in however many tabs; None of who is not here."""
        theirs = list(self._of_user.get(user_id, {}).values())
        if not theirs:
            return None
        best = max(theirs, key=lambda guest: ("view", "comment", "edit").index(guest.mode))
        return Participant(
            user_id=user_id,
            name=best.caller.name,
            avatar_url=best.caller.avatar_url,
            colour=self._colours[user_id],
            mode=best.mode,
            client_ids=sorted(guest.client_id for guest in theirs),
            here=True,
            since=min(guest.since for guest in theirs),
        )

    def all(self) -> list[Participant]:
        """Return everybody who is here, in the order in which they came."""
        found = (self.participant(user_id) for user_id in self._of_user)
        return sorted((one for one in found if one is not None), key=lambda one: (one.since, one.user_id))

    def _free_colour(self, user_id: str) -> str:
        """Choose a colour: the same for somebody in every document, unless somebody else here has it."""
        first = hashlib.blake2b(user_id.encode(), digest_size=2).digest()
        start = int.from_bytes(first) % len(COLOURS)
        here = {self._colours[other] for other in self._of_user}
        for step in range(len(COLOURS)):
            colour = COLOURS[(start + step) % len(COLOURS)]
            if colour not in here:
                return colour
        return COLOURS[start]


def _take_out(index: dict[Any, dict[int, Guest]], key: Any, session_id: int) -> None:
    del index[key][session_id]
    if not index[key]:
        del index[key]


def departed(guest: Guest, colour: str) -> Participant:
    """Return the last that is said of somebody who has left."""
    return Participant(
        user_id=guest.caller.user_id,
        name=guest.caller.name,
        avatar_url=guest.caller.avatar_url,
        colour=colour,
        mode=guest.mode,
        client_ids=[],
        here=False,
        since=guest.since,
    )
