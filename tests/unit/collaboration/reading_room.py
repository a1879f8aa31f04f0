"""A node without a port that serves /collaboration, and writers in memory who edit on it with Docs of their own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from types import SimpleNamespace
from typing import Any, TypeVar

from pycrdt import Doc, XmlElement, XmlFragment, XmlText
from sqlalchemy import func, select
from tests.unit.realtime.guest import Guest, Json
from tests.unit.realtime.house import House

from coursewire.bus.port import Bus
from coursewire.identity import membership
from coursewire.identity.caller import Caller
from coursewire.identity.membership import Enrolment
from coursewire.namespaces.collaboration import namespace as door
from coursewire.namespaces.collaboration.contract import CreateDocument
from coursewire.namespaces.collaboration.encoding.awareness import Entry, read_awareness, write_awareness
from coursewire.namespaces.collaboration.encoding.rendering import text_of
from coursewire.namespaces.collaboration.rooms.rooms import Rooms
from coursewire.namespaces.collaboration.service import beginning_anew
from coursewire.namespaces.collaboration.service.documents import create_document
from coursewire.realtime.background import Backgrounds
from coursewire.realtime.transaction import Transaction
from coursewire.storage import Storage
from coursewire.storage.schema import metadata
from coursewire.storage.statement import Prepared
from coursewire.vocabulary import Role, new_id

T = TypeVar("T")

PATH = "/collaboration"
COURSE = "cs101"
PEOPLE: dict[str, Role] = {"ada": "instructor", "ben": "learner", "cleo": "learner", "mona": "mentor"}
"""In the course; eve is in none."""


class ReadingRoom:
    """One node, with a course."""

    def __init__(self, house: House, backgrounds: Backgrounds) -> None:
        self.house = house
        self.namespace = house.namespaces[PATH]
        self._backgrounds = backgrounds

    @classmethod
    async def open(
        cls, storage: Storage | None = None, *, bus: Bus | None = None, limited: bool = False
    ) -> ReadingRoom:
        """Open a node, on a storage and a bus of its own unless another one has them already."""
        if storage is None:
            storage = await Storage.open("sqlite://")
            await storage.migrate()
        house = House(storage, namespaces=[door.make()], bus=bus)
        storage.committed = house.publish
        settings = SimpleNamespace(rate_limits=limited)
        backgrounds = Backgrounds(house.namespaces.values(), storage, house.bus, house.reactions, settings)
        backgrounds.start()
        room = cls(house, backgrounds)
        await asyncio.sleep(0)
        await room.write(_enrol)
        return room

    @property
    def rooms(self) -> Rooms:
        """Return the documents that are open on the node."""
        bound = [getattr(run, "__self__", None) for run in self.namespace.background]
        [found] = [one for one in bound if isinstance(one, Rooms)]
        return found

    async def close(self) -> None:
        """End it, and the storage with it."""
        await self._backgrounds.close()
        await self.house.close()

    async def close_node(self) -> None:
        """End it; another node goes on with the storage."""
        await self._backgrounds.close()
        await self.house.server.close()
        await self.house.dispatcher.close()
        await self.house.hub.close()

    async def count(self, *tables: str) -> list[int]:
        """Return how many rows these tables have."""
        asked = [
            Prepared(select(func.count().label("n")).select_from(metadata.tables[name])) for name in tables
        ]
        rows = await self.read(lambda tx: [tx.one(statement) for statement in asked])
        return [row.n for row in rows if row is not None]

    async def write(self, work: Callable[[Transaction], T]) -> T:
        """Run a work in the namespace."""
        reactions = self.house.reactions
        return await self.house.storage.write(lambda raw: work(Transaction(raw, PATH, None, reactions)))

    async def read(self, work: Callable[[Transaction], T]) -> T:
        """Run a work that only reads."""
        reactions = self.house.reactions
        return await self.house.storage.read(lambda raw: work(Transaction(raw, PATH, None, reactions)))

    async def document(self, user: str = "ada", **fields: Any) -> str:
        """Make a document and return its id."""
        given: Json = {"key": new_id(), "course_id": COURSE, "title": "Notes", **fields}
        caller = Caller(user, user.title())
        made = await self.write(lambda tx: create_document(tx, caller, CreateDocument.model_validate(given)))
        return made.document.id

    async def forget_past(self, document_id: str) -> None:
        """Let Ada have a document begin anew."""
        ada = Caller("ada", "Ada")
        await self.write(lambda tx: beginning_anew.forget_past(tx, ada, document_id))

    async def change_role(self, user: str, role: Role, *, told: bool = True) -> None:
        """Let the LMS say that somebody is something else in the course; not `told`: no session has heard of it yet."""

        def work(tx: Transaction) -> None:
            for fact in membership.put_members(
                tx.raw, COURSE, [Enrolment(user, user.title(), frozenset({role}))]
            ):
                if told:
                    tx.tell(fact)

        await self.write(work)

    async def remove(self, user: str) -> None:
        """Let the LMS take somebody out of the course."""

        def work(tx: Transaction) -> None:
            for fact in membership.remove_member(tx.raw, COURSE, user):
                tx.tell(fact)

        await self.write(work)

    async def come(self, user: str, *, client_id: int | None = None, **entry: Any) -> Writer:
        """Connect somebody."""
        guest = self.house.guest(user)
        guest.enter(self.house.keys.token(user, **entry), PATH)
        await guest.event("session.ready")
        return Writer(guest, client_id)

    async def settle(self) -> None:
        """Let everything happen that can happen now."""
        await self.house.settle()


def _enrol(tx: Transaction) -> None:
    if membership.roster_of(tx.raw, COURSE):
        return
    membership.put_course(tx.raw, COURSE, COURSE.upper())
    roster = [Enrolment(user, user.title(), frozenset({role})) for user, role in PEOPLE.items()]
    for fact in membership.put_members(tx.raw, COURSE, roster):
        tx.tell(fact)


class Writer:
    """Somebody with an editor: a session, and a Doc that is fed by it."""

    def __init__(self, guest: Guest, client_id: int | None = None) -> None:
        self.guest = guest
        self.user = guest.user
        self.doc: Doc[Any] = Doc(client_id=client_id) if client_id is not None else Doc()
        self.epoch = ""
        self.document_id = ""
        self.sequence = 0
        self._applied = 0

    async def ask(self, command: str, *bytes_: bytes, **payload: Any) -> Json:
        """Send a command and return its data."""
        answer = await self.guest.answer(self.guest.say(command, payload, PATH, others=bytes_))
        assert answer["ok"], answer
        data: Json = answer["data"]
        return data

    async def refused(self, command: str, *bytes_: bytes, **payload: Any) -> Json:
        """Send a command that must be refused, and return the error."""
        answer = await self.guest.answer(self.guest.say(command, payload, PATH, others=bytes_))
        assert not answer["ok"], answer
        error: Json = answer["error"]
        return error

    async def open(self, document_id: str, **fields: Any) -> Json:
        """Open a document and take over what it is."""
        opened = await self.ask(
            "document.open",
            self.doc.get_state(),
            document_id=document_id,
            client_id=self.doc.client_id,
            **fields,
        )
        self.document_id = document_id
        self.epoch = opened["epoch"]
        self.doc.apply_update(opened["update"])
        return opened

    async def open_refused(self, document_id: str, **fields: Any) -> Json:
        """Ask for a document that is refused, and return the error."""
        given = {"document_id": document_id, "client_id": self.doc.client_id, **fields}
        return await self.refused("document.open", self.doc.get_state(), **given)

    def edit(self, text: str, at: int = 0) -> bytes:
        """Type into the first paragraph, and return the update; it is sent by nobody yet."""
        before = self.doc.get_state()
        root = self.doc.get("default", type=XmlFragment)
        with self.doc.transaction():
            paragraph = next((child for child in root.children if isinstance(child, XmlElement)), None)
            if paragraph is None:
                paragraph = root.children.append(XmlElement("paragraph"))
            run = next((child for child in paragraph.children if isinstance(child, XmlText)), None)
            if run is None:
                run = paragraph.children.append(XmlText(""))
            run.insert(at, text)
        return self.doc.get_update(before)

    def say(self, update: bytes, **fields: Any) -> int:
        """Send an update and return its ack id."""
        self.sequence += 1
        payload = {
            "document_id": self.document_id,
            "epoch": self.epoch,
            "sequence": self.sequence,
            **fields,
        }
        return self.guest.say("document.update", payload, PATH, others=(update,))

    async def send(self, update: bytes, **fields: Any) -> Json:
        """Send an update and wait until it is saved."""
        answer = await self.guest.answer(self.say(update, **fields))
        assert answer["ok"], answer
        data: Json = answer["data"]
        return data

    async def send_refused(self, update: bytes, **fields: Any) -> Json:
        """Send an update that must be refused, and return the error."""
        answer = await self.guest.answer(self.say(update, **fields))
        assert not answer["ok"], answer
        error: Json = answer["error"]
        return error

    async def type(self, text: str, at: int = 0) -> None:
        """Type, and wait until it is saved."""
        await self.send(self.edit(text, at))

    def catch_up(self) -> str:
        """Apply what was heard, and return what the document says."""
        heard = [
            one for one in self.guest.named("document.updated") if one.data["document_id"] == self.document_id
        ]
        for one in heard[self._applied :]:
            self.doc.apply_update(one.attachment or b"")
        self._applied = len(heard)
        return self.text

    async def reads(self, text: str) -> None:
        """Wait until the document says this."""
        with suppress(TimeoutError):
            await self.guest.until(lambda: self.catch_up() == text)
        assert self.text == text

    @property
    def text(self) -> str:
        """What the document says, without spaces around it."""
        return text_of(self.doc).strip()

    async def sync(self) -> Json:
        """Compare states, and take over what is lacking."""
        answer = await self.ask(
            "document.sync", self.doc.get_state(), document_id=self.document_id, epoch=self.epoch
        )
        self.doc.apply_update(answer["update"])
        return answer

    def show_caret(self, clock: int, state: Json | None, client_id: int | None = None) -> None:
        """Send an awareness update."""
        entry = Entry(self.doc.client_id if client_id is None else client_id, clock, state)
        self.guest.say(
            "awareness.set", {"document_id": self.document_id}, PATH, others=(write_awareness([entry]),)
        )

    def carets(self) -> dict[int, Entry]:
        """Return the carets as the last events say."""
        found: dict[int, Entry] = {}
        for heard in self.guest.named("awareness.changed"):
            for entry in read_awareness(heard.attachment or b""):
                found[entry.client_id] = entry
        return found

    def people(self) -> list[Json]:
        """Return what was said of participants, in order."""
        return [heard.data for heard in self.guest.named("session.changed")]
