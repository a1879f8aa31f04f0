"""Changing annotations: merged part by part, moved between audiences, resolved, placed anew."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from coursewire.namespaces.collaboration.contract import (
    Annotation,
    AnnotationCreated,
    AnnotationDeleted,
    AnnotationTarget,
    AnnotationUpdated,
)
from coursewire.namespaces.collaboration.rules import annotations as rules
from coursewire.namespaces.collaboration.rules import audiences
from coursewire.namespaces.collaboration.rules.annotations import Stored, changed_to
from coursewire.namespaces.collaboration.service.addressing import html_of, who_is_called
from coursewire.namespaces.collaboration.service.annotations import check_audience, one_annotation, tell
from coursewire.namespaces.collaboration.service.audiences import visible
from coursewire.namespaces.collaboration.service.changed_documents import tell_counted
from coursewire.namespaces.collaboration.store import annotations as store
from coursewire.vocabulary import iso

if TYPE_CHECKING:
    from collections.abc import Mapping

    from coursewire.identity.caller import Caller
    from coursewire.namespaces.collaboration.contract import (
        Audience,
        OneAnnotation,
        ReanchorAnnotation,
        ResolveAnnotation,
        UpdateAnnotation,
    )
    from coursewire.namespaces.collaboration.rules.annotations import Part
    from coursewire.namespaces.collaboration.service.audiences import Entered
    from coursewire.realtime.transaction import Transaction


def update_annotation(tx: Transaction, caller: Caller, command: UpdateAnnotation) -> OneAnnotation:
    """Change parts of an annotation, beside what others change of it."""
    stored, place = visible(tx, caller, command.annotation_id)
    given: dict[Part, Any] = {
        "body": command.body,
        "motivation": command.motivation,
        "visibility": command.visibility,
        "tags": None if command.tags is None else list(dict.fromkeys(command.tags)),
    }
    wanted = {part: value for part, value in given.items() if value is not None}
    rules.check_can_update(stored, place.viewer, wanted)
    changes = rules.merged(stored, command.base_revision, wanted)
    if not changes:
        return one_annotation(tx, stored.annotation)
    fields: dict[str, Any] = {str(part): value for part, value in changes.items()}
    if "body" in changes:
        seen_by = changes.get("visibility", stored.annotation.visibility)
        called = who_is_called(tx, place, seen_by, caller.user_id, changes["body"])
        fields |= {"html": html_of(tx, changes["body"], called), "edited_at": iso(tx.now)}
        stored = Stored(stored.annotation, stored.changed, called.user_ids)
    rules.check_stays_whole(stored.annotation.model_copy(update=fields))
    if "visibility" in changes:
        return one_annotation(tx, _move(tx, place, stored, changes, fields))
    return one_annotation(tx, _save(tx, stored, changes, fields))


def resolve_annotation(tx: Transaction, caller: Caller, command: ResolveAnnotation) -> OneAnnotation:
    """Say that a thread is done with, or that it is not."""
    stored, place = visible(tx, caller, command.annotation_id)
    rules.check_can_resolve(stored, place.viewer)
    changes = rules.merged(stored, command.base_revision, {"resolved": command.on})
    if not changes:
        return one_annotation(tx, stored.annotation)
    by, at = (caller.user_id, iso(tx.now)) if command.on else (None, None)
    return one_annotation(tx, _save(tx, stored, changes, {"resolved_by": by, "resolved_at": at}))


def reanchor_annotation(tx: Transaction, caller: Caller, command: ReanchorAnnotation) -> OneAnnotation:
    """Say where an annotation stands now, or that nobody finds it: then it keeps the target that it had."""
    stored, place = visible(tx, caller, command.annotation_id)
    rules.check_can_reanchor(stored, place.viewer)
    target: AnnotationTarget | None = command.target
    if target is not None:
        rules.check_fits(target, place.document.kind)
    wanted = target.model_dump(exclude_none=True) if target else None
    changes = rules.merged(stored, command.base_revision, {"target": wanted})
    if not changes:
        return one_annotation(tx, stored.annotation)
    fields = {"target": target or stored.annotation.target, "orphaned": target is None}
    return one_annotation(tx, _save(tx, stored, changes, fields))


def _save(
    tx: Transaction, stored: Stored, changes: Mapping[Part, Any], fields: Mapping[str, Any]
) -> Annotation:
    changed = changed_to(stored, changes, stored.annotation.revision + 1, **fields)
    store.rewrite_annotation(tx, changed)
    tell(tx, AnnotationUpdated(changed.annotation))
    if "resolved" in changes:
        tell_counted(tx, changed.annotation)
    return changed.annotation


def _move(
    tx: Transaction, place: Entered, stored: Stored, changes: Mapping[Part, Any], fields: Mapping[str, Any]
) -> Annotation:
    """Give an annotation another audience, and its author's own replies with it."""
    annotation = stored.annotation
    replies = store.load_replies(tx, annotation.id) if annotation.reply_count else []
    rules.check_can_move(any(reply.annotation.author_id != annotation.author_id for reply in replies))
    visibility: Audience = changes["visibility"]
    check_audience(tx, place, visibility)
    moved = _pass_on(tx, stored, changes, fields)
    for reply in replies:
        _pass_on(tx, reply, {"visibility": visibility}, {"visibility": visibility})
    return moved


def _pass_on(
    tx: Transaction, stored: Stored, changes: Mapping[Part, Any], fields: Mapping[str, Any]
) -> Annotation:
    """Tell those who see it from now on all of it, and those who see it no more that it is gone.

    Some hear both, in two channels, in any order: so what is there has a higher revision than what is gone.
    """
    before = stored.annotation
    author_id = before.author_id or ""
    after: Audience = fields["visibility"]
    was = audiences.channels_of(before.document_id, before.visibility, author_id)
    now = audiences.channels_of(before.document_id, after, author_id)
    is_wider = audiences.is_wider(before.visibility, after)
    changed = changed_to(stored, changes, before.revision + (1 if is_wider else 2), **fields)
    store.rewrite_annotation(tx, changed)
    if not is_wider:
        gone = rules.tombstone(before, before.revision + 1)
        tx.redact(before.id, gone)
        # The answers that its author was given are theirs still.
        tx.redact(before.id, changed.annotation, channels=frozenset({audiences.user_channel(author_id)}))
        tx.append_each([(channel, AnnotationDeleted(gone)) for channel in was if channel not in now])
    updated, created = AnnotationUpdated(changed.annotation), AnnotationCreated(changed.annotation)
    still = was if is_wider else [channel for channel in was if channel in now]
    tx.append_each([(channel, updated) for channel in still])
    tx.append_each([(channel, created) for channel in now if channel not in was])
    tell_counted(tx, before)
    tell_counted(tx, changed.annotation)
    return changed.annotation
