"""A document is edited until it has another's tree: what stays the same is not touched; others may write meanwhile."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycrdt import Doc, XmlElement, XmlFragment, XmlText
from pycrdt._xml import XmlChildrenView
from tests.property.yjs_nonsense import edit, root_of, updates_of

from coursewire.namespaces.collaboration.encoding import tree
from coursewire.namespaces.collaboration.encoding.placing import check_profile, known_of, note_applied
from coursewire.namespaces.collaboration.encoding.reading import missing, read_update
from coursewire.namespaces.collaboration.encoding.rendering import html_of, text_of
from coursewire.namespaces.collaboration.encoding.seeding import doc_of_html
from coursewire.namespaces.collaboration.encoding.tree import MOST_COMPARED, Node, become, insert, tree_of

seeds = st.integers(0, 2**32).map(Random)
HTML = (
    "<h2>One</h2><p>a <strong>b</strong> c</p><ul><li><p>d</p></li></ul>",
    "<p>a <strong>b!</strong> c 😀</p><h2>One</h2><p>new</p>",
    "<h3>One</h3><pre><code>x = 1</code></pre><hr><p>z<br>y</p>",
    "<p></p>",
)


def remade(doc: Doc[Any], wanted: list[Node]) -> list[bytes]:
    heard = updates_of(doc)
    with doc.transaction():
        for _ in become(doc, wanted):
            pass
    return heard


@pytest.mark.parametrize("before", HTML)
@pytest.mark.parametrize("after", HTML)
def test_a_document_becomes_another(before: str, after: str) -> None:
    doc = doc_of_html(before)
    room = known_of(doc.get_update())
    updates = remade(doc, tree_of(doc_of_html(after)))
    assert html_of(doc) == after
    assert bool(updates) == (before != after)
    for raw in updates:
        update = read_update(raw)
        assert missing(update, room.clocks) is None
        check_profile(update, room)
        note_applied(update, room)


@given(seeds)
def test_any_document_becomes_what_it_was(rng: Random) -> None:
    doc: Doc[Any] = Doc()
    root_of(doc)
    for _ in range(15):
        edit(rng, doc)
    wanted, text = tree_of(doc), text_of(doc)
    for _ in range(15):
        edit(rng, doc)
    remade(doc, wanted)
    assert (tree_of(doc), text_of(doc)) == (wanted, text)


def test_what_somebody_types_meanwhile_stays_where_nothing_is_restored() -> None:
    doc = doc_of_html("<p>one</p><p>two</p><p>three</p>")
    wanted = tree_of(doc)
    other: Doc[Any] = Doc()
    root_of(other)
    second = root_of(doc).children[1]
    assert isinstance(second, XmlElement)
    text = second.children[0]
    assert isinstance(text, XmlText)
    text.insert(3, " and a half")
    other.apply_update(doc.get_update())
    (update,) = remade(doc, wanted)
    typing = updates_of(other)
    for index, words in ((0, " still"), (1, "!")):
        paragraph = root_of(other).children[index]
        assert isinstance(paragraph, XmlElement)
        line = paragraph.children[0]
        assert isinstance(line, XmlText)
        line.insert(len(line), words)
    other.apply_update(update)
    for raw in typing:
        doc.apply_update(raw)
    assert text_of(doc) == text_of(other) == "one still\ntwo!\nthree\n"


def test_the_same_tree_needs_no_edit() -> None:
    doc = doc_of_html(HTML[0])
    assert list(become(doc, tree_of(doc))) == []


def test_two_texts_side_by_side_read_as_one() -> None:
    """Two people began an empty paragraph at once: brought back, it is one text, and then there is nothing to do."""
    doc = doc_of_html("<p></p>")
    paragraph = root_of(doc).children[0]
    assert isinstance(paragraph, XmlElement)
    for words in ("two ", "texts"):
        paragraph.children.append(XmlText(words))
    wanted = tree_of(doc)
    assert wanted[0].children == [("two texts", {})]
    doc = doc_of_html("<h1>else</h1>")
    remade(doc, wanted)
    assert tree_of(doc) == wanted
    assert list(become(doc, wanted)) == []


def test_very_many_elements_are_written_anew() -> None:
    lines = "".join(f"<p>{number}</p>" for number in range(MOST_COMPARED + 10))
    doc = doc_of_html(f"<p>same</p>{lines}")
    wanted = tree_of(doc_of_html("<p>same</p><p>other</p><p>2</p>"))
    remade(doc, wanted)
    assert tree_of(doc) == wanted


def test_a_long_document_comes_in_portions() -> None:
    """Away with what is there, then as many elements at once as go into an update."""
    doc = doc_of_html("<h1></h1>")
    wanted = tree_of(doc_of_html("".join(f"<p>{number} {'x' * 10_000}</p>" for number in range(20))))
    assert sum(1 for _ in become(doc, wanted)) == 5
    assert tree_of(doc) == wanted


def test_a_new_document_is_written_from_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """yrs counts children from the beginning: 62,000 paragraphs, each behind the others, took 38 s of a transaction."""
    places: list[int] = []
    put = XmlChildrenView.insert

    def noted(view: XmlChildrenView, index: int, element: Any) -> Any:
        places.append(index)
        return put(view, index, element)

    monkeypatch.setattr(XmlChildrenView, "insert", noted)
    doc: Doc[Any] = Doc()
    lines = [Node("paragraph", {}, [(str(line), {}), Node("hardBreak")]) for line in range(20)]
    insert(doc.get("default", type=XmlFragment), 0, lines)
    assert text_of(doc) == "".join(f"{line}\n\n" for line in range(20))
    assert len(places) == 60
    assert set(places) == {0}
    places.clear()
    monkeypatch.setattr(tree, "_AT_ONCE", 100)
    again: Doc[Any] = Doc()
    assert len(list(become(again, lines))) > 5
    assert text_of(again) == text_of(doc)
    assert set(places) == {0}
