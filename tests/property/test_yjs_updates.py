"""What the checks let through is applied whole and loads again; what honest editors write is let through."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from random import Random
from types import FrameType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycrdt import Doc, XmlElement, XmlFragment
from tests.property.yjs_nonsense import (
    Nonsense,
    clocks_of,
    collected,
    crowd,
    edit,
    mutated,
    root_of,
    updates_of,
)

from coursewire.errors import Invalid, TooLarge
from coursewire.namespaces.collaboration.encoding import placing, weaving
from coursewire.namespaces.collaboration.encoding.homes import GONE
from coursewire.namespaces.collaboration.encoding.known import Known, Placed
from coursewire.namespaces.collaboration.encoding.placing import check_profile, known_of, note_applied
from coursewire.namespaces.collaboration.encoding.reading import Update, missing, read_update
from coursewire.namespaces.collaboration.encoding.rendering import text_of
from coursewire.namespaces.collaboration.encoding.weaving import Item, Weave

seeds = st.integers(0, 2**32).map(Random)


class Room:
    """A document behind the checks, as a server keeps it."""

    def __init__(self) -> None:
        self.doc: Doc[Any] = Doc()
        self.known = Known()
        self.last = Update()
        """The last update that was read."""
        root_of(self.doc)

    def take(self, raw: bytes) -> str | None:
        """Apply an update, or say what is missing. Raises Invalid."""
        update = self.last = read_update(raw)
        if lacking := missing(update, self.known.clocks):
            return lacking
        check_profile(update, self.known)
        self.doc.apply_update(raw)
        note_applied(update, self.known)
        return None

    def check(self, raw: bytes) -> None:
        """Read an update and check it. Raises Invalid, TooLarge."""
        update = read_update(raw)
        if missing(update, self.known.clocks) is None:
            check_profile(update, self.known)

    def takes(self, raw: bytes) -> bool:
        """Apply an update unless it is refused, or something is missing."""
        try:
            return self.take(raw) is None
        except (Invalid, TooLarge) as error:
            return error.field != "update"

    def reload(self) -> str:
        """Begin again from the state and what was packed beside it; return what the document said before."""
        state, packed = self.doc.get_update(), self.known.pack()
        text, clocks = text_of(self.doc), clocks_of(self.doc)
        assert clocks == self.known.clocks
        self.doc, self.known = Doc(), Known.unpack(packed)
        self.doc.apply_update(state)
        assert (clocks_of(self.doc), self.known.pack()) == (clocks, packed)
        assert sorted(text_of(self.doc)) == sorted(text)
        return text


def elements_in(doc: Doc[Any]) -> int:
    """Count the elements of a document, and the runs of text in them."""

    def within(parent: XmlFragment | XmlElement) -> int:
        return sum(1 + (within(one) if isinstance(one, XmlElement) else 0) for one in parent.children)

    return within(root_of(doc))


def written(rng: Random, room: Room, rounds: int) -> None:
    """Let two editors write at once, and the room hear both."""
    docs: tuple[Doc[Any], ...] = (Doc(), Doc())
    for doc in docs:
        root_of(doc)
        doc.apply_update(room.doc.get_update())
    heard = [updates_of(doc) for doc in docs]
    for _ in range(rounds):
        for doc in docs:
            for _ in range(rng.randrange(4)):
                edit(rng, doc)
        streams = [list(updates) for updates in heard]
        while any(streams):
            raw = rng.choice([stream for stream in streams if stream]).pop(0)
            assert room.take(raw) is None
        first, second = [list(updates) for updates in heard]
        for raw in second:
            docs[0].apply_update(raw)
        for raw in first:
            docs[1].apply_update(raw)
        for updates in heard:
            updates.clear()
        assert text_of(docs[0]) == text_of(docs[1]) == text_of(room.doc)


@given(seeds)
def test_honest_editors_are_never_refused(rng: Random) -> None:
    room = Room()
    for _ in range(3):
        written(rng, room, 4)
        assert room.known.elements.count >= elements_in(room.doc)
        assert room.reload() == text_of(room.doc)
        assert room.known.elements.sweep(room.known)
        assert room.known.elements.count == elements_in(room.doc)


@given(seeds)
def test_honest_editors_are_not_refused_when_only_the_state_is_left(rng: Random) -> None:
    room = Room()
    written(rng, room, 4)
    late: Doc[Any] = Doc()
    root_of(late)
    late.apply_update(room.doc.get_update())
    unheard = updates_of(late)
    for _ in range(4):
        edit(rng, late)
    written(rng, room, 4)
    room.known = known_of(room.doc.get_update())
    for raw in unheard:
        assert room.take(raw) is None
    assert room.reload() == text_of(room.doc)


@given(seeds)
def test_what_is_sent_again_together_with_what_is_new_is_taken(rng: Random) -> None:
    """The answer to an update was lost: its editor sends all that it has no answer for, in one."""
    room = Room()
    written(rng, room, 4)
    editor: Doc[Any] = Doc()
    root_of(editor)
    editor.apply_update(room.doc.get_update())
    unsent = updates_of(editor)
    answered = editor.get_state()
    for _ in range(6):
        edit(rng, editor)
    for raw in unsent[: rng.randrange(6)]:
        assert room.take(raw) is None
    written(rng, room, 2)
    assert room.take(editor.get_update(answered)) is None
    assert room.take(editor.get_update()) is None
    assert room.reload() == text_of(room.doc)


@given(seeds, st.booleans())
def test_what_passes_is_applied_whole_and_loads_again(rng: Random, rebuilt: bool) -> None:  # noqa: FBT001
    """All but for the order: what was put between units that were no neighbours may stand elsewhere afterwards.

    It cannot be refused: Yjs writes such things itself when it undoes.
    """
    room = Room()
    written(rng, room, 4)
    for _ in range(20):
        if rebuilt:
            room.known = known_of(room.doc.get_update())
        before = room.known.pack()
        if not room.takes(Nonsense(rng, room.doc, room.known).update()):
            assert room.known.pack() == before
        else:
            room.reload()


@given(seeds, st.booleans())
def test_the_short_way_says_what_the_long_way_says(rng: Random, honest: bool) -> None:  # noqa: FBT001
    """Of what an editor mostly writes, which is placed in a shorter way."""
    room = Room()
    written(rng, room, 4)
    editor: Doc[Any] = Doc()
    root_of(editor)
    editor.apply_update(room.doc.get_update())
    heard = updates_of(editor)
    while len(heard) < 12:
        edit(rng, editor)
    updates = heard if honest else [Nonsense(rng, room.doc, room.known).update() for _ in range(12)]
    for raw in [*updates, room.doc.get_update()]:
        said, at_length = outcome(raw, room.known), None
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(placing, "_place_typed", lambda *_: None)
            at_length = outcome(raw, room.known)
        assert said == at_length
        room.takes(raw)


def outcome(raw: bytes, known: Known) -> object:
    """What an update is, and where it belongs; or why it is refused."""
    try:
        update = read_update(raw)
        if lacking := missing(update, known.clocks):
            return update, lacking
        check_profile(update, known)
    except Invalid as refusal:
        return str(refusal)
    return update


_NEXT: Any = vars(Item)["next"]


def _step(item: Item) -> Item | None:
    Walking.steps += 1
    found: Item | None = _NEXT.__get__(item)
    return found


Stepped: Any = type("Stepped", (Item,), {"__slots__": (), "next": property(_step, _NEXT.__set__)})
"""Tells whenever somebody goes on from it to the next one."""


class Walking(Weave):
    """Puts structs into a document as Yjs does, and counts what it walks past."""

    steps = 0
    walked = 0

    def put(self, update: Update, placed: Placed) -> int:
        """Put in what is new of an update, and return how many steps finding the places took."""
        self.walked = 0
        for index in placed.order:
            struct, home = update.structs[index], placed.homes[index]
            if home != GONE and struct.clock >= placed.starts[struct.client]:
                self._put(Stepped(struct, home))
        return self.walked

    def _settle(self, item: Item, left: Item | None, right: Item | None) -> Item | None:
        before = Walking.steps
        settled = super()._settle(item, left, right)
        self.walked += Walking.steps - before
        return settled


@given(seeds)
def test_what_is_walked_past_is_counted(rng: Random) -> None:
    """[DOC4] However an update crowds some place: no more pieces are there, and no more is walked than was counted."""
    room = Room()
    written(rng, room, 4)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(weaving, "Item", Stepped)
        for turn in range(12):
            raw = rng.choice((crowd(rng, room.known), Nonsense(rng, room.doc, room.known).update()))
            walking = Walking(room.doc.get_update())
            for home, size in room.known.sizes.items():
                assert sum(1 for _ in walking.children(home)) <= size
            if room.takes(raw) and (update := room.last).placed is not None:
                # One goes behind the left neighbour, and may see at once that one is there.
                most = update.placed.steps + len(update.structs)
                assert walking.put(update, update.placed) <= most
            if turn == 6:
                room.known = Known.unpack(room.known.pack())


def runs_lines(work: Callable[[], object], most: int) -> None:
    """Do a work, and fail as soon as it has run more lines of ours than that; what it refuses is no matter."""
    count = 0

    def trace(frame: FrameType, event: str, _: object) -> Any:
        nonlocal count
        count += event == "line"
        assert count <= most
        return trace if "coursewire" in frame.f_code.co_filename else None

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        with suppress(Invalid, TooLarge):
            work()
    finally:
        sys.settrace(before)


@given(seeds)
def test_what_an_update_costs_goes_by_its_bytes_whatever_they_say(rng: Random) -> None:
    """[DOC4] Reading and checking it, and comparing the document afterwards; also of numbers that are very large."""
    room = Room()
    written(rng, room, 4)
    for _ in range(12):
        made = (crowd(rng, room.known), Nonsense(rng, room.doc, room.known).update(), collected(rng))
        raw = rng.choice(made)
        if rng.random() < 0.7:
            raw = mutated(rng, raw)
        runs_lines(partial(room.check, raw), 40 * len(raw) + 300)
        if room.takes(raw):
            state = room.doc.get_update()
            runs_lines(partial(Weave, state), 40 * len(state) + 300)
