"""Versions that come back while others write: two nodes and their bus, stepped through, restores among the edits."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import count
from types import SimpleNamespace
from typing import Any, NamedTuple, cast

import orjson
from pycrdt import Doc
from tests.property.scriptorium import PATH, Pen, Scriptorium
from tests.property.stepped import LossyBus
from tests.property.writers import PythonDoc, Written
from tests.unit.realtime.house import House

from coursewire import log
from coursewire.namespaces.collaboration import namespace as collaboration
from coursewire.namespaces.collaboration.encoding.tree import tree_of
from coursewire.namespaces.collaboration.service.contents import load_contents
from coursewire.namespaces.collaboration.store.versions import load_version, state_of_version
from coursewire.realtime.background import Backgrounds
from coursewire.realtime.positions import CHECK_EVERY_S
from coursewire.realtime.transaction import Transaction
from coursewire.storage import Storage

RESTORED = 0
"""The sequence of edits that are of no editor's counting."""


class Wish(NamedTuple):
    """A command about versions. It is given until it is answered, always with its key."""

    command: str
    payload: dict[str, Any]


class Restorer(Pen):
    """A writer who saves versions and brings them back."""

    def __init__(
        self, user: str, make: Callable[[], Written], house: Callable[[], House], saved: list[str]
    ) -> None:
        self._house = house
        self.saved = saved
        """Versions, of all writers."""
        self.wishes: dict[str, Wish] = {}
        """By key; not answered yet."""
        self.asked: dict[int, Wish] = {}
        """By ack; of this connection."""
        self.restored: list[dict[str, Any]] = []
        """What `version.restore` answered."""
        self._is_in = False
        super().__init__(user, make)

    def connect(self, house: House) -> None:
        """Come to either node."""
        del house
        super().connect(self._house())

    def open(self, document_id: str) -> None:
        """Open the document: they were let in."""
        self._is_in = True
        super().open(document_id)

    def vanish(self) -> None:
        """Lose the answers that are on their way as well."""
        super().vanish()
        self._is_in = False
        self.asked.clear()

    def wish(self, command: str, **payload: Any) -> None:
        """Give a command, now if they were let in."""
        wish = self.wishes[payload["key"]] = Wish(command, payload)
        self._ask(wish)

    def ask_again(self) -> None:
        """Give again what has no answer and is on no way."""
        on_their_way = {wish.payload["key"] for wish in self.asked.values()}
        for key, wish in self.wishes.items():
            if key not in on_their_way:
                self._ask(wish)

    def _ask(self, wish: Wish) -> None:
        if self.post is not None and self._is_in:
            self.asked[self.post.say(wish.command, wish.payload, PATH)] = wish

    def _answered(self, document_id: str, ack: int, answer: dict[str, Any]) -> None:
        wish = self.asked.pop(ack, None)
        if wish is None:
            super()._answered(document_id, ack, answer)
        elif answer["ok"]:
            del self.wishes[wish.payload["key"]]
            if wish.command == "version.restore":
                self.restored.append(answer["data"])
            else:
                self.saved.append(answer["data"]["version"]["id"])
        else:
            assert answer["error"]["retryable"], answer


class Archive(Scriptorium):
    """A server whose documents have versions, and snapshots after a few edits."""

    def __init__(self) -> None:
        super().__init__()
        self._keys = count()
        self.restores = 0

    # Two nodes

    def _start(self) -> None:
        self.bus = LossyBus()
        self.nodes = [self._node(), self._node()]
        self.house = self.nodes[0]
        self.storage.committed = self.house.publish

    def _node(self) -> House:
        storage = cast("Storage", self.storage)
        house = House(storage, namespaces=[collaboration.make()], bus=self.bus, keys=self.keys)
        settings = SimpleNamespace(rate_limits=False)
        backgrounds = Backgrounds(house.namespaces.values(), storage, self.bus, house.reactions, settings)
        backgrounds.start()
        house.positions.start()
        return house

    def fail_writes(self, chance: random.Random) -> None:
        """Let some of what is about to be written fail."""
        for house in self.nodes:
            self._do(house.dispatcher._running.flush, settles=False)
        super().fail_writes(chance)

    def kill(self, pens: list[Pen]) -> None:
        """End both nodes."""
        for house in self.nodes:
            house.dispatcher._running._gathering._waiting.clear()
        super().kill(pens)

    # Schedules

    def _make_document(self, seed: int) -> str:
        document_id = super()._make_document(seed)
        self._do(lambda: self.storage.read(self._note_beginning(document_id)))
        return document_id

    def _note_beginning(self, document_id: str) -> Callable[[Any], None]:
        def note(raw: Any) -> None:
            self._beginning = load_contents(Transaction(raw, PATH, None, {}), document_id).doc.get_update()

        return note

    def _pens(self, chance: random.Random) -> list[Pen]:
        def python() -> Written:
            return cast("Written", PythonDoc(client_id=chance.getrandbits(50)))

        saved: list[str] = []

        def house() -> House:
            return chance.choice(self.nodes)

        def yjs() -> Written:
            return self.node.new(chance.getrandbits(32))

        makers = [python, python, chance.choice([python, yjs])]
        return [
            Restorer(user, make, house, saved)
            for user, make in zip(("ada", "ben", "cleo"), makers, strict=True)
        ]

    def _step(self, chance: random.Random, pen: Pen, pens: list[Pen], document_id: str) -> None:
        dice = chance.random()
        self._disturb(chance)
        settles = chance.random() < 0.3  # otherwise others come in between
        assert isinstance(pen, Restorer)
        if dice < 0.8:
            super()._step(chance, pen, pens, document_id)
        elif dice < 0.9 and pen.saved:
            payload = {"key": f"key-{next(self._keys)}", "version_id": chance.choice(pen.saved)}
            self._do(lambda: pen.wish("version.restore", **payload), settles=settles)
        else:
            payload = {"key": f"key-{next(self._keys)}", "document_id": document_id, "title": "-"}
            self._do(lambda: pen.wish("version.save", **payload), settles=settles)

    def _disturb(self, chance: random.Random) -> None:
        """Let the bus hold everything back for a while, or lose something."""
        dice = chance.random()
        if dice < 0.1:
            self._do(self.bus.release if self.bus.holds else self.bus.hold)
        elif dice < 0.15 and not self.bus.holds:
            self.bus.losing += 1

    def _come_together(self, pens: list[Pen], document_id: str) -> None:
        self.bus.losing = 0
        self._do(self.bus.release)
        for _ in range(50):
            super()._come_together(pens, document_id)
            for _ in range(2):  # nodes notice what the bus has lost
                self.loop.now += CHECK_EVERY_S
                self.settle()
            super()._come_together(pens, document_id)
            restorers = [pen for pen in pens if isinstance(pen, Restorer)]
            if not any(restorer.wishes for restorer in restorers):
                return
            for restorer in restorers:
                self._do(restorer.ask_again)
        raise AssertionError("a version never comes back")

    def _compare(self, pens: list[Pen], document_id: str) -> str | None:
        """Compare also what each restore has made of the document with the version that it brought back."""
        wrong = super()._compare(pens, document_id)
        if wrong is not None:
            return wrong
        answers = [answer for pen in pens if isinstance(pen, Restorer) for answer in pen.restored]
        found: list[str | None] = []

        def compare(raw: Any) -> None:
            found.append(_compare_restores(raw, document_id, self._beginning, answers))

        self._do(lambda: self.storage.read(compare))
        self.restores += len(answers)
        return found[0]


def _compare_restores(
    raw: Any, document_id: str, beginning: bytes, answers: list[dict[str, Any]]
) -> str | None:
    """Return what is wrong: each was one edit at most, with which the document said what the version says.

    That edit was found a moment before it was logged: what others wrote in between was merged with it. A version has
    kept all that was there before.
    """
    tx = Transaction(raw, PATH, None, {})
    edits: dict[int, bytes] = {0: beginning}
    restores = [0]
    for event in log.read_after(raw, PATH, f"document:{document_id}", 0, 10_000):
        edits[event.offset] = event.attachment or b""
        if orjson.loads(event.data)["sequence"] == RESTORED:
            restores.append(event.offset)
    explained = {0}
    for answer in answers:
        before, wanted = load_version(tx, answer["before"]["id"]), _tree(tx, answer["version"]["id"])
        assert before is not None
        at = before[1]
        if _tree(tx, before[0].id) != _after(edits, at):
            return f"what was there at {at} is not kept"
        since = max(offset for offset in restores if offset <= at)
        moments = range(since, at + 1)
        if at + 1 in restores and wanted in [_after(edits, moment, at + 1) for moment in moments]:
            explained.add(at + 1)
        elif wanted not in [_after(edits, moment) for moment in moments]:
            return f"behind {at} the document says {_after(edits, at)}, and was to say {wanted}"
    return None if explained == set(restores) else f"restores at {restores}, and were to be at {explained}"


def _tree(tx: Transaction, version_id: str) -> Any:
    doc: Doc[Any] = Doc()
    doc.apply_update(state_of_version(tx, version_id))
    return tree_of(doc)


def _after(edits: dict[int, bytes], last: int, *further: int) -> Any:
    """Return what the document says after all edits up to one, and further ones."""
    doc: Doc[Any] = Doc()
    for offset in [*range(last + 1), *further]:
        doc.apply_update(edits[offset])
    return tree_of(doc)
