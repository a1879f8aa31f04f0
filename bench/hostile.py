"""Measures what an update costs that no honest editor sends, in CPU of this process, by the thread's clock.

What is timed is what a session's edit goes through on the event loop: the contract, and the room that reads, checks and
applies it. Each begins with a document that was just loaded; rate limits are off.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import sys
import time
from collections.abc import Iterable, Sequence
from operator import itemgetter
from random import Random
from statistics import median
from types import SimpleNamespace
from typing import Any

from pycrdt import Doc
from pydantic import ValidationError

from bench.forged import EPOCH, MANY_EDITS, PARAGRAPHS, documents, five_bytes, forged
from bench.mutants import OWN, chapter, mutate, real_updates
from coursewire.errors import CoursewireError
from coursewire.identity.caller import Caller
from coursewire.namespaces.collaboration.contract import UpdateDocument
from coursewire.namespaces.collaboration.encoding.known import Known
from coursewire.namespaces.collaboration.encoding.placing import known_of
from coursewire.namespaces.collaboration.rooms.commands import prepare_update
from coursewire.namespaces.collaboration.rooms.people import Guest
from coursewire.namespaces.collaboration.rooms.replica import Replica
from coursewire.namespaces.collaboration.rooms.rooms import Rooms
from coursewire.namespaces.collaboration.service.contents import Contents
from coursewire.namespaces.collaboration.store.documents import DocumentRow
from coursewire.vocabulary import Position

MUTANTS, REAL, TRIES, WORST = 10_000, 300, 3, 100
"""Of each of two documents; of the worst ones the best of three tries counts, for the machine does other things too."""
FIVE_BYTES = 2_000
HONEST = (1_024, 4_096)
"""Bytes of a pasted chapter, for comparison."""
APPLIED = "applied"
BROKE = "broke the document"
"""What passed every check, and was refused by pycrdt: there should be none."""

Figures = dict[str, float]
"""In ms, by what they are."""


class Desk:
    """A document on a node, and somebody who edits it."""

    def __init__(self, state: bytes) -> None:
        self._state = state
        known = known_of(state)
        self._known = known.pack()
        self._owners = dict.fromkeys(known.clocks, "ben")
        self._row = DocumentRow("a", "cs101", "Notes", "text", None, None, {}, False, 1, EPOCH, "ada", 0, 0)
        self._visit: Any = SimpleNamespace(live=SimpleNamespace(now=0.0), session_id=1)
        self._rooms = Rooms()

    async def enter(self) -> None:
        """Come in, and find the document loaded."""
        async with self._rooms.held("a", self._visit.live, "ada") as room:
            self._room = room
        caller = Caller("ada", "Ada")
        guest = Guest(1, caller, "edit", OWN, is_too_old=False, since="", bucket=None)
        room.company.people.add(guest)
        self.load()

    def load(self) -> None:
        """Begin anew with the document as it was."""
        doc: Doc[Any] = Doc()
        doc.apply_update(self._state)
        position = Position(epoch="a", offset=0)
        contents = Contents(
            self._row, doc, Known.unpack(self._known), dict(self._owners), position, len(self._state)
        )
        self._replica = self._room.replica = Replica(contents)
        self._rooms.paid.clear()
        self._rooms.resting.clear()

    def take(self, raw: bytes, epoch: str = EPOCH) -> tuple[float, str]:
        """Send an edit; return what it took, in ms, and what became of it."""
        payload = {"document_id": "a", "epoch": epoch, "sequence": 1, "update": raw}
        outcome = APPLIED
        began = time.thread_time_ns()
        try:
            prepare_update(self._rooms, self._visit, UpdateDocument.model_validate(payload))
        except CoursewireError as error:
            outcome = error.code
        except ValidationError:
            outcome = "invalid"
        spent = time.thread_time_ns() - began
        if self._room.replica is not self._replica:
            outcome = BROKE
        if outcome in {APPLIED, BROKE}:
            self.load()
        return spent / 1e6, outcome

    def best(self, raw: bytes, epoch: str = EPOCH) -> tuple[float, str]:
        """Send it several times, each to the document as it was; return the least that it took."""
        return min(self.take(raw, epoch) for _ in range(TRIES))


def measure(found: dict[str, Any], mutants: int = MUTANTS) -> None:
    """Measure all of it."""
    level = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        asyncio.run(_measure(found.setdefault("hostile", {}), mutants))
    finally:
        logging.disable(level)
        gc.unfreeze()
        gc.enable()


async def _measure(found: dict[str, Figures], mutants: int) -> None:
    chance = Random(1)  # noqa: S311 - a load, not a secret
    states = documents(chance)
    desks = {base: Desk(state) for base, state in states.items()}
    for desk in desks.values():
        await desk.enter()
    # The collector runs when it likes; what it takes is nobody's in particular.
    gc.collect()
    gc.freeze()
    gc.disable()
    for base in (MANY_EDITS, PARAGRAPHS):
        reals = real_updates(chance, states[base], REAL)
        _warm(desks[base], reals)
        _take_all(
            found,
            f"mutants in {base}",
            desks[base],
            (mutate(chance, chance.choice(reals), reals) for _ in range(mutants)),
        )
    _take_all(found, "of five bytes", desks[PARAGRAPHS], five_bytes(chance, FIVE_BYTES))
    for one in forged(states):
        spent, outcome = desks[one.base].best(one.raw, one.epoch)
        found[_row(f"{one.says}, {_size(one.raw)}", outcome)] = {"worst": spent}
    for size in HONEST:
        spent, outcome = desks[PARAGRAPHS].best(chapter(states[PARAGRAPHS], size))
        found[_row(f"for comparison, an honest paste of {size // 1_024} KB", outcome)] = {"worst": spent}


def _warm(desk: Desk, reals: Sequence[bytes]) -> None:
    for real in reals[:50]:
        desk.take(real)


def _take_all(found: dict[str, Figures], says: str, desk: Desk, updates: Iterable[bytes]) -> None:
    """Send each once, the worst of them more often; note what those took that came to the same."""
    taken = []
    for number, raw in enumerate(updates):
        if raw:
            taken.append((*desk.take(raw), raw))
        if number % 1_000 == 999:
            gc.collect()
    taken.sort(key=itemgetter(0), reverse=True)
    for index, (spent, outcome, raw) in enumerate(taken[:WORST]):
        taken[index] = (min(spent, desk.best(raw)[0]), outcome, raw)
    for outcome in sorted({outcome for _, outcome, _ in taken}):
        spent_s = sorted(spent for spent, one, _ in taken if one == outcome)
        found[_row(f"{len(spent_s):,} {says}", outcome)] = {
            "median": median(spent_s),
            "p99.9": spent_s[len(spent_s) * 999 // 1_000],
            "worst": spent_s[-1],
        }


def _row(says: str, outcome: str) -> str:
    return f"{says}: {outcome if outcome in {APPLIED, BROKE} else f'refused, {outcome}'}"


def _size(raw: bytes) -> str:
    return f"{len(raw)} bytes" if len(raw) < 1_000 else f"{len(raw) / 1_024:,.0f} KB"


def main() -> int:
    """Run this part alone: `python -m bench.hostile [mutants]`."""
    found: dict[str, Any] = {}
    measure(found, *map(int, sys.argv[1:]))
    for says, figures in found["hostile"].items():
        sys.stdout.write(f"{says}: {' '.join(f'{key} {figure:.3f}' for key, figure in figures.items())}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
