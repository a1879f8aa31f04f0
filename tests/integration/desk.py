"""Documents of a whole server, and people who come to its /collaboration over real sockets."""

from __future__ import annotations

from typing import Any

from tests.fault.plain_client import Json, PlainClient
from tests.integration.chat_campus import COURSE, Campus

from coursewire.namespaces.collaboration.service import seeds
from coursewire.namespaces.collaboration.store import documents
from coursewire.namespaces.collaboration.store.documents import DocumentRow
from coursewire.realtime.transaction import Transaction
from coursewire.wire.socketio import Kind, Message, encode

PATH = "/collaboration"
PEOPLE = {
    "ada": "instructor",
    "tom": "teaching_assistant",
    "ben": "learner",
    "cleo": "learner",
    "dan": "learner",
    "mia": "mentor",
}
GROUPS = {"red": ["ben", "cleo"], "blue": ["dan"]}
TARGET: Json = {
    "quote": {"exact": "a monad", "prefix": "is ", "suffix": " really"},
    "start": "AAEC",
    "end": "AAED",
}


async def furnish(site: Campus) -> None:
    """Make the course's people and groups, and a document of each kind: `7`, and the static page `page`."""
    await site.enrol(dict(PEOPLE))  # type: ignore[arg-type]  # the names of roles
    for group_id, user_ids in GROUPS.items():
        reply = await site.lms.put(f"/v1/courses/{COURSE}/groups/{group_id}", json={"user_ids": user_ids})
        assert reply.status_code == 200, reply.text
    await place(site, "7")
    await place(site, "page", kind="page", url="https://campus.example.edu/week-1")


async def place(site: Campus, document_id: str, **fields: Any) -> None:
    """Put a document there, empty."""
    given: Json = {
        "id": document_id,
        "course_id": COURSE,
        "title": f"Essay {document_id}",
        "kind": "text",
        "url": None,
        "group": None,
        "access": {},
        "is_archived": False,
        "layout": 1,
        "epoch": "e1",
        "created_by": "ada",
        "created_at": 1_000,
        "updated_at": 1_000,
        **fields,
    }

    def run(raw: Any) -> None:
        tx, row = Transaction(raw, PATH, None, {}), DocumentRow(**given)
        documents.insert_document(tx, row, None)
        seeds.write_seed(tx, row, seeds.seed_of(row.kind))

    await site.node.storage.write(run)


class Client(PlainClient):
    """A connection on which bytes travel too: those of an event stand between its data and its meta."""

    async def _take(self, frame: str | bytes) -> None:
        if isinstance(frame, str) and not frame.startswith("4"):
            await super()._take(frame)
            return
        message = self._decoder.feed(frame if isinstance(frame, bytes) else frame[1:])
        if message is not None and message.kind is Kind.EVENT:
            name, data, *_, meta = message.data
            self.events.append((name, data, meta))
        elif message is not None and message.kind is Kind.ACK and message.ack is not None:
            [self.answers[message.ack]] = message.data
        self._changed.set()

    async def send(self, command: str, payload: Json, attachment: bytes) -> Json:
        """Send a command with an attachment, and return its whole answer."""
        ack = next(self._acks)
        for part in encode(Message(Kind.EVENT, self._namespace, [command, payload, attachment], ack)):
            await self._connection.send(f"4{part}" if isinstance(part, str) else part)
        await self.until(lambda: ack in self.answers)
        return self.answers[ack]

    async def answer(self, command: str, **payload: Any) -> Json:
        """Send a command, and return its whole answer, also when it was refused."""
        ack = await self.say(command, **payload)
        await self.until(lambda: ack in self.answers)
        return self.answers[ack]


async def visit(
    site: Campus, user_id: str, *, path: str = PATH, resume: Json | None = None, **claims: Any
) -> Client:
    """Connect somebody, by default to /collaboration; `session.ready` is the first event that is not replayed."""
    port = int(site.url.rpartition(":")[2])
    client = await Client.open(port, site.token(user_id, **claims), resume=resume, namespace=path)
    await client.ready()
    return client
