"""The text of a document as a string: against a plain string, whatever is in it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycrdt import Doc, XmlElement, XmlFragment, XmlText

from coursewire.client.document_text import PIECE, PIECE_LINES, DocumentText

TEXTS = st.text(alphabet="ab字😀é\n", min_size=1, max_size=6)
EDITS = st.lists(st.tuples(st.booleans(), st.floats(0, 1), TEXTS), max_size=30)


@pytest.fixture
def doc() -> Doc[Any]:
    """Make an empty document."""
    return Doc()


@pytest.fixture
def text(doc: Doc[Any]) -> DocumentText:
    """Look at it as a text."""
    return DocumentText(lambda: doc)


def tree(parent: XmlFragment | XmlElement) -> list[Any]:
    """Return a document as lists: an element is its name and its content, a text its pieces."""
    found: list[Any] = []
    for child in parent.children:
        if isinstance(child, XmlText):
            found.append(child.diff())
        elif isinstance(child, XmlElement):
            found.append([child.tag, *tree(child)])
    return found


@given(EDITS)
def test_it_behaves_as_a_string(edits: list[tuple[bool, float, str]]) -> None:
    doc: Doc[Any] = Doc()
    text, model = DocumentText(lambda: doc), ""
    for inserts, where, piece in edits:
        if inserts or not model:
            index = round(where * len(model))
            text.insert(index, piece)
            model = model[:index] + piece + model[index:]
        else:
            index = round(where * (len(model) - 1))
            length = min(len(piece), len(model) - index)
            text.delete(index, length)
            model = model[:index] + model[index + length :]
        assert str(text) == model
        assert len(text) == len(model)


def test_marks_stay_with_their_characters(doc: Doc[Any], text: DocumentText) -> None:
    root = doc.get("default", type=XmlFragment)
    run = root.children.append(XmlElement("paragraph")).children.append(XmlText("plain "))
    run.insert(6, "字bold", {"bold": {}})
    text.insert(8, "\n")
    assert str(text) == "plain 字b\nold"
    assert tree(root) == [
        ["paragraph", [("plain ", None), ("字b", {"bold": {}})]],
        ["paragraph", [("old", {"bold": {}})]],
    ]
    text.delete(7, 2)
    assert tree(root) == [
        ["paragraph", [("plain ", None), ("字", {"bold": {}})], [("old", {"bold": {}})]],
    ]
    text.insert(6, "x")
    assert str(text) == "plain x字old"
    text.insert(9, "1\n2\n3")
    assert tree(root)[0][-1] == [("o", {"bold": {}}), ("1", None)]
    assert tree(root)[1:] == [
        ["paragraph", [("2", None)]],
        ["paragraph", [("3", None), ("ld", {"bold": {}})]],
    ]


def test_a_list_that_loses_its_lines_goes_with_them(doc: Doc[Any], text: DocumentText) -> None:
    root = doc.get("default", type=XmlFragment)
    root.children.append(XmlElement("paragraph")).children.append(XmlText("before"))
    items = root.children.append(XmlElement("bulletList"))
    for word in ("one", "two"):
        item = items.children.append(XmlElement("listItem"))
        item.children.append(XmlElement("paragraph")).children.append(XmlText(word))
    assert str(text) == "before\none\ntwo"
    text.delete(3, len("ore\none\ntw"))
    assert tree(root) == [["paragraph", [("bef", None)], [("o", None)]]]


def test_a_break_is_a_character_and_code_keeps_its_lines(doc: Doc[Any], text: DocumentText) -> None:
    root = doc.get("default", type=XmlFragment)
    paragraph = root.children.append(XmlElement("paragraph"))
    paragraph.children.append(XmlText("a"))
    paragraph.children.append(XmlElement("hardBreak"))
    paragraph.children.append(XmlText("b"))
    root.children.append(XmlElement("codeBlock")).children.append(XmlText("x = 1"))
    assert str(text) == "a\nb\nx = 1"
    text.append("\ny = 2")
    text.delete(1)
    assert tree(root)[1] == ["codeBlock", [("x = 1\ny = 2", None)]]
    assert str(text) == "ab\nx = 1\ny = 2"


def test_what_is_not_there_cannot_be_edited(text: DocumentText) -> None:
    text += "abc"
    for index in (-1, 4):
        with pytest.raises(IndexError):
            text.insert(index, "x")
    with pytest.raises(IndexError):
        text.delete(2, 2)
    with pytest.raises(ValueError, match="substring"):
        text.replace("z", "y")
    text.replace("b", "字")
    assert "a字c" in text
    assert text[1] == "字"


def test_a_long_text_goes_in_several_updates(doc: Doc[Any], text: DocumentText) -> None:
    """No more characters, and no more lines in one than a server takes; the text is the same."""
    updates: list[bytes] = []
    doc.observe(lambda event: updates.append(event.update))
    text.insert(0, "ab")
    long = "\n".join(["line"] * (2 * PIECE_LINES)) + "x" * (2 * PIECE)
    text.insert(1, long)
    assert str(text) == f"a{long}b"
    assert len(updates) >= 5
    assert max(map(len, updates)) < 2 * PIECE
