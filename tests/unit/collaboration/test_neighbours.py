"""What stands right behind what: who puts something everywhere walks past nothing, and is not refused for it."""

from __future__ import annotations

import pytest
from tests.unit.collaboration.test_documents_costly import steps, take
from tests.unit.collaboration.yjs import block, element, update

from coursewire.namespaces.collaboration.encoding.known import LONG, Known
from coursewire.namespaces.collaboration.encoding.labour import MOST_STEPS
from coursewire.namespaces.collaboration.encoding.structs import Id

MANY = 400


def paragraphs(client: int, count: int) -> bytes:
    """One behind the other, each with a unit between them, as paragraphs have that say something."""
    lines = [element("p", left=(client, 2 * at - 2)) if at else element("p") for at in range(count)]
    inside = [element("b", parent=(client, 2 * at)) for at in range(count)]
    return update(block(client, 0, *[one for pair in zip(lines, inside, strict=True) for one in pair]))


def a_document() -> Known:
    known = Known()
    take(known, paragraphs(7, MANY))
    return known


def beside(client: int, *places: tuple[Id | None, Id | None]) -> bytes:
    return update(block(client, 0, *[element("p", left=left, right=right) for left, right in places]))


@pytest.mark.parametrize("reloaded", [False, True])
def test_a_paragraph_behind_each_of_many_walks_past_nothing(reloaded: bool) -> None:  # noqa: FBT001
    """It counted as many paragraphs as there were for each of them: 500 bots' lines were refused as too large."""
    known = a_document()
    ends: list[Id | None] = [(7, 2 * at) for at in range(MANY)]
    follows = [*ends[1:], None]
    for client in (8, 9):
        if reloaded:
            known = Known.unpack(known.pack())
        raw = beside(client, *zip(ends, follows, strict=True))
        assert steps(known, raw) < 10
        take(known, raw)
        # The next one goes in front of these.
        follows = [(client, at) for at in range(MANY)]
    # Between what another put there and what stood behind it.
    assert steps(known, beside(10, *[((8, at), (7, 2 * at + 2)) for at in range(MANY - 1)])) < 10


@pytest.mark.parametrize("reloaded", [False, True])
def test_one_after_the_other_in_front_of_all_walks_past_nothing(reloaded: bool) -> None:  # noqa: FBT001
    known = a_document()
    if reloaded:
        known = Known.unpack(known.pack())
    rows: list[Id] = [(7, 0), *[(8, at) for at in range(MANY)]]
    assert steps(known, beside(8, *[(None, row) for row in rows[:-1]])) < 10


def test_where_others_came_between_all_of_it_counts() -> None:
    known = a_document()
    take(known, beside(8, ((7, 0), (7, 2))))
    far = beside(9, ((7, 0), (7, 2)))
    assert steps(known, far) >= MANY
    take(known, far)
    # Which of the two stands first nobody has found out.
    for behind in (known, Known.unpack(known.pack())):
        for right in ((8, 0), (9, 0), (7, 2), None):
            assert steps(behind, beside(10, ((7, 0), right))) >= MANY
        assert steps(behind, beside(10, ((7, 2), (7, 4)))) < 10


def test_what_may_have_come_between_from_elsewhere_counts() -> None:
    """An editor that undoes names neighbours that were none: what it puts there may stand between two that are."""
    known = a_document()
    take(known, beside(8, ((7, 10), (7, 12))))
    between = beside(10, ((7, 10), (8, 0)))
    assert steps(known, between) < 10
    take(known, beside(9, *[((7, 4), (8, 0))] * 5))
    for behind in (known, Known.unpack(known.pack())):
        assert steps(behind, between) >= MANY
    first = a_document()
    both = update(
        block(9, 0, element("p", left=(7, 4), right=(7, 12))),
        block(10, 0, element("p", left=(7, 10), right=(7, 12))),
    )
    assert steps(first, both) >= 2 * MANY


def test_who_was_away_while_others_wrote_at_the_same_place_is_taken_back() -> None:
    """Thirty appended 20,000 paragraphs behind the one behind which a chapter was written offline."""
    known = Known()
    take(known, paragraphs(7, LONG))
    last = (7, 2 * LONG - 2)
    for client in range(100, 130):
        own = [element("p", left=(client, at - 1) if at else last) for at in range(20_000 // 30)]
        take(known, update(block(client, 0, *own)))
    chapter = [element("p", left=(9, at - 1) if at else last) for at in range(1_000)]
    assert 19_000 < steps(known, update(block(9, 0, *chapter))) <= MOST_STEPS // 2


def test_the_order_of_short_elements_is_not_kept_beside_a_snapshot() -> None:
    known = Known()
    take(known, paragraphs(7, LONG - 1))
    place = beside(8, ((7, 0), (7, 2)))
    assert steps(known, place) < 3
    assert LONG - 1 <= steps(Known.unpack(known.pack()), place) <= LONG
    known = Known()
    take(known, paragraphs(7, LONG))
    assert steps(Known.unpack(known.pack()), place) < 3
