"""Writers at one document, on a network and a server that a test steps through: late, twice, never, from the start."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

from pycrdt import Doc
from tests.property.stepped import SteppedLoop, SteppedStorage
from tests.property.writers import Edit, Node, PythonDoc, Written, paragraphs
from tests.unit.realtime.guest import Guest
from tests.unit.realtime.house import House, Keys

from coursewire.client.document_editing import Editing, Flight
from coursewire.edge.server import Server
from coursewire.errors import Unavailable
from coursewire.identity import membership
from coursewire.identity.membership import Enrolment
from coursewire.namespaces.collaboration import namespace as collaboration
from coursewire.realtime.background import Backgrounds
from coursewire.realtime.transaction import Transaction
from coursewire.storage import Storage
from coursewire.wire.socketio import Kind, Message

PATH = "/collaboration"
COURSE = "cs101"
ALPHABET = ["a", "b", " ", "字", "😀", "😁", "é", "👩‍🎓"]


class Post(Guest):
    """A connection whose packets wait until somebody takes them in."""

    def __init__(self, server: Server, user: str) -> None:
        self.inbox: deque[Message] = deque()
        super().__init__(server, user)

    def take(self, message: Message) -> None:
        """Keep it."""
        self.inbox.append(message)


class Pen:
    """One writer: what a client does, on any Yjs document."""

    def __init__(self, user: str, make: Callable[[], Written]) -> None:
        self.user = user
        self._make = make
        self.doc: Written
        self.editing: Editing
        self.post: Post | None = None
        self.epoch = ""
        self.flights: dict[int, Flight] = {}
        self.opening: int | None = None
        self.acknowledged: list[bytes] = []
        """The updates that the server has acknowledged, in all lives of the writer."""
        self.errors: list[str] = []
        self.reload()

    def reload(self) -> None:
        """Begin with nothing, as a page that was loaded anew; what was not saved is gone."""
        self.doc = self._make()
        self.editing = Editing(cast("Doc[Any]", self.doc))
        self.opening, self.epoch = None, ""
        self.flights.clear()

    def connect(self, house: House) -> None:
        """Come, as somebody who may write."""
        self.post = Post(house.server, self.user)
        self.post.enter(house.keys.token(self.user), PATH)

    def vanish(self) -> None:
        """Lose the connection, and what is on its way either way."""
        if self.post is not None:
            self.post.vanish()
        self.post = None
        self.flights.clear()
        self.opening = None
        self.editing.lost()

    def open(self, document_id: str) -> None:
        """Open the document, with what is here."""
        assert self.post is not None
        self.editing.lost()
        self.flights.clear()
        what: dict[str, Any] = {"document_id": document_id, "client_id": self.doc.client_id}
        if self.epoch:
            what["epoch"] = self.epoch
        self.opening = self.post.say("document.open", what, PATH, others=(self.doc.get_state(),))

    def send(self, document_id: str) -> None:
        """Send what is next, if anything is."""
        if self.post is None or self.opening is not None:
            return
        flight = self.editing.next()
        if flight is not None:
            self.flights[self._update(document_id, flight)] = flight

    def repeat(self, document_id: str) -> None:
        """Send what is on its way once more."""
        for flight in list(self.flights.values())[:1]:
            self.flights[self._update(document_id, flight)] = flight

    def _update(self, document_id: str, flight: Flight) -> int:
        assert self.post is not None
        what = {"document_id": document_id, "epoch": self.epoch, "sequence": flight.sequence}
        return self.post.say("document.update", what, PATH, others=(flight.update,))

    def take(self, document_id: str, *, twice: bool = False) -> bool:
        """Take the next packet in; return whether there was one."""
        if self.post is None or not self.post.inbox:
            return False
        message = self.post.inbox.popleft()
        if message.kind is Kind.EVENT:
            name, data, *attachment, _ = message.data
            if name == "session.ready":
                self.open(document_id)
            elif name == "document.updated":
                for _ in range(1 + twice):
                    self.editing.received(attachment[0])
            elif name in {"channel.closed", "document.reset"}:
                self.open(document_id)
            del data
        elif message.kind is Kind.ACK:
            assert message.ack is not None
            self._answered(document_id, message.ack, message.data[0])
        return True

    def _answered(self, document_id: str, ack: int, answer: dict[str, Any]) -> None:
        if ack == self.opening:
            assert answer["ok"], answer
            self.opening, data = None, answer["data"]
            assert self.epoch in {"", data["epoch"]}
            self.epoch = data["epoch"]
            self.editing.opened(data["update"], data["state_vector"])
        elif flight := self.flights.pop(ack, None):
            if answer["ok"]:
                self.editing.saved(flight)
                self.acknowledged.append(flight.update)
                return
            self.errors.append(f"{answer['error']['code']} {answer['error'].get('details')}")
            self.open(document_id)


class Scriptorium:
    """A server, its database, and a document for each schedule."""

    def __init__(self) -> None:
        self.loop = SteppedLoop()
        self.node = Node()
        self.keys = Keys()
        self.kills = 0
        self._do(self._build)
        self._do(lambda: self.storage.write(self._enrol))

    def _build(self) -> None:
        self.storage = SteppedStorage()
        self._start()

    def _start(self) -> None:
        self.house = House(cast("Storage", self.storage), namespaces=[collaboration.make()], keys=self.keys)
        self.storage.committed = self.house.publish
        namespaces, settings = self.house.namespaces.values(), SimpleNamespace(rate_limits=False)
        self.backgrounds = Backgrounds(
            namespaces, self.house.storage, self.house.bus, self.house.reactions, settings
        )
        self.backgrounds.start()

    def _enrol(self, raw: Any) -> None:
        tx = Transaction(raw, PATH, None, self.house.reactions)
        membership.put_course(tx.raw, COURSE, "Course")
        roles = frozenset({"instructor"})
        people = [Enrolment(user, user.title(), cast("Any", roles)) for user in ("ada", "ben", "cleo")]
        for fact in membership.put_members(tx.raw, COURSE, people):
            tx.tell(fact)

    def end(self) -> None:
        """Close everything."""
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        self.turns(5)
        self.node.close()
        self.storage.end()
        self.loop.close()

    # Time

    def _do(self, action: Callable[[], Any], *, settles: bool = True) -> None:
        failed: list[BaseException] = []

        def run() -> None:
            try:
                action()
            except BaseException as error:  # noqa: BLE001 - raised below, outside of the loop
                failed.append(error)

        asyncio.set_event_loop(self.loop)
        self.loop.call_soon(run)
        self.loop.turn()
        if failed:
            raise failed[0]
        if settles:
            self.settle()

    def turns(self, count: int) -> None:
        """Let the server go on a little, and stop in the middle of whatever it does."""
        for _ in range(count):
            self.loop.turn()

    def settle(self) -> None:
        """Let everything happen that can happen now."""
        for _ in range(10_000):
            self.loop.turn()
            if self.loop.is_idle and not self.storage.step(self.loop):
                return
        raise AssertionError("it never comes to rest")

    def fail_writes(self, chance: random.Random) -> None:
        """Let some of what is about to be written fail, as on a disk that is full for a moment."""
        self._do(self.house.dispatcher._running.flush, settles=False)
        waiting, self.storage._writes = self.storage._writes, []
        for job in waiting:
            if chance.random() < 0.5:
                job.future.set_exception(Unavailable("the disk is full"))
            else:
                self.storage._writes.append(job)

    def kill(self, pens: list[Pen]) -> None:
        """End the server as `kill -9` does: what was not committed never was. Another takes its place."""
        self.storage._writes.clear()
        self.house.dispatcher._running._gathering._waiting.clear()
        self.storage._reads.clear()
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        for pen in pens:
            self._do(pen.vanish)
        self.kills += 1
        self._do(self._start)

    # Schedules

    def run(self, seed: int, steps: int = 60) -> str | None:
        """Let a schedule happen; return what is wrong in the end, None if nothing is."""
        chance = random.Random(seed)  # noqa: S311 - a schedule, not a secret
        document_id = self._make_document(seed)
        pens = self._pens(chance)
        for pen in pens:
            self._do(lambda pen=pen: pen.connect(self.house))  # type: ignore[misc]
        for _ in range(steps):
            self._step(chance, chance.choice(pens), pens, document_id)
        self._come_together(pens, document_id)
        return self._compare(pens, document_id)

    def _make_document(self, seed: int) -> str:
        what = {"key": f"make-{seed}", "course_id": COURSE, "title": f"Document {seed}"}

        posts: list[Post] = []
        self._do(lambda: posts.append(Post(self.house.server, "ada")))
        self._do(lambda: posts[0].enter(self.keys.token("ada"), PATH))
        self._do(lambda: posts[0].say("document.create", what, PATH, ack=99))
        self._do(lambda: posts[0].say("document.create", what, PATH, ack=100))
        [data] = [m.data[0] for m in posts[0].inbox if m.kind is Kind.ACK and m.ack == 100]
        assert data["ok"], data
        self._do(posts[0].vanish)
        return str(data["data"]["document"]["id"])

    def _pens(self, chance: random.Random) -> list[Pen]:
        def python() -> Written:
            return cast("Written", PythonDoc(client_id=chance.getrandbits(50)))

        def yjs() -> Written:
            return self.node.new(chance.getrandbits(32))

        return [Pen("ada", python), Pen("ben", yjs), Pen("cleo", chance.choice([python, yjs]))]

    def _step(self, chance: random.Random, pen: Pen, pens: list[Pen], document_id: str) -> None:
        dice, settles = (
            chance.random(),
            chance.random() < 0.6,
        )  # otherwise it stops in the middle of something
        if dice < 0.45:
            pen.doc.edit(_edit(chance))
            self._do(lambda: pen.send(document_id), settles=settles)
        elif dice < 0.78:
            for one in pens if chance.random() < 0.5 else [pen]:
                for _ in range(chance.randint(1, 8)):
                    twice = chance.random() < 0.2
                    self._do(lambda one=one, twice=twice: one.take(document_id, twice=twice), settles=settles)  # type: ignore[misc]
                self._do(lambda one=one: one.send(document_id), settles=settles)  # type: ignore[misc]
        elif dice < 0.86:
            self.loop.now += chance.choice([0.005, 0.02, 0.2])
            self.turns(chance.randint(1, 4))
        elif dice < 0.90:
            self._do(lambda: pen.repeat(document_id), settles=settles)
        elif dice < 0.94:
            self._do(pen.vanish if pen.post else lambda: pen.connect(self.house), settles=settles)
        elif dice < 0.96:
            self._do(pen.vanish, settles=settles)
            pen.reload()
            self._do(lambda: pen.connect(self.house))
        elif dice < 0.985:
            self.fail_writes(chance)
        else:
            self.kill(pens)

    def _come_together(self, pens: list[Pen], document_id: str) -> None:
        for pen in pens:
            if pen.post is None:
                self._do(lambda pen=pen: pen.connect(self.house))  # type: ignore[misc]
        for _ in range(500):
            self.loop.now += 0.1
            self.settle()
            moved = False
            for pen in pens:
                while pen.post is not None and pen.post.inbox:
                    self._do(lambda pen=pen: pen.take(document_id))  # type: ignore[misc]
                    moved = True
                self._do(lambda pen=pen: pen.send(document_id))  # type: ignore[misc]
            if not moved and all(pen.editing.is_saved and pen.opening is None for pen in pens):
                return
        raise AssertionError(f"they never agree: {[pen.errors[-3:] for pen in pens]}")

    def _compare(self, pens: list[Pen], document_id: str) -> str | None:
        """Compare the writers with each other, and with what the server would give somebody who comes now."""
        reader = Pen("ada", lambda: cast("Written", PythonDoc()))
        self.kill(pens)  # what somebody reads now was in the database
        self._do(lambda: reader.connect(self.house))
        self._come_together([reader], document_id)
        self._do(reader.vanish)
        stored = reader.doc.read()
        for pen in pens:
            if pen.doc.read() != stored:
                return f"{pen.user} reads {pen.doc.read()}, stored is {stored}"
            kept: Doc[Any] = Doc()
            kept.apply_update(reader.doc.get_update())
            for update in pen.acknowledged:
                kept.apply_update(update)
            if paragraphs(kept) != stored or kept.get_state() != reader.doc.get_state():
                return f"something that was acknowledged to {pen.user} is not stored"
        return None


def _edit(chance: random.Random) -> Edit:
    kinds: list[Any] = ["write"] * 5 + ["delete"] * 3 + ["mark", "begin", "drop"]
    words = "".join(chance.choice(ALPHABET) for _ in range(chance.randint(1, 5)))
    return Edit(chance.choice(kinds), chance.random(), chance.random(), chance.random(), words)
