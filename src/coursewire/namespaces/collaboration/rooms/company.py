"""Telling those who are in a document of each other: who comes and goes, and where the carets are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coursewire.namespaces.collaboration.contract import (
    Awareness,
    AwarenessChanged,
    DocumentChannels,
    DocumentChannelsChanged,
    DocumentModeChanged,
    ModeChanged,
    SessionChanged,
)
from coursewire.namespaces.collaboration.rooms.carets import EVERY_S, Carets
from coursewire.namespaces.collaboration.rooms.people import People, departed
from coursewire.namespaces.collaboration.rules import modes
from coursewire.namespaces.collaboration.rules.audiences import document_channel, user_channel

if TYPE_CHECKING:
    from coursewire.namespaces.collaboration.rooms.people import Guest
    from coursewire.namespaces.collaboration.rules.modes import Grant
    from coursewire.realtime.live import Live


class Company:
    """The guests of one document and their carets, on this node."""

    def __init__(self, document_id: str, live: Live) -> None:
        self.people = People()
        self.carets = Carets()
        self._document_id = document_id
        self._channel = document_channel(document_id)
        self._live = live
        self._is_timed = False
        self._quiet_until = 0.0

    def come(self, guest: Guest) -> None:
        """Let somebody in, and show them to the others."""
        before = self.people.find(guest.session_id)
        if before is not None and before.client_id != guest.client_id and self.carets.leave(before.client_id):
            self._tell_carets()
        self.people.add(guest)
        self._tell_of(guest)

    def leave(self, session_id: int) -> Guest | None:
        """Let somebody go: their caret goes, and they, unless they are here in another tab."""
        guest = self.people.remove(session_id)
        if guest is not None:
            if self.people.user_of(guest.client_id) is None and self.carets.leave(guest.client_id):
                self._tell_carets()
            self._tell_of(guest)
        return guest

    def change_grant(self, session_id: int, before: Grant, after: Grant) -> None:
        """Let somebody do and see more or less than before, and say so to them and, of what they do, to the others."""
        guest = self.people.find(session_id)
        if guest is None:
            return
        if after.channels != before.channels:
            seen = DocumentChannels(document_id=self._document_id, channels=list(after.channels))
            user_id = guest.caller.user_id
            self._live.publish_latest(user_channel(user_id), DocumentChannelsChanged(seen), is_last=True)
        mode = modes.at_most(after.mode, "comment") if guest.is_too_old else after.mode
        if mode == guest.mode:
            return
        guest.mode = mode
        if mode == "view" and self.carets.leave(guest.client_id):
            self._tell_carets()
        changed = ModeChanged(
            document_id=self._document_id, mode=mode, reason=modes.why_changed(before, after)
        )
        self._live.publish_unlogged(user_channel(guest.caller.user_id), DocumentModeChanged(changed))
        self._tell_of(guest)

    def move_caret(self, guest: Guest, data: bytes) -> None:
        """Take what somebody says of their caret. Raises Invalid(field="awareness")."""
        if self.carets.move(guest, self.people.colour_of(guest.caller.user_id), data):
            self._tell_carets()

    def _tell_of(self, guest: Guest) -> None:
        user_id = guest.caller.user_id
        participant = self.people.participant(user_id)
        if participant is None:
            gone = departed(guest, self.people.colour_of(user_id))
            self._live.publish_latest(self._channel, SessionChanged(gone), user_id, is_last=True)
        else:
            self._live.publish_latest(self._channel, SessionChanged(participant), user_id)

    def _tell_carets(self) -> None:
        """Tell at once after a quiet while, from then on all that moved together: 20 times a second at most."""
        if self._is_timed:
            return
        self._is_timed = True
        self._live.later(max(self._live.now, self._quiet_until), self._flush)

    def _flush(self) -> None:
        self._is_timed = False
        self._quiet_until = self._live.now + EVERY_S
        for awareness in self.carets.take_moved():
            event = AwarenessChanged(Awareness(document_id=self._document_id, awareness=awareness))
            self._live.publish_unlogged(self._channel, event)
