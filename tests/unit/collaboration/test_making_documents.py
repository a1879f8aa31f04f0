"""Documents are made, listed and seeded: who may, what they begin with, and only once."""

from __future__ import annotations

from typing import Any

import pytest
from pycrdt import Doc
from tests.unit.collaboration.reading_room import COURSE, ReadingRoom, Writer

from coursewire.identity import groups
from coursewire.namespaces.collaboration.contract import Access, DocumentKind, Mode
from coursewire.namespaces.collaboration.encoding.known import Known
from coursewire.namespaces.collaboration.encoding.placing import check_profile
from coursewire.namespaces.collaboration.encoding.reading import missing, read_update
from coursewire.namespaces.collaboration.encoding.rendering import html_of, text_of
from coursewire.namespaces.collaboration.rules.modes import Grant, mode_of, why_changed
from coursewire.namespaces.collaboration.service.seeds import TEMPLATES, seed_of
from coursewire.namespaces.collaboration.store.documents import DocumentRow
from coursewire.realtime.transaction import Transaction
from coursewire.vocabulary import new_id


def row(
    *,
    kind: DocumentKind = "text",
    group: str | None = None,
    access: dict[Any, Access] | None = None,
    archived: bool = False,
) -> DocumentRow:
    """Return a document."""
    return DocumentRow("7", COURSE, "Notes", kind, None, group, access or {}, archived, 1, "e", "ada", 0, 0)


@pytest.mark.parametrize(
    ("roles", "document", "held", "mode"),
    [
        ({"instructor"}, row(), set(), "edit"),
        ({"teaching_assistant"}, row(access={"learner": "none"}), set(), "edit"),
        ({"learner"}, row(), set(), "edit"),
        ({"mentor"}, row(), set(), "comment"),
        ({"content_developer"}, row(), set(), "edit"),
        ({"administrator"}, row(group="red"), set(), "edit"),
        ({"service"}, row(), set(), "edit"),
        (set(), row(), set(), None),
        ({"learner"}, row(access={"learner": "view"}), set(), "view"),
        ({"learner"}, row(access={"learner": "none"}), set(), None),
        ({"learner", "mentor"}, row(access={"learner": "view"}), set(), "comment"),
        ({"learner", "instructor"}, row(access={"learner": "none"}), set(), "edit"),
        ({"learner"}, row(archived=True), set(), "view"),
        ({"instructor"}, row(archived=True), set(), "view"),
        ({"learner"}, row(archived=True, access={"learner": "none"}), set(), None),
        ({"instructor"}, row(kind="page"), set(), "comment"),
        ({"learner"}, row(kind="page", access={"learner": "view"}), set(), "view"),
        ({"learner"}, row(group="red"), {"red"}, "edit"),
        ({"learner"}, row(group="red"), {"blue"}, None),
        ({"mentor"}, row(group="red", access={"mentor": "edit"}), {"red"}, "edit"),
        ({"instructor"}, row(group="red"), set(), "edit"),
    ],
)
def test_what_one_may_do_follows_from_roles_groups_and_the_document(
    roles: set[str], document: DocumentRow, held: set[str], mode: Mode | None
) -> None:
    """[DOC7]"""
    assert mode_of(roles, document, held) == mode


def test_it_is_told_what_has_changed_a_mode() -> None:
    """[DOC7]"""
    before = Grant("edit")
    assert why_changed(before, Grant("view", is_archived=True)) == "archived"
    assert why_changed(before, Grant("view", access='{"learner":"view"}')) == "document"
    assert why_changed(before, Grant("view")) == "role"


@pytest.mark.parametrize("template", [template.id for template in TEMPLATES])
def test_a_template_is_a_document_that_an_editor_could_have_written(template: str) -> None:
    """[DOC8] And it is the same text every time it is read."""
    seed = seed_of("text", template=template)
    assert seed is not None
    update, known = read_update(seed), Known()
    assert missing(update, {}) is None
    check_profile(update, known)
    doc: Doc[Any] = Doc()
    doc.apply_update(seed)
    assert text_of(doc).count("\n") >= 6
    assert html_of(doc).startswith("<h1>")


async def test_a_document_is_seeded_once_for_its_key(room: ReadingRoom) -> None:
    """[LOG3] [DOC8] The same command again makes and seeds nothing."""
    ada = await room.come("ada")
    command = {"key": new_id(), "course_id": COURSE, "title": "Report", "template": "lab-report"}
    first = await ada.ask("document.create", **command)
    again = await ada.ask("document.create", **command)
    assert (again["document"], again["duplicate"]) == (first["document"], True)
    assert await room.count("collaboration_documents", "collaboration_updates") == [1, 1]
    writers = [await room.come(user) for user in ("ada", "ben", "cleo")]
    for writer in writers:
        await writer.open(first["document"]["id"])
        assert writer.text.count("Lab report") == 1
    error = await ada.refused("document.create", **{**command, "key": new_id(), "template": "poem"})
    assert (error["code"], error["field"]) == ("invalid", "template")
    templates = await ada.ask("document.templates", course_id=COURSE)
    assert [one["id"] for one in templates["items"]] == [template.id for template in TEMPLATES]


async def test_learners_make_documents_of_their_groups(room: ReadingRoom) -> None:
    """[DOC7] [SUB1] For its members and staff; to the others it is not there."""

    def work(tx: Transaction) -> None:
        for name, people in (("red", ["ben"]), ("blue", ["cleo"])):
            for fact in groups.put_group(tx.raw, COURSE, name, people):
                tx.tell(fact)

    await room.write(work)
    ben, cleo, ada = [await room.come(user) for user in ("ben", "cleo", "ada")]
    made = {"course_id": COURSE, "title": "Ours"}
    for fields, field in (({}, "group"), ({"group": "blue"}, "group")):
        error = await ben.refused("document.create", key=new_id(), **made, **fields)
        assert (error["code"], error["field"]) == ("forbidden", field)
    error = await ada.refused("document.create", key=new_id(), **made, group="green")
    assert (error["code"], error["field"]) == ("invalid", "group")
    document = (await ben.ask("document.create", key=new_id(), **made, group="red"))["document"]
    assert document["mode"] == "edit"
    assert (await cleo.open_refused(document["id"]))["code"] == "not_found"
    await ben.open(document["id"])
    await ada.open(document["id"])
    assert [await titles(writer) for writer in (ada, ben, cleo)] == [["Ours"], ["Ours"], []]
    eve = await room.come("eve")
    for command in ("document.list", "document.templates"):
        assert (await eve.refused(command, course_id=COURSE))["code"] == "not_found"
    assert (await eve.refused("document.create", key=new_id(), **made))["code"] == "not_found"


async def titles(writer: Writer) -> list[str]:
    """Return the titles in somebody's list."""
    return [one["title"] for one in (await writer.ask("document.list", course_id=COURSE))["items"]]


async def test_a_list_goes_on_where_its_page_ended(room: ReadingRoom) -> None:
    for number in range(5):
        await room.document(title=f"Notes {number}", kind="page" if number == 2 else "text")
    ben = await room.come("ben")
    found, cursor = [], None
    while True:
        page = await ben.ask(
            "document.list", course_id=COURSE, limit=2, **({"cursor": cursor} if cursor else {})
        )
        found += [one["title"] for one in page["items"]]
        cursor = page.get("next_cursor")
        if cursor is None:
            break
    assert found == [f"Notes {number}" for number in (4, 3, 2, 1, 0)]
    pages = await ben.ask("document.list", course_id=COURSE, kind="page")
    assert [one["title"] for one in pages["items"]] == ["Notes 2"]
    error = await ben.refused("document.list", course_id=COURSE, cursor="x' OR 1=1")
    assert (error["code"], error["field"]) == ("invalid", "cursor")
