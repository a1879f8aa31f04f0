"""What the bench calls hostile: each meets a document as it was, and the same one each time."""

from random import Random

from bench.forged import EPOCH, five_bytes
from bench.hostile import APPLIED, BROKE, Desk
from bench.mutants import chapter, mutate, real_updates
from tests.unit.collaboration.yjs import block, deleting, element, run, text, update

WRITER, NEW = 111, 5_001
STATE = update(block(WRITER, 0, element(), run(parent=(WRITER, 0)), text("some words", parent=(WRITER, 1))))


async def _desk() -> Desk:
    desk = Desk(STATE)
    await desk.enter()
    return desk


async def test_an_edit_is_applied_again_and_again_to_the_document_as_it_was() -> None:
    desk = await _desk()
    everything = update(deletes=deleting(WRITER, (0, 12)))
    inside = update(block(NEW, 0, text("a", left=(WRITER, 3), right=(WRITER, 4))))
    assert [desk.take(raw)[1] for raw in (everything, inside, everything, inside)] == [APPLIED] * 4
    assert desk.best(chapter(STATE, 1_024))[1] == APPLIED


async def test_what_is_refused_is_refused_for_what_it_is() -> None:
    desk = await _desk()
    assert desk.take(update(block(WRITER, 12, element())))[1] == "forbidden"
    assert desk.take(update(block(NEW, 1, element())))[1] == "conflict"
    assert desk.take(update(block(NEW, 0, element())), EPOCH + "x")[1] == "conflict"
    assert desk.take(b"")[1] == desk.take(bytes(600_000))[1] == "invalid"


async def test_mutants_are_the_same_in_each_run_and_break_nothing() -> None:
    first, again = (Random(7) for _ in range(2))  # noqa: S311 - a load, not a secret
    desk = await _desk()
    reals = real_updates(first, STATE, 12)
    assert reals == real_updates(again, STATE, 12)
    mutants = [mutate(first, real, reals) for real in reals for _ in range(20)] + five_bytes(first, 50)
    assert mutants == [mutate(again, real, reals) for real in reals for _ in range(20)] + five_bytes(
        again, 50
    )
    outcomes = {desk.take(raw)[1] for raw in mutants if raw}
    assert {APPLIED, "invalid"} <= outcomes
    assert BROKE not in outcomes
