"""In which pieces a text is: so many may have to be walked past, whoever typed them on and on."""

from __future__ import annotations

from itertools import pairwise

import pytest
from tests.unit.collaboration.test_documents_costly import between, long_line, steps, take
from tests.unit.collaboration.yjs import block, deleting, element, mark, text, update

from coursewire.namespaces.collaboration.encoding.known import Known

HOLES = update(deletes=deleting(7, *[(clock, 1) for clock in range(3, 401, 2)]))


def test_a_line_in_pieces_counts_for_all_of_them() -> None:
    """[DOC4] Where each second letter of 40,000 was deleted, 4 KB that go far took 3 s. Also after a reload."""
    known = long_line(400)
    far = update(block(9, 0, text("z", left=(7, 2), right=(7, 401))))
    assert steps(known, far) < 10
    for _ in range(2):  # the same once more changes nothing
        take(known, HOLES)
        assert 397 <= steps(known, far) < 410
    assert steps(Known.unpack(known.pack()), far) == steps(known, far)
    take(known, between(8, *range(3, 203, 2)))
    assert 497 <= steps(known, far) < 510
    # Between two that were written one behind the other, and that nobody came between, is still nothing.
    assert steps(known, update(block(9, 0, text("z", left=(7, 300), right=(7, 301))))) < 10
    assert steps(known, update(block(9, 0, text("z", left=(8, 5), right=(7, 14))))) < 10


@pytest.mark.parametrize("of", ["elements", "marks", "letters before others"])
def test_what_stands_one_behind_the_other_and_is_no_text_typed_on_counts(of: str) -> None:
    """[DOC4] It was one run of one client, and counted once; each is a piece of its own."""
    known = long_line(10)
    lefts = [(7, 2), *[(8, clock) for clock in range(99)]]
    if of == "elements":
        written = [element(left=(7, 0)), *[element(left=left) for left in lefts[1:]]]
    elif of == "marks":
        written = [mark("bold", b"{}", left=left) for left in lefts]
    else:
        written = [text("y", left=left, right=(7, 3 + turn % 2)) for turn, left in enumerate(lefts)]
    take(known, update(block(8, 0, *written)))
    first, last = ((7, 0), (8, 99)) if of == "elements" else ((7, 2), (7, 11))
    put = element if of == "elements" else text
    assert steps(known, update(block(9, 0, put("z", left=first, right=last)))) >= 100


def test_a_cut_counts_once_whatever_made_it() -> None:
    known = long_line(10)
    far = update(block(10, 0, text("z", left=(7, 3), right=(7, 11)), text("z", left=(7, 3), right=(7, 11))))
    counted = [steps(known, far)]
    for raw in (between(8, 5), update(deletes=deleting(7, (6, 1))), between(9, 6), between(11, 6)):
        take(known, raw)
        counted.append(steps(known, far))
    # Of both that are put far: each cut makes one piece more, and so does each letter.
    assert [after - before for before, after in pairwise(counted)] == [4, 2, 2, 2]


def test_text_that_is_typed_on_behind_something_else_is_in_pieces() -> None:
    """[DOC4] Others wrote behind it meanwhile, or its end was deleted."""
    known = long_line(10)
    far = update(block(10, 0, text("z", left=(7, 2), right=(7, 11))))
    for clock in range(50):
        left = (8, clock - 1) if clock else (7, 2)
        take(known, update(block(8, clock, text("y", left=left))))
        take(known, update(block(9, clock, text("x", left=(8, clock)))))
    assert steps(known, far) >= 100
    known = long_line(10)
    for clock in range(50):
        left = (8, clock - 1) if clock else (7, 2)
        gone = deleting(8, (clock, 1)) if clock % 2 else b"\x00"
        take(known, update(block(8, clock, text("y", left=left)), deletes=gone))
    assert steps(known, far) >= 50
