"""A course that writes beside its documents, on a private database: commands run as the dispatcher runs them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
import pytest
from tests.unit.log.ledger import Ledger

from coursewire import log
from coursewire.errors import CoursewireError
from coursewire.identity import groups, membership
from coursewire.identity.caller import Caller
from coursewire.identity.membership import Enrolment
from coursewire.namespaces.collaboration import namespace as collaboration
from coursewire.namespaces.collaboration.contract import (
    Annotation,
    CreateAnnotation,
    DeleteAnnotation,
    ListAnnotations,
    ReanchorAnnotation,
    ResolveAnnotation,
    UpdateAnnotation,
)
from coursewire.namespaces.collaboration.store import documents
from coursewire.namespaces.collaboration.store.documents import DocumentRow
from coursewire.namespaces.notifications import namespace as notifications
from coursewire.namespaces.notifications.contract import ListNotifications, Notification
from coursewire.realtime.contract import Command, Mode
from coursewire.realtime.namespace import Opening, Signal, Staged
from coursewire.realtime.running import _digest, run_once
from coursewire.realtime.transaction import Reactions, Transaction
from coursewire.vocabulary import Role, new_id

Json = dict[str, Any]
PATH = "/collaboration"
COURSE = "cs101"
PEOPLE: dict[str, Role] = {
    "ada": "instructor",
    "tom": "teaching_assistant",
    "ben": "learner",
    "cleo": "learner",
    "dan": "learner",
    "mia": "mentor",
}
GROUPS = {"red": ["ben", "cleo"], "blue": ["dan"]}
TARGET = {"quote": {"exact": "a monad", "prefix": "is ", "suffix": " really"}, "start": "AAEC", "end": "AAED"}


class Study:
    """A course with two groups and two documents: `7` is edited together, `page` is a static page."""

    def __init__(self) -> None:
        self.ledger = Ledger()
        self.effects: list[Any] = []
        made = (collaboration.make(), notifications.make())
        self.namespaces = {namespace.path: namespace for namespace in made}
        reactions: dict[type[Any], list[tuple[str, Any]]] = {}
        for path, namespace in self.namespaces.items():
            for kind, react in namespace.reactions.items():
                reactions.setdefault(kind, []).append((path, react))
        self.reactions: Reactions = reactions
        self.enrol(PEOPLE)
        for group_id, user_ids in GROUPS.items():
            self.put_group(group_id, user_ids)
        self.document("7")
        self.document("page", kind="page", url="https://campus.example.edu/week-1")

    def close(self) -> None:
        self.ledger.close()

    # People and documents

    def caller(self, user_id: str, *roles: Role) -> Caller:
        return Caller(user_id=user_id, name=user_id.title(), roles=frozenset(roles))

    def enrol(self, people: dict[str, Role], course_id: str = COURSE) -> None:
        roster = [Enrolment(user_id, user_id.title(), frozenset({role})) for user_id, role in people.items()]
        self.tell(lambda raw: membership.put_course(raw, course_id, course_id.upper()))
        self.tell(lambda raw: membership.put_members(raw, course_id, roster))

    def unenrol(self, user_id: str) -> None:
        self.tell(lambda raw: membership.remove_member(raw, COURSE, user_id))

    def erase(self, user_id: str) -> None:
        self.tell(lambda raw: membership.erase_user(raw, user_id))

    def put_group(self, group_id: str, user_ids: list[str]) -> None:
        self.tell(lambda raw: groups.put_group(raw, COURSE, group_id, user_ids))

    def tell(self, work: Any) -> None:
        def run(raw: Any) -> None:
            tx = Transaction(raw, "", None, self.reactions)
            for fact in work(raw):
                tx.tell(fact)

        self.write(run)

    def document(self, document_id: str, **fields: Any) -> None:
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
        self.do(lambda tx: documents.insert_document(tx, DocumentRow(**given), None))

    # Commands

    def run(self, who: Caller | str, command: Command, path: str = PATH) -> Any:
        """Run a command; return its answer as the model."""
        caller = self.caller(who) if isinstance(who, str) else who
        handler = self.namespaces[path].commands[type(command)]
        assert not isinstance(handler, Signal | Opening | Staged)
        if command.mode is Mode.READ:
            return self.write(
                lambda raw: handler(Transaction(raw, path, caller, self.reactions), caller, command)
            )
        key = getattr(command, "key", None)
        encoded = self.write(
            lambda raw: run_once(raw, path, caller, self.reactions, handler, command, key, _digest(command))
        )
        return command.returns.model_validate_json(encoded.json)

    def do(self, function: Any, *arguments: Any, caller: Caller | None = None) -> Any:
        """Run a function on a transaction of /collaboration."""
        return self.write(lambda raw: function(Transaction(raw, PATH, caller, self.reactions), *arguments))

    def write(self, work: Any) -> Any:
        self.ledger.now += 1
        group = self.ledger.group([work])
        [outcome] = group.outcomes
        if outcome.error is not None:
            raise outcome.error
        self.effects += group.effects
        return outcome.value

    # Short ways

    def annotate(self, who: Caller | str, body: str = "look", **fields: Any) -> Annotation:
        if "parent_id" not in fields:
            fields.setdefault("target", TARGET)
        given = {"key": new_id(), "document_id": "7", "body": body, **fields}
        made: Annotation = self.run(who, CreateAnnotation.model_validate(given)).annotation
        return made

    def reply(self, who: Caller | str, to: Annotation, body: str = "yes", **fields: Any) -> Annotation:
        return self.annotate(who, body, parent_id=to.id, document_id=to.document_id, **fields)

    def update(self, who: str, of: Annotation, *, base: int | None = None, **fields: Any) -> Annotation:
        given = {"key": new_id(), "annotation_id": of.id, "base_revision": base or of.revision, **fields}
        changed: Annotation = self.run(who, UpdateAnnotation.model_validate(given)).annotation
        return changed

    def resolve(self, who: str, of: Annotation, *, base: int | None = None, on: bool = True) -> Annotation:
        command = ResolveAnnotation(
            key=new_id(), annotation_id=of.id, base_revision=base or of.revision, on=on
        )
        changed: Annotation = self.run(who, command).annotation
        return changed

    def reanchor(
        self, who: str, of: Annotation, target: Json | None, *, base: int | None = None
    ) -> Annotation:
        given = {"key": new_id(), "annotation_id": of.id, "base_revision": base or of.revision}
        command = ReanchorAnnotation.model_validate({**given, "target": target})
        changed: Annotation = self.run(who, command).annotation
        return changed

    def delete(self, who: Caller | str, of: Annotation) -> Annotation:
        gone: Annotation = self.run(who, DeleteAnnotation(key=new_id(), annotation_id=of.id)).annotation
        return gone

    def page(self, who: Caller | str, document_id: str = "7", **fields: Any) -> list[Annotation]:
        asked = ListAnnotations.model_validate({"document_id": document_id, **fields})
        found: list[Annotation] = self.run(who, asked).items
        return found

    def bodies(self, who: Caller | str, document_id: str = "7", **fields: Any) -> list[str]:
        return [annotation.body for annotation in self.page(who, document_id, **fields)]

    def inbox(self, who: str) -> list[Notification]:
        found: list[Notification] = self.run(who, ListNotifications(), "/notifications").items
        return found

    # What was told

    def logged(self, channel: str, path: str = PATH) -> list[log.Logged]:
        found: list[log.Logged] = self.ledger.do(log.read_after, path, channel, 0, 10_000)
        return found

    def events(self, channel: str, path: str = PATH) -> list[tuple[str, Json]]:
        """The name and data of every event of a stream, as a replay gives them."""
        return [(event.event, orjson.loads(event.data)) for event in self.logged(channel, path)]

    def names(self, channel: str) -> list[str]:
        return [name.removeprefix("annotation.") for name, _ in self.events(channel)]

    def everything(self) -> str:
        """All values of all tables, as one text to look for a word in."""
        session = self.ledger.writer._session
        assert session is not None
        tables = session.cursor.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL %'"
        ).fetchall()
        found: list[str] = []
        for (name,) in tables:
            rows = session.cursor.execute(f'SELECT * FROM "{name}"').fetchall()  # noqa: S608 - our own
            found += [repr(row) for row in rows]
        return "\n".join(found)


def refused(error: type[CoursewireError], field: str | None, work: Callable[[], object]) -> CoursewireError:
    """Run what must be refused, and return why."""
    with pytest.raises(error) as found:
        work()
    assert found.value.field == field
    return found.value
