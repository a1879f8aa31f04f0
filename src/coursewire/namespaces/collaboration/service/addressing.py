"""Whom an annotation calls, answers or asks: they are told of it, if they may see it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from coursewire import text
from coursewire.identity import membership
from coursewire.namespaces.collaboration.contract import AnnotationAddressed
from coursewire.namespaces.collaboration.service.audiences import seers_among
from coursewire.namespaces.collaboration.store import annotations as store
from coursewire.namespaces.collaboration.store import documents, people, versions
from coursewire.text.addressing import called_in

if TYPE_CHECKING:
    from collections.abc import Iterable

    from coursewire.namespaces.collaboration.contract import Annotation, Audience
    from coursewire.namespaces.collaboration.service.audiences import Entered
    from coursewire.namespaces.notifications.contract import QuoteReadersAsked
    from coursewire.realtime.transaction import Transaction

MOST_NAMED: Final = 50
"""People whom one annotation mentions by name; further names are only words."""


class Called(NamedTuple):
    """Who is called in a body."""

    user_ids: tuple[str, ...] = ()
    staff: bool = False


NOBODY: Final = Called()


def who_is_called(tx: Transaction, place: Entered, visibility: Audience, author_id: str, body: str) -> Called:
    """Find out whom a text calls, of those who may see it."""
    called = called_in(body)
    user_ids: tuple[str, ...] = ()
    if called.names:
        present = seers_among(tx, place.document, visibility, author_id, called.names)
        user_ids = tuple(user_id for user_id in called.names if user_id in present)[:MOST_NAMED]
    return Called(user_ids, "staff" in called.groups and visibility != "private")


def html_of(tx: Transaction, body: str, called: Called) -> str:
    """Return the safe HTML of a body that mentions these people, by `@<user id>` or `@<name>`."""
    mentions: dict[str, str | None] = {"staff": None} if called.staff else {}
    if called.user_ids:
        # Of several who have the same name none is meant by it, as far as we can see.
        names: dict[str, set[str]] = {}
        for user_id, person in membership.users(tx.raw, called.user_ids).items():
            names.setdefault(person.name.lower(), set()).add(user_id)
        mentions |= {name: meant.pop() for name, meant in names.items() if len(meant) == 1}
        mentions |= {user_id.lower(): user_id for user_id in called.user_ids}
    return text.render(body, mentions) if body else ""


def tell_whom_it_concerns(
    tx: Transaction, place: Entered, annotation: Annotation, thread: Annotation | None, called: Called
) -> None:
    """Tell the other namespaces of a new annotation that somebody in particular is to hear of."""
    author_id, document = annotation.author_id, place.document
    asks = thread is None and annotation.motivation == "questioning"
    staff: list[str] = []
    if called.staff or (asks and annotation.visibility != "private"):
        staff = people.staff_of(tx, document.course_id)
    answered: list[str | None] = []
    if thread is not None:
        answered = [thread.author_id, *store.load_repliers(tx, thread.id)]
    mentioned = _without({author_id}, [*called.user_ids, *(staff if called.staff else ())])
    replied_to = _without({author_id, *mentioned}, answered)
    questioned = _without({author_id, *mentioned}, staff if asks else ())
    # Who has replied may have left since; who is called was found to be here just now.
    others = [user_id for user_id in (*replied_to, *questioned, *mentioned) if user_id not in called.user_ids]
    here = seers_among(tx, document, annotation.visibility, author_id, others) if others else frozenset()
    here |= frozenset(called.user_ids)
    fact = AnnotationAddressed(
        annotation=annotation,
        document_title=document.title,
        course_id=document.course_id,
        mentioned=tuple(user_id for user_id in mentioned if user_id in here),
        replied_to=tuple(user_id for user_id in replied_to if user_id in here),
        questioned=tuple(user_id for user_id in questioned if user_id in here),
    )
    if fact.mentioned or fact.replied_to or fact.questioned:
        tx.tell(fact)


def _without(those: set[str | None], user_ids: Iterable[str | None]) -> list[str]:
    return [user_id for user_id in dict.fromkeys(user_ids) if user_id is not None and user_id not in those]


def answer_quote_readers(tx: Transaction, asked: QuoteReadersAsked) -> None:
    """Say who of those whom a notification tells of an annotation, or of a version, may see that now."""
    stored = store.load_annotation(tx, asked.source)
    if stored is not None and stored.annotation.state != "deleted":
        annotation = stored.annotation
        document_id, visibility, author_id = (
            annotation.document_id,
            annotation.visibility,
            annotation.author_id,
        )
    elif stored is None and (version := versions.load_version(tx, asked.source)) is not None:
        document_id, visibility, author_id = version[0].document_id, "course", None
    else:
        return
    document = documents.load_document(tx, document_id)
    if document is not None:
        asked.may_read.update(seers_among(tx, document, visibility, author_id, asked.user_ids))
