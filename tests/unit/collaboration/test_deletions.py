"""Who took away which units: folded from edits, written down, read again."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from coursewire.errors import Invalid
from coursewire.namespaces.collaboration.encoding.deletions import Deletions

_range = st.tuples(st.integers(1, 2), st.integers(0, 30), st.integers(1, 8)).map(
    lambda given: (given[0], given[1], given[1] + given[2])
)
_edits = st.lists(
    st.tuples(st.lists(_range, max_size=5), st.sampled_from([None, 5, 6, 2**32 - 1])), max_size=12
)


def folded(edits: list[tuple[list[tuple[int, int, int]], int | None]]) -> Deletions:
    deletions = Deletions()
    for ranges, by in edits:
        deletions.note(ranges, by)
    return deletions


def units(deletions: Deletions, client: int, start: int, end: int) -> list[int | None]:
    """Return whose each unit is, and see that the answer is in order and whole."""
    found: list[int | None] = []
    for first, last, by in deletions.between(client, start, end):
        assert first == start + len(found)
        assert first < last
        found += [by] * (last - first)
    assert len(found) == max(0, end - start)
    return found


@given(_edits, st.integers(0, 40), st.integers(0, 40))
@example([([(1, 5, 8)], 5), ([(1, 0, 12)], 6)], 0, 12)
@example([([(1, 0, 2), (1, 4, 6)], 5), ([(1, 0, 10)], 5)], 0, 10)
def test_whoever_was_the_first_has_taken_a_unit_away(
    edits: list[tuple[list[tuple[int, int, int]], int | None]], start: int, end: int
) -> None:
    """[DOC6] Also as it is written down: the same as a table of single units."""
    model: dict[tuple[int, int], int | None] = {}
    for ranges, by in edits:
        for client, first, last in ranges:
            for unit in range(first, last):
                model.setdefault((client, unit), by)
    deletions = folded(edits)
    for one in (deletions, Deletions.unpack(deletions.pack())):
        for client in (1, 2, 3):
            wanted = [model.get((client, unit)) for unit in range(start, end)]
            assert units(one, client, start, end) == wanted


def test_what_is_deleted_letter_by_letter_is_one_span() -> None:
    """A document that was written for a year has few: they take less room than the edits did."""
    deletions = Deletions()
    for unit in range(1_000):
        deletions.note([(7, unit, unit + 1)], 9)
    assert list(deletions.between(7, 0, 1_000)) == [(0, 1_000, 9)]
    assert len(deletions.pack()) < 12


@pytest.mark.parametrize(
    "packed", [b"\x02\x00\x00", b"\x01\x00\x01\x07\x01\x00\x01\x05", b"\x01\x00\x05", b"\x01"]
)
def test_what_is_no_such_list_is_refused(packed: bytes) -> None:
    with pytest.raises(Invalid):
        Deletions.unpack(packed)


def test_nothing_stands_for_none() -> None:
    assert Deletions.unpack(b"").pack() == Deletions().pack()
