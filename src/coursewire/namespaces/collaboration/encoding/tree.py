"""A document as a tree of plain values, and the edits that make one tree of another."""

from __future__ import annotations

from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any, Final

from pycrdt import XmlElement, XmlFragment, XmlText

from coursewire.namespaces.collaboration.encoding.rendering import attributes_of
from coursewire.namespaces.collaboration.encoding.structs import ROOT_NAME

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pycrdt import Doc

MOST_COMPARED: Final = 2_000
"""Elements at the top of which the ones that stayed are looked for; more are written anew."""

Marks = dict[str, Any]
Piece = tuple[str, Marks]
"""Text, and the marks that all of it has."""


@dataclass(slots=True)
class Node:
    """An element, and what is in it: elements, or pieces of text with their marks."""

    name: str
    attributes: dict[str, Any] = field(default_factory=dict)
    children: list[Node | Piece] = field(default_factory=list)


def tree_of(doc: Doc[Any]) -> list[Node]:
    """Read a document. Text that is in no element is left out: no editor shows it."""
    root = doc.get(ROOT_NAME, type=XmlFragment)
    return [_node(child) for child in root.children if isinstance(child, XmlElement)]


def _node(element: XmlElement) -> Node:
    node = Node(element.tag or "", {name: _plain(value) for name, value in attributes_of(element).items()})
    for child in element.children:
        if isinstance(child, XmlElement):
            node.children.append(_node(child))
        elif isinstance(child, XmlText):
            _add_pieces(node.children, _pieces(child))
    return node


def _add_pieces(children: list[Node | Piece], pieces: list[Piece]) -> None:
    """Put pieces behind the others. Two texts side by side read as one: two people began an empty line at once."""
    if children and pieces:
        last = children[-1]
        if not isinstance(last, Node) and last[1] == pieces[0][1]:
            children[-1] = (last[0] + pieces[0][0], last[1])
            pieces = pieces[1:]
    children.extend(pieces)


def _pieces(text: XmlText) -> list[Piece]:
    return _runs([(piece, dict(marks or {})) for piece, marks in text.diff() if isinstance(piece, str)])


def _plain(value: Any) -> Any:
    """Return the 2 that JavaScript wrote, and pycrdt reads as 2.0."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def insert(parent: XmlFragment | XmlElement, index: int, nodes: list[Node]) -> None:
    """Put elements into `parent`, which is part of a document, in front of its child number `index`.

    The last one first, each in front of the others: yrs counts from the beginning to find a place.
    """
    for node in reversed(nodes):
        element = parent.children.insert(index, XmlElement(node.name))
        for name, value in node.attributes.items():
            element.attributes[name] = value
        for child in reversed(list(_joined(node.children))):
            if isinstance(child, Node):
                insert(element, 0, [child])
            else:
                _insert_pieces(element.children.insert(0, XmlText()), 0, child)


def _joined(children: list[Node | Piece]) -> Iterator[Node | list[Piece]]:
    """Put the pieces of text that follow one another together: they are one run of text with marks in it."""
    pieces: list[Piece] = []
    for child in children:
        if not isinstance(child, Node):
            pieces.append(child)
            continue
        if pieces:
            yield pieces
            pieces = []
        yield child
    if pieces:
        yield pieces


def _insert_pieces(text: XmlText, at: int, pieces: list[Piece]) -> None:
    """Put pieces in, with their marks and no others."""
    for piece, marks in pieces:
        text.insert(at, piece, marks)
        at += len(piece.encode())  # pycrdt counts bytes


def count_elements(nodes: list[Node]) -> int:
    """Return how many elements and runs of text these are in a document."""
    return sum(
        1 + sum(count_elements([child]) if isinstance(child, Node) else 1 for child in _joined(node.children))
        for node in nodes
    )


def become(doc: Doc[Any], wanted: list[Node]) -> Iterator[None]:
    """Edit a document until it has this tree; yields behind each edit, so that each may be a transaction of its own.

    What is the same stays: whoever writes there meanwhile, or has marked it, notices nothing.
    """
    root = doc.get(ROOT_NAME, type=XmlFragment)
    # From the end to the beginning, so that what is left to do keeps its place.
    for _tag, first, last, start, stop in reversed(_changes(tree_of(doc), wanted)):
        if last - first == stop - start and all(
            _rewrite(root.children[first + index], wanted[start + index]) for index in range(stop - start)
        ):
            yield
            continue
        if last > first:
            del root.children[first:last]
            yield
        for nodes in reversed(list(_portions(wanted[start:stop]))):
            insert(root, first, nodes)
            yield


_AT_ONCE: Final = 64 * 1024
"""Characters, roughly, of the elements of one edit: what each brings has to fit into one update."""


def _portions(nodes: list[Node]) -> Iterator[list[Node]]:
    """Cut a list of elements into parts that are not too long; one element is never cut."""
    portion: list[Node] = []
    size = 0
    for node in nodes:
        size += len(repr(node))
        if portion and size > _AT_ONCE:
            yield portion
            portion, size = [], len(repr(node))
        portion.append(node)
    if portion:
        yield portion


def _changes(now: list[Node], wanted: list[Node]) -> list[tuple[str, int, int, int, int]]:
    """Return what has to be replaced, as `SequenceMatcher.get_opcodes` does."""
    before, after = [repr(node) for node in now], [repr(node) for node in wanted]
    head = 0
    while head < min(len(before), len(after)) and before[head] == after[head]:
        head += 1
    tail = 0
    while tail < min(len(before), len(after)) - head and before[-1 - tail] == after[-1 - tail]:
        tail += 1
    before, after = before[head : len(before) - tail], after[head : len(after) - tail]
    if not before and not after:
        return []
    if len(before) + len(after) > MOST_COMPARED:
        return [("replace", head, head + len(before), head, head + len(after))]
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    return [
        (tag, head + first, head + last, head + start, head + stop)
        for tag, first, last, start, stop in matcher.get_opcodes()
        if tag != "equal"
    ]


def _rewrite(element: object, wanted: Node) -> bool:
    """Change the text of an element that is otherwise as wanted: only what differs. False when it is not."""
    if not isinstance(element, XmlElement) or len(element.children) != 1:
        return False
    text = element.children[0]
    now = _node(element)
    if (
        not isinstance(text, XmlText)
        or (now.name, now.attributes) != (wanted.name, wanted.attributes)
        or any(isinstance(child, Node) for child in wanted.children)
    ):
        return False
    before = _characters(_pieces(text))
    after = _characters([child for child in wanted.children if not isinstance(child, Node)])
    head = 0
    while head < min(len(before), len(after)) and before[head] == after[head]:
        head += 1
    tail = 0
    while tail < min(len(before), len(after)) - head and before[-1 - tail] == after[-1 - tail]:
        tail += 1
    start = sum(len(character.encode()) for character, _marks in before[:head])
    size = sum(len(character.encode()) for character, _marks in before[head : len(before) - tail])
    if size:
        del text[start : start + size]
    _insert_pieces(text, start, _runs(after[head : len(after) - tail]))
    return True


def _characters(pieces: list[Piece]) -> list[Piece]:
    return [(character, marks) for text, marks in pieces for character in text]


def _runs(pieces: list[Piece]) -> list[Piece]:
    """Put pieces with the same marks together."""
    runs: list[tuple[list[str], Marks]] = []
    for text, marks in pieces:
        if not runs or runs[-1][1] != marks:
            runs.append(([], marks))
        runs[-1][0].append(text)
    return [("".join(texts), marks) for texts, marks in runs]
