"""Documents of a whole server, and people who come to its /collaboration over real sockets."""

from __future__ import annotations

from typing import Any

from tests.fault.plain_client import Json, PlainClient
from tests.integration.chat_campus import COURSE, Campus

from coursewire.namespaces.collaboration.store import documents
from coursewire.namespaces.collaboration.store.documents import DocumentRow
from coursewire.realtime.transaction import Transaction

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
        documents.insert_document(Transaction(raw, PATH, None, {}), DocumentRow(**given), None)

    await site.node.storage.write(run)


async def visit(site: Campus, user_id: str, *, resume: Json | None = None, **claims: Any) -> PlainClient:
    """Connect somebody to /collaboration; `session.ready` is the first event that is not replayed."""
    port = int(site.url.rpartition(":")[2])
    token = site.token(user_id, **claims)
    client = await PlainClient.open(port, token, resume=resume, namespace=PATH)
    await client.ready()
    return client


async def answer(client: PlainClient, command: str, **payload: Any) -> Json:
    """Send a command and return its whole answer, whether it was refused or not."""
    ack = await client.say(command, **payload)
    await client.until(lambda: ack in client.answers)
    answered: Json = client.answers[ack]
    return answered
