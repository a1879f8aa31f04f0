"""How many elements a document has: counted as they come and go, and bounded."""

from __future__ import annotations

from typing import Any

import pytest
from pycrdt import Doc, XmlElement, XmlFragment, XmlText
from tests.unit.collaboration.reading_room import ReadingRoom
from tests.unit.collaboration.yjs import block, deleting, element, run, text, update

from coursewire.errors import TooLarge
from coursewire.namespaces.collaboration.encoding import elements, placing, seeding
from coursewire.namespaces.collaboration.encoding.known import Known
from coursewire.namespaces.collaboration.encoding.placing import check_profile, note_applied
from coursewire.namespaces.collaboration.encoding.reading import read_update
from coursewire.namespaces.collaboration.encoding.seeding import doc_of_html


def take(known: Known, raw: bytes) -> None:
    """Check an update, and note it."""
    read = read_update(raw)
    check_profile(read, known)
    note_applied(read, known)


def lines(client: int, start: int, count: int) -> list[bytes]:
    """Make paragraphs with one letter each, of three units: the element, its run of text, the letter."""
    found = []
    for clock in range(start, start + 3 * count, 3):
        found += [
            element() if not clock else element(left=(client, clock - 3)),
            run(parent=(client, clock)),
            text("a", parent=(client, clock + 1)),
        ]
    return found


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let documents have 20 elements: ten paragraphs that say something."""
    monkeypatch.setattr(placing, "MOST_ELEMENTS", 20)
    monkeypatch.setattr(seeding, "MOST_ELEMENTS", 20)


def refused(known: Known, raw: bytes) -> None:
    """See that an update is one element too many, and say so with what would be right."""
    with pytest.raises(TooLarge, match=r"at most 20 elements .* 10 paragraphs: begin another one") as error:
        check_profile(read_update(raw), known)
    assert error.value.field == "update"


def test_a_document_has_a_bounded_number_of_elements() -> None:
    """[DOC4] Whoever adds them, at once or one by one, and after a reload; text in those that are there is taken."""
    known = Known()
    refused(known, update(block(7, 0, *lines(7, 0, 11))))
    take(known, update(block(7, 0, *lines(7, 0, 9))))
    refused(known, update(block(8, 0, *lines(8, 0, 2))))
    take(known, update(block(8, 0, *lines(8, 0, 1))))
    for one in (known, Known.unpack(known.pack())):
        refused(one, update(block(9, 0, element())))
        take(one, update(block(9, 0, text("b", left=(7, 2)))))
        assert one.elements.count == 20


def test_what_is_deleted_makes_room_also_in_the_same_edit() -> None:
    """[DOC4] Once: the same ranges again make no more of it. What is there again counts once too."""
    known = Known()
    take(known, update(block(7, 0, *lines(7, 0, 10))))
    refused(known, update(block(8, 0, *lines(8, 0, 3)), deletes=deleting(7, (0, 6))))
    take(known, update(block(8, 0, *lines(8, 0, 2)), deletes=deleting(7, (0, 6))))
    assert known.elements.count == 20
    take(known, update(deletes=deleting(7, (0, 6))))
    take(known, update(block(8, 0, *lines(8, 0, 2))))
    for one in (known, Known.unpack(known.pack())):
        assert one.elements.count == 20
        refused(one, update(block(9, 0, element()), deletes=deleting(7, (0, 6))))
        take(one, update(block(9, 0, element()), deletes=deleting(7, (6, 1))))


def test_what_went_with_what_it_was_in_is_found_when_there_is_no_more_room(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """[DOC4] Somebody has deleted a paragraph and not named what others had put in it. Not each time: it takes long."""
    known = Known()
    take(known, update(block(7, 0, *lines(7, 0, 10))))
    take(known, update(deletes=deleting(7, (0, 1), (3, 1))))
    assert known.elements.count == 18
    take(known, update(block(8, 0, *lines(8, 0, 2))))
    assert known.elements.count == 20
    take(known, update(deletes=deleting(7, (6, 1))))
    refused(known, update(block(8, 6, element(left=(8, 3)), element(left=(8, 6)))))
    monkeypatch.setattr(elements, "SWEPT_AFTER", 1)
    take(known, update(block(8, 6, element(left=(8, 3)), element(left=(8, 6)))))


def test_what_is_put_into_what_is_gone_is_none() -> None:
    """[DOC4] Somebody wrote in a paragraph that somebody else had deleted."""
    known = Known()
    take(known, update(block(7, 0, *lines(7, 0, 2))))
    take(known, update(deletes=deleting(7, (0, 3))))
    take(known, update(block(8, 0, run(parent=(7, 0)), text("late", parent=(8, 0)))))
    assert known.elements.count == 2


def test_html_of_too_many_elements_makes_no_document() -> None:
    """[DOC8] Nested ones count too."""
    doc_of_html("<ul>" + "<li><p>a</p></li>" * 6 + "</ul><p></p>")
    for html in ("<p>a</p>" * 11, "<ul>" + "<li><p>a</p></li>" * 7 + "</ul>"):
        with pytest.raises(TooLarge, match="at most 20 elements") as error:
            doc_of_html(html)
        assert error.value.field == "html"


async def test_who_would_write_too_many_is_told_and_the_others_go_on(room: ReadingRoom) -> None:
    """[DOC4] Over the socket; deleting makes room at once."""
    document_id = await room.document()
    ada, ben = await room.come("ada"), await room.come("ben")
    await ada.open(document_id)
    await ada.type("one")
    await ben.open(document_id)
    error = await ben.send_refused(added(ben.doc, 20))
    assert (error["code"], error["field"]) == ("too_large", "update")
    again = await room.come("ben")
    await again.open(document_id)
    await again.send(added(again.doc, 9))
    await ada.type("two ")
    await again.send(removed(again.doc, 3))
    await again.send(added(again.doc, 3))


def added(doc: Doc[Any], count: int) -> bytes:
    """Write paragraphs at the end."""
    before = doc.get_state()
    root = doc.get("default", type=XmlFragment)
    with doc.transaction():
        for _ in range(count):
            root.children.append(XmlElement("paragraph", None, [XmlText("a")]))
    return doc.get_update(before)


def removed(doc: Doc[Any], count: int) -> bytes:
    """Delete the last paragraphs."""
    before = doc.get_state()
    root = doc.get("default", type=XmlFragment)
    with doc.transaction():
        del root.children[len(root.children) - count : len(root.children)]
    return doc.get_update(before)
