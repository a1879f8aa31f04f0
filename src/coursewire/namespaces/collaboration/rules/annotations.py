"""What may become of an annotation, and what remains of two changes at once: pure decisions, no clock, no database."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from coursewire.errors import Conflict, Forbidden, Invalid, NotFound, TooLarge
from coursewire.namespaces.collaboration.rules.audiences import check_can_address, may_see

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from coursewire.namespaces.collaboration.contract import (
        Annotation,
        AnnotationTarget,
        Audience,
        DocumentKind,
        Motivation,
    )
    from coursewire.namespaces.collaboration.rules.audiences import Viewer

Part = Literal["body", "motivation", "visibility", "tags", "resolved", "target"]
"""What is merged apart from the rest."""

MOST_OF_DOCUMENT: Final = 5_000
"""Annotations of a document that others can see, replies among them."""
MOST_OF_PERSON: Final = 1_000
"""Annotations that one person has in a document, private ones among them."""
MOST_REPLIES: Final = 200
"""Of one thread."""
MOST_CHARACTERS_ON_A_PAGE: Final = 128 * 1024
"""Of text and HTML in one answer: an answer of many long annotations would not fit into an outbox."""

_MAY_COMMENT: Final = frozenset({"comment", "edit"})


@dataclass(frozen=True, slots=True)
class Stored:
    """An annotation as its row has it."""

    annotation: Annotation
    changed: Mapping[str, int] = field(default_factory=dict)
    """Part -> the revision in which it last changed; those that never did are not in here."""
    mentions: tuple[str, ...] = ()
    """Whom its body calls by name."""


class Counts(NamedTuple):
    """How many annotations there are in a document."""

    seen_by_others: int
    of_author: int


def no_such_annotation(*, field: str = "annotation_id") -> NotFound:
    """Return the error for an annotation that is not there, was taken back, or is not for this caller."""
    return NotFound("there is no such annotation, or it is not for you", field=field)


def check_can_see(stored: Stored | None, viewer: Viewer | None, *, field: str = "annotation_id") -> Stored:
    """Raise NotFound for what is not there, is gone, or is not for this viewer: the three look alike."""
    if stored is None or viewer is None:
        raise no_such_annotation(field=field)
    annotation = stored.annotation
    if annotation.state == "deleted" or not may_see(viewer, annotation.visibility, annotation.author_id):
        raise no_such_annotation(field=field)
    return stored


# Writing one


def check_can_annotate(viewer: Viewer) -> None:
    """Raise Forbidden for whoever may only read a document."""
    if viewer.mode not in _MAY_COMMENT:
        raise Forbidden("you may only read this document", field="document_id")


def check_motivation(viewer: Viewer, motivation: Motivation) -> None:
    """Raise Forbidden where it is not the caller's to assess."""
    if motivation == "assessing" and not viewer.is_staff:
        raise Forbidden("only staff assess", field="motivation")


def check_fits(target: AnnotationTarget, kind: DocumentKind) -> None:
    """Raise Invalid for a target that does not say where it is in a document of this kind."""
    if kind == "text":
        if target.selector is not None:
            raise Invalid("is for static pages: give start and end", field="target.selector")
        return
    if target.start is None or target.end is None:
        return
    for end, value in (("start", target.start), ("end", target.end)):
        if not (value.isascii() and value.isdigit() and len(value) <= MOST_DIGITS):
            raise Invalid("must count characters on a static page", field=f"target.{end}")
    if int(target.start) > int(target.end):
        raise Invalid("must not be before start", field="target.end")


MOST_DIGITS: Final = 9


def check_can_be_replied_to(parent: Stored) -> Stored:
    """Raise Invalid for a reply, TooLarge for a thread that is full."""
    if parent.annotation.parent_id is not None:
        raise Invalid("must be the first of a thread, not a reply", field="parent_id")
    if parent.annotation.reply_count >= MOST_REPLIES:
        raise TooLarge(f"a thread has at most {MOST_REPLIES} replies", field="parent_id")
    return parent


def check_has_room(counts: Counts, visibility: Audience) -> None:
    """Raise TooLarge when a document, or its caller in it, has as many annotations as there may be."""
    if counts.of_author >= MOST_OF_PERSON:
        raise TooLarge(f"you have {MOST_OF_PERSON:,} annotations in this document", field="document_id")
    if visibility != "private" and counts.seen_by_others >= MOST_OF_DOCUMENT:
        raise TooLarge(f"a document has at most {MOST_OF_DOCUMENT:,} annotations", field="document_id")


# Changing one


def values_of(annotation: Annotation) -> dict[Part, Any]:
    """Return the parts of an annotation as they are compared, and shown in a conflict."""
    target = None if annotation.orphaned or annotation.target is None else annotation.target
    return {
        "body": annotation.body,
        "motivation": annotation.motivation,
        "visibility": annotation.visibility,
        "tags": annotation.tags,
        "resolved": annotation.resolved_at is not None,
        "target": target.model_dump(exclude_none=True) if target else None,
    }


def merged(stored: Stored, base_revision: int, wanted: Mapping[Part, Any]) -> dict[Part, Any]:
    """Return what a change changes: what is already so changes nothing, whoever made it so.

    Raises Conflict, with both versions, for parts that others have changed since `base_revision` to something else;
    Invalid for a revision that is yet to come.
    """
    annotation = stored.annotation
    if base_revision > annotation.revision:
        raise Invalid(f"is ahead of the annotation, which is at {annotation.revision}", field="base_revision")
    now = values_of(annotation)
    changes = {part: value for part, value in wanted.items() if value != now[part]}
    late = [part for part in changes if stored.changed.get(part, 0) > base_revision]
    if late:
        raise Conflict(
            f"somebody has changed {' and '.join(late)} in the meantime",
            field=late[0],
            details={
                "yours": {part: changes[part] for part in late},
                "theirs": {part: now[part] for part in late},
                "revision": annotation.revision,
            },
        )
    return changes


def check_can_update(stored: Stored, viewer: Viewer, wanted: Mapping[Part, Any]) -> None:
    """Raise Forbidden for what only its author changes (tags also staff), or what is not theirs to make of it."""
    annotation = stored.annotation
    check_can_annotate(viewer)
    if annotation.author_id != viewer.user_id:
        others = [part for part in wanted if part != "tags"]
        if others or not viewer.is_staff:
            field = others[0] if others else "tags"
            raise Forbidden("only its author changes this", field=field)
    if "motivation" in wanted:
        check_motivation(viewer, wanted["motivation"])
    if "visibility" in wanted:
        if annotation.parent_id is not None:
            raise Invalid("a reply is for those whom its thread is for", field="visibility")
        check_can_address(viewer, wanted["visibility"])


def check_can_move(others_have_replied: bool) -> None:  # noqa: FBT001 - the only thing that it asks
    """Raise Conflict when others have replied for those who can see a thread now."""
    if others_have_replied:
        raise Conflict("others have replied for those who can see it now", field="visibility")


def check_stays_whole(changed: Annotation) -> None:
    """Raise Invalid when a change leaves an annotation that says nothing."""
    if changed.motivation != "highlighting" and not changed.body.strip():
        raise Invalid("only a highlight may be without a body", field="motivation")


def check_can_delete(stored: Stored, viewer: Viewer) -> None:
    """Raise Forbidden for whoever is neither its author nor staff."""
    if stored.annotation.author_id != viewer.user_id and not viewer.is_staff:
        raise Forbidden("only its author and staff take an annotation back", field="annotation_id")


def check_can_resolve(stored: Stored, viewer: Viewer) -> None:
    """Raise Forbidden for whoever is not its author, may not edit and is no staff; Invalid for a reply."""
    _check_heads_thread(stored)
    is_theirs = stored.annotation.author_id == viewer.user_id and viewer.mode in _MAY_COMMENT
    if not (is_theirs or viewer.is_staff or viewer.mode == "edit"):
        raise Forbidden("its author, editors and staff say that it is done with", field="annotation_id")


def check_can_reanchor(stored: Stored, viewer: Viewer) -> None:
    """Raise Forbidden for whoever may only read, Invalid for a reply: it has no place of its own."""
    check_can_annotate(viewer)
    _check_heads_thread(stored)


def _check_heads_thread(stored: Stored) -> None:
    if stored.annotation.parent_id is not None:
        raise Invalid("must be the first of a thread, not a reply", field="annotation_id")


def changed_to(stored: Stored, parts: Mapping[Part, Any], revision: int, **fields: Any) -> Stored:
    """Return an annotation with other fields, and note in which revision these parts have changed."""
    annotation = stored.annotation.model_copy(update={**fields, "revision": revision})
    return Stored(annotation, {**stored.changed, **dict.fromkeys(parts, revision)}, stored.mentions)


def tombstone(annotation: Annotation, revision: int, *, keeps_place: bool = False) -> Annotation:
    """Return all that is left of an annotation that is gone: its ids, and its place where a thread is left."""
    return annotation.model_copy(
        update={
            "author_id": None,
            "author_name": "",
            "motivation": "commenting",
            "body": "",
            "html": "",
            "tags": [],
            "target": annotation.target if keeps_place else None,
            "orphaned": annotation.orphaned and keeps_place,
            "resolved_by": None,
            "resolved_at": annotation.resolved_at if keeps_place else None,
            "reply_count": annotation.reply_count if keeps_place else 0,
            "state": "deleted",
            "revision": revision,
            "edited_at": None,
        }
    )


def up_to_a_page(found: Sequence[Annotation]) -> list[Annotation]:
    """Return as many of these as fit into one answer, at least one."""
    page: list[Annotation] = []
    left = MOST_CHARACTERS_ON_A_PAGE
    for annotation in found:
        quote = annotation.target.quote if annotation.target else None
        left -= len(annotation.body) + len(annotation.html) + (len(quote.exact) if quote else 0)
        if left < 0 and page:
            break
        page.append(annotation)
    return page


def without_past(target: AnnotationTarget, says: str) -> tuple[AnnotationTarget, bool]:
    """Return a target without anchors and without words that a document says no more; and whether its quote is there.

    `says`: all that it says now, without blanks: quotes count the ends of lines in other ways.
    """

    def is_said(words: str) -> bool:
        return "".join(words.split()) in says

    quote = target.quote
    is_there = is_said(quote.exact)
    kept = {
        "exact": quote.exact if is_there else NOT_THERE,
        "prefix": quote.prefix if is_there and is_said(quote.prefix) else "",
        "suffix": quote.suffix if is_there and is_said(quote.suffix) else "",
    }
    changed = {"quote": quote.model_copy(update=kept), "start": None, "end": None}
    return target.model_copy(update=changed), is_there


NOT_THERE: Final = "…"
"""Stands for a quote of what a document is not to say any more."""
