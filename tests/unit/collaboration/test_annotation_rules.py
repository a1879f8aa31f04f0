"""What remains of two changes at once, who may what, and what is left of an annotation: tables of cases."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from coursewire.errors import Conflict, CoursewireError, Forbidden, Invalid, NotFound, TooLarge
from coursewire.namespaces.collaboration.contract import (
    Annotation,
    AnnotationTarget,
    CreateAnnotation,
    Quote,
    UpdateAnnotation,
)
from coursewire.namespaces.collaboration.rules import annotations as rules
from coursewire.namespaces.collaboration.rules import audiences
from coursewire.namespaces.collaboration.rules.annotations import Counts, Stored
from coursewire.namespaces.collaboration.rules.audiences import Viewer

STAFF = Viewer("ada", "edit", is_staff=True)
AUTHOR = Viewer("ben", "comment", groups=frozenset({"red"}))
PEER = Viewer("cleo", "comment", groups=frozenset({"blue"}))
EDITOR = Viewer("dan", "edit")
READER = Viewer("finn", "view")
STRANGER = Viewer("eve", None)
PLACE = {"start": "AAA", "end": "AAB"}
TARGET = AnnotationTarget(quote=Quote(exact="here"), **PLACE)
AUDIENCES = ("course", "staff", "private", "group:red", "group:blue")


def stored(revision: int = 5, changed: dict[str, int] | None = None, **fields: Any) -> Stored:
    given: dict[str, Any] = {
        "id": "a1",
        "document_id": "7",
        "author_id": "ben",
        "author_name": "Ben",
        "motivation": "commenting",
        "body": "old",
        "html": "<p>old</p>",
        "tags": ["x"],
        "target": TARGET,
        "visibility": "course",
        "revision": revision,
        "created_at": "2026-11-23T04:00:00.000Z",
        **fields,
    }
    return Stored(Annotation(**given), changed or {})


# Merging


@pytest.mark.parametrize(
    ("changed", "base", "wanted", "changes"),
    [
        ({}, 5, {"body": "new"}, {"body": "new"}),
        ({"tags": 5}, 3, {"body": "new"}, {"body": "new"}),
        ({"tags": 5}, 3, {"body": "new", "tags": ["x"]}, {"body": "new"}),
        ({"body": 3}, 3, {"body": "new"}, {"body": "new"}),
        ({"body": 5}, 3, {"body": "old"}, {}),
        ({"resolved": 5}, 1, {"motivation": "questioning"}, {"motivation": "questioning"}),
        ({"body": 4, "tags": 5}, 3, {"resolved": True}, {"resolved": True}),
        ({"visibility": 5}, 4, {"target": None}, {"target": None}),
    ],
)
def test_changes_of_different_parts_are_merged(
    changed: dict[str, int], base: int, wanted: Any, changes: Any
) -> None:
    """[ANN2] What is already so changes nothing, whoever made it so."""
    assert rules.merged(stored(changed=changed), base, wanted) == changes


@pytest.mark.parametrize(
    ("changed", "base", "wanted", "late"),
    [
        ({"body": 5}, 4, {"body": "new"}, ["body"]),
        ({"body": 4}, 3, {"body": "new", "tags": []}, ["body"]),
        ({"body": 5, "tags": 4}, 3, {"body": "new", "tags": []}, ["body", "tags"]),
        ({"target": 5}, 4, {"target": None}, ["target"]),
        ({"resolved": 2}, 1, {"resolved": True}, ["resolved"]),
    ],
)
def test_changes_of_one_part_conflict_with_both_versions(
    changed: dict[str, int], base: int, wanted: Any, late: list[str]
) -> None:
    """[ANN2] All of it is refused, with what both have made of those parts, and the base of another try."""
    with pytest.raises(Conflict) as refused:
        rules.merged(stored(changed=changed), base, wanted)
    now = rules.values_of(stored().annotation)
    assert refused.value.field == late[0]
    assert refused.value.details == {
        "yours": {part: wanted[part] for part in late},
        "theirs": {part: now[part] for part in late},  # type: ignore[index]  # the parts of the table
        "revision": 5,
    }


def test_a_base_that_is_yet_to_come_is_refused() -> None:
    with pytest.raises(Invalid) as refused:
        rules.merged(stored(revision=5), 6, {"body": "new"})
    assert refused.value.field == "base_revision"


def test_a_change_notes_in_which_revision_its_parts_changed() -> None:
    changed = rules.changed_to(stored(changed={"tags": 4}), {"body": "new"}, 6, body="new")
    assert (changed.annotation.body, changed.annotation.revision) == ("new", 6)
    assert changed.changed == {"tags": 4, "body": 6}


# Who sees what


@pytest.mark.parametrize(
    ("viewer", "sees"),
    [
        (STAFF, {"course", "staff", "group:red", "group:blue"}),
        (AUTHOR, {"course", "private", "group:red"}),
        (PEER, {"course", "group:blue"}),
        (EDITOR, {"course"}),
        (READER, {"course"}),
        (STRANGER, set()),
        (Viewer("ben", None, is_staff=True, groups=frozenset({"red"})), set()),
    ],
)
def test_who_sees_what_ben_has_written(viewer: Viewer, sees: set[str]) -> None:
    """[ANN1] By audience; where the document is closed to somebody, nothing at all."""
    assert {audience for audience in AUDIENCES if audiences.may_see(viewer, audience, "ben")} == sees


@pytest.mark.parametrize("viewer", [STAFF, AUTHOR, PEER, EDITOR, READER, STRANGER])
@pytest.mark.parametrize("audience", AUDIENCES)
def test_whoever_sees_an_annotation_hears_of_it_and_nobody_else(viewer: Viewer, audience: str) -> None:
    """[ANN1] The channels that somebody listens to, and their own, bring just what they may see."""
    heard = {*audiences.channels_seen_by(viewer, "7"), f"user:{viewer.user_id}"}
    travels = set(audiences.channels_of("7", audience, "ben"))
    assert bool(heard & travels) == (
        audiences.may_see(viewer, audience, "ben")
        if viewer.mode
        else audience == "private" and viewer == AUTHOR
    )


@pytest.mark.parametrize("viewer", [STAFF, AUTHOR, PEER, EDITOR, READER])
def test_a_channel_may_be_asked_for_by_whoever_sees_what_is_in_it(viewer: Viewer) -> None:
    """[SUB1]"""
    for name in ("staff", "group:red", "group:blue"):
        assert audiences.may_hear(viewer, name) == audiences.may_see(viewer, name, "somebody")
    for name in ("", "group:", "course", "private", "staff:x", "anything"):
        assert not audiences.may_hear(viewer, name)


@pytest.mark.parametrize("before", AUDIENCES)
@pytest.mark.parametrize("after", AUDIENCES)
def test_a_move_takes_something_from_somebody_or_from_nobody(before: str, after: str) -> None:
    """[ANN3]"""
    people = [
        STAFF,
        AUTHOR,
        PEER,
        EDITOR,
        READER,
        Viewer("ian", "edit", is_staff=True, groups=frozenset({"red"})),
    ]
    author = "ada"  # who moves it may see it before and after
    loses = any(
        audiences.may_see(viewer, before, author) and not audiences.may_see(viewer, after, author)
        for viewer in people
    )
    assert audiences.is_wider(before, after) == (not loses)


@pytest.mark.parametrize(
    ("viewer", "audience", "field"),
    [
        (AUTHOR, "staff", "visibility"),
        (AUTHOR, "group:blue", "visibility"),
        (EDITOR, "group:red", "visibility"),
        (EDITOR, "staff", "visibility"),
    ],
)
def test_nobody_writes_for_others_audiences(viewer: Viewer, audience: str, field: str) -> None:
    with pytest.raises(Forbidden) as refused:
        audiences.check_can_address(viewer, audience)
    assert refused.value.field == field


def test_what_is_gone_looks_like_what_is_hidden_and_what_never_was() -> None:
    """[ANN1]"""
    errors = []
    for one, viewer in (
        (None, AUTHOR),
        (stored(visibility="staff"), AUTHOR),
        (stored(visibility="private"), STAFF),
        (stored(visibility="group:red"), PEER),
        (stored(state="deleted"), STAFF),
        (stored(), STRANGER),
    ):
        with pytest.raises(NotFound) as refused:
            rules.check_can_see(one, viewer)
        errors.append(refused.value.as_wire())
    assert all(error == errors[0] for error in errors)


# Who may what


REFUSALS: list[tuple[Any, type[CoursewireError] | None, str | None]] = [
    (lambda: rules.check_can_annotate(READER), Forbidden, "document_id"),
    (lambda: rules.check_can_annotate(PEER), None, None),
    (lambda: rules.check_motivation(AUTHOR, "assessing"), Forbidden, "motivation"),
    (lambda: rules.check_motivation(STAFF, "assessing"), None, None),
    (lambda: rules.check_can_update(stored(), AUTHOR, {"body": "new"}), None, None),
    (lambda: rules.check_can_update(stored(), STAFF, {"tags": []}), None, None),
    (lambda: rules.check_can_update(stored(), STAFF, {"tags": [], "body": "x"}), Forbidden, "body"),
    (lambda: rules.check_can_update(stored(), EDITOR, {"tags": []}), Forbidden, "tags"),
    (lambda: rules.check_can_update(stored(), PEER, {"visibility": "private"}), Forbidden, "visibility"),
    (lambda: rules.check_can_update(stored(author_id="finn"), READER, {"body": "x"}), Forbidden, "document_id"),
    (lambda: rules.check_can_update(stored(), AUTHOR, {"motivation": "assessing"}), Forbidden, "motivation"),
    (lambda: rules.check_can_update(stored(), AUTHOR, {"visibility": "staff"}), Forbidden, "visibility"),
    (lambda: rules.check_can_update(stored(parent_id="a0"), AUTHOR, {"visibility": "private"}), Invalid, "visibility"),
    (lambda: rules.check_can_move(others_have_replied=True), Conflict, "visibility"),
    (lambda: rules.check_can_delete(stored(), AUTHOR), None, None),
    (lambda: rules.check_can_delete(stored(), STAFF), None, None),
    (lambda: rules.check_can_delete(stored(), EDITOR), Forbidden, "annotation_id"),
    (lambda: rules.check_can_resolve(stored(), AUTHOR), None, None),
    (lambda: rules.check_can_resolve(stored(), EDITOR), None, None),
    (lambda: rules.check_can_resolve(stored(), STAFF), None, None),
    (lambda: rules.check_can_resolve(stored(), PEER), Forbidden, "annotation_id"),
    (lambda: rules.check_can_resolve(stored(author_id="finn"), READER), Forbidden, "annotation_id"),
    (lambda: rules.check_can_resolve(stored(parent_id="a0"), STAFF), Invalid, "annotation_id"),
    (lambda: rules.check_can_reanchor(stored(), PEER), None, None),
    (lambda: rules.check_can_reanchor(stored(), READER), Forbidden, "document_id"),
    (lambda: rules.check_can_reanchor(stored(parent_id="a0"), PEER), Invalid, "annotation_id"),
    (lambda: rules.check_can_be_replied_to(stored(parent_id="a0")), Invalid, "parent_id"),
    (lambda: rules.check_can_be_replied_to(stored(reply_count=rules.MOST_REPLIES - 1)), None, None),
    (lambda: rules.check_can_be_replied_to(stored(reply_count=rules.MOST_REPLIES)), TooLarge, "parent_id"),
    (lambda: rules.check_has_room(Counts(rules.MOST_OF_DOCUMENT, 0), "course"), TooLarge, "document_id"),
    (lambda: rules.check_has_room(Counts(rules.MOST_OF_DOCUMENT, 0), "private"), None, None),
    (lambda: rules.check_has_room(Counts(0, rules.MOST_OF_PERSON), "private"), TooLarge, "document_id"),
    (lambda: rules.check_has_room(Counts(rules.MOST_OF_DOCUMENT - 1, 1), "course"), None, None),
    (lambda: rules.check_stays_whole(stored(body=" ").annotation), Invalid, "motivation"),
    (lambda: rules.check_stays_whole(stored(body="", motivation="highlighting").annotation), None, None),
]  # fmt: skip


@pytest.mark.parametrize(("ask", "error", "field"), REFUSALS)
def test_who_may_what(ask: Any, error: type[CoursewireError] | None, field: str | None) -> None:
    """[ANN1] Every command has a rule."""
    if error is None:
        ask()
        return
    with pytest.raises(error) as refused:
        ask()
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("fields", "kind", "field"),
    [
        ({"start": "AAA", "end": "AAB"}, "text", None),
        ({}, "text", None),
        ({"selector": "main > p"}, "text", "target.selector"),
        ({"selector": "main > p", "start": "3", "end": "9"}, "page", None),
        ({"selector": "main > p"}, "page", None),
        ({"start": "AAA", "end": "9"}, "page", "target.start"),
        ({"start": "3", "end": "9999999999"}, "page", "target.end"),
        ({"start": "9", "end": "3"}, "page", "target.end"),
    ],
)
def test_a_target_fits_its_kind_of_document(fields: dict[str, str], kind: Any, field: str | None) -> None:
    target = AnnotationTarget(quote=Quote(exact="here"), **fields)
    if field is None:
        rules.check_fits(target, kind)
        return
    with pytest.raises(Invalid) as refused:
        rules.check_fits(target, kind)
    assert refused.value.field == field


# What is left


@pytest.mark.parametrize("keeps_place", [False, True])
def test_of_what_is_gone_its_ids_are_left(*, keeps_place: bool) -> None:
    """[ANN3] [LOG5] And the place of a thread, where others have replied."""
    before = stored(tags=["secret"], reply_count=2, resolved_by="ben", edited_at="2026-11-23T05:00:00.000Z")
    gone = rules.tombstone(before.annotation, 6, keeps_place=keeps_place)
    assert gone.model_dump(exclude_none=True, exclude_defaults=True) == {
        "id": "a1",
        "document_id": "7",
        "motivation": "commenting",
        "body": "",
        "html": "",
        "tags": [],
        "visibility": "course",
        "state": "deleted",
        "revision": 6,
        "created_at": before.annotation.created_at,
        **({"target": {**PLACE, "quote": {"exact": "here"}}, "reply_count": 2} if keeps_place else {}),
    }
    Annotation.model_validate_json(gone.model_dump_json(exclude_none=True))


def test_a_page_is_bounded_in_characters_and_never_empty() -> None:
    """An answer of many long annotations would not fit into an outbox."""
    long = stored(body="x" * 4_000, html="x" * 12_000).annotation
    page = rules.up_to_a_page([long] * 100)
    assert len(page) == rules.MOST_CHARACTERS_ON_A_PAGE // 16_004
    huge = stored(body="x", html="x" * rules.MOST_CHARACTERS_ON_A_PAGE).annotation
    assert rules.up_to_a_page([huge, huge]) == [huge]


# What the contract refuses


@pytest.mark.parametrize(
    "fields",
    [
        {"body": "no target"},
        {"body": "both", "target": {"quote": {"exact": "x"}}, "parent_id": "a0"},
        {"body": "", "target": {"quote": {"exact": "x"}}},
        {"body": " \n", "parent_id": "a0"},
        {"body": "x" * 4_001, "parent_id": "a0"},
        {"body": "x", "target": {"quote": {"exact": ""}}},
        {"body": "x", "target": {"quote": {"exact": "x" * 2_001}}},
        {"body": "x", "target": {"quote": {"exact": "x"}, "start": "AAA"}},
        {"body": "x", "target": {"quote": {"exact": "x"}, "start": "A A", "end": "AAA"}},
        {"body": "x", "parent_id": "a0", "tags": ["two words"]},
        {"body": "x", "parent_id": "a0", "tags": ['"']},
        {"body": "x", "parent_id": "a0", "tags": [str(n) for n in range(21)]},
        {"body": "x", "parent_id": "a0", "visibility": "everybody"},
        {"body": "x", "parent_id": "a0", "visibility": "group:"},
        {"body": "x", "parent_id": "a0", "motivation": "bookmarking"},
        {"body": "\x00", "parent_id": "a0"},
    ],
)
def test_annotations_that_say_too_little_or_too_much_are_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        CreateAnnotation.model_validate({"key": "k", "document_id": "7", **fields})


def test_a_change_says_something() -> None:
    with pytest.raises(ValidationError):
        UpdateAnnotation(key="k", annotation_id="a1", base_revision=1)
    CreateAnnotation.model_validate(
        {"key": "k", "document_id": "7", "motivation": "highlighting", "target": {"quote": {"exact": "x"}}}
    )
