"""Who is in a document, and where their caret stands. Nothing of it is stored."""

from __future__ import annotations

from typing import Annotated

from annotated_types import Len

from coursewire.namespaces.collaboration.contract.values import ClientId, Colour, DocumentId, Mode
from coursewire.realtime.contract import Command, Delivery, Event
from coursewire.realtime.contract import Mode as Runs
from coursewire.vocabulary import Model, Time, UserId

MOST_AWARENESS = 4 * 1024
"""Bytes of one caret: two relative positions, and a name that the server writes over."""


class Participant(Model):
    """Somebody in a document; in several tabs still one."""

    user_id: UserId
    name: str
    avatar_url: str | None = None
    colour: Colour
    mode: Mode
    client_ids: list[ClientId]
    """The editors that are theirs: what a caret may be, and who has written what."""
    here: bool
    """False in the last value about somebody who left."""
    since: Time


class SessionChanged(
    Event[Participant], name="session.changed", delivery=Delivery.LATEST, per="user_id", rate=2
):
    """Somebody came, left, or may do more or less than before; on `document:<id>`."""


class SetAwareness(Command, name="awareness.set", mode=Runs.SIGNAL, cost=0.2, attachment="awareness"):
    """Show where one's caret stands: an awareness update of one's own client id, without an answer.

    The server drops the states of other clients and writes `user` itself: `{id, name, color}`.
    """

    document_id: DocumentId
    awareness: Annotated[bytes, Len(1, MOST_AWARENESS)]


class Awareness(Model):
    """Carets that have moved, many in one."""

    document_id: DocumentId
    awareness: bytes
    """In the y-protocols encoding; a state of `null` is a caret that is gone."""


class AwarenessChanged(
    Event[Awareness], name="awareness.changed", delivery=Delivery.EPHEMERAL, attachment="awareness"
):
    """Carets have moved, on `document:<id>`: at most 20 times a second, whoever moves."""
