"""Workers and people around jobs on a real private database: everything runs at once, on a clock that is moved."""

from __future__ import annotations

from typing import Any

import orjson
from tests.unit.log.ledger import Ledger

from coursewire import log
from coursewire.bus.port import Unlogged
from coursewire.identity import membership
from coursewire.identity.caller import Caller
from coursewire.identity.membership import Enrolment
from coursewire.namespaces.analytics import namespace as analytics
from coursewire.namespaces.analytics import service
from coursewire.namespaces.analytics.contract import (
    CancelJob,
    Job,
    JobBody,
    JobPage,
    JobPatch,
    JobReply,
    JobResumed,
    JobStalled,
    ListJobs,
    ReadJob,
)
from coursewire.namespaces.notifications import namespace as notifications
from coursewire.realtime.contract import Command, Mode
from coursewire.realtime.namespace import Opening, Signal, Staged
from coursewire.realtime.running import _digest, run_once
from coursewire.realtime.transaction import Reactions, Transaction
from coursewire.vocabulary import Role, new_id

Json = dict[str, Any]
PATH = "/analytics"
COURSE = "cs101"
NOON = 1_763_985_600_000
"""Monday, 24 November 2025, 12:00 UTC."""


class House:
    """Ada teaches, Ben and Cleo learn; Eve teaches elsewhere."""

    def __init__(self) -> None:
        self.ledger = Ledger()
        self.ledger.now = NOON
        self.effects: list[Any] = []
        self.facts: list[Any] = []
        self.namespaces = {made.path: made for made in (analytics.make(), notifications.make())}
        reactions: dict[type[Any], list[tuple[str, Any]]] = {}
        for path, made in self.namespaces.items():
            for kind, react in made.reactions.items():
                reactions.setdefault(kind, []).append((path, react))
        for kind in (JobStalled, JobResumed):
            reactions.setdefault(kind, []).append((PATH, lambda _, fact: self.facts.append(fact)))
        self.reactions: Reactions = reactions
        self.enrol({"ada": "instructor", "ben": "learner", "cleo": "learner"})
        self.enrol({"eve": "instructor"}, "math")

    def close(self) -> None:
        self.ledger.close()

    def enrol(self, people: dict[str, Role], course_id: str = COURSE) -> None:
        roster = [Enrolment(user_id, user_id.title(), frozenset({role})) for user_id, role in people.items()]

        def work(raw: Any) -> None:
            facts = membership.put_course(raw, course_id, course_id.upper())
            for fact in (*facts, *membership.put_members(raw, course_id, roster)):
                Transaction(raw, "", None, self.reactions).tell(fact)

        self.write(work)

    def unenrol(self, user_id: str, course_id: str = COURSE) -> None:
        def work(raw: Any) -> None:
            for fact in membership.remove_member(raw, course_id, user_id):
                Transaction(raw, "", None, self.reactions).tell(fact)

        self.write(work)

    def erase(self, user_id: str) -> None:
        def work(raw: Any) -> None:
            for fact in membership.erase_user(raw, user_id):
                Transaction(raw, "", None, self.reactions).tell(fact)

        self.write(work)

    # Works

    def write(self, work: Any) -> Any:
        group = self.ledger.group([work])
        [outcome] = group.outcomes
        if outcome.error is not None:
            raise outcome.error
        self.effects += group.effects
        return outcome.value

    def do(self, function: Any, *arguments: Any, **options: Any) -> Any:
        return self.write(
            lambda raw: function(Transaction(raw, PATH, None, self.reactions), *arguments, **options)
        )

    def run(self, who: str, command: Command, path: str = PATH) -> Any:
        """Run a command as the dispatcher does; return its answer as the model."""
        caller = Caller(user_id=who, name=who.title(), roles=frozenset())
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

    # Short ways

    def wait(self, seconds: float) -> None:
        self.ledger.now += round(seconds * 1000)

    def create(self, **fields: Any) -> Job:
        body = {"kind": "essay-grading", "title": "Essays", "owner_id": "ben", "course_id": COURSE, **fields}
        reply: JobReply = self.do(service.create_job, JobBody.model_validate(body))
        return reply.job

    def report(self, job_id: str, **patch: Any) -> JobReply:
        reply: JobReply = self.do(service.report_job, job_id, JobPatch.model_validate(patch))
        return reply

    def cancel(self, who: str, job_id: str) -> Job:
        job: Job = self.run(who, CancelJob(key=new_id(), job_id=job_id)).job
        return job

    def read(self, who: str, job_id: str) -> Job:
        job: Job = self.run(who, ReadJob(job_id=job_id)).job
        return job

    def page(self, who: str, **fields: Any) -> JobPage:
        page: JobPage = self.run(who, ListJobs.model_validate(fields))
        return page

    def logged(self, channel: str) -> list[tuple[str, Json]]:
        """Return the name and data of every event of a stream that tells of jobs, as a replay gives them."""
        found = self.do(lambda tx: log.read_after(tx.raw, PATH, channel, 0, 10_000))
        return [(event.event, orjson.loads(event.data)) for event in found if event.event.startswith("job.")]

    def published(self, channel: str) -> list[Json]:
        """Return the newest values that a channel was given, in order."""
        return [
            orjson.loads(effect.data)
            for effect in self.effects
            if isinstance(effect, Unlogged) and effect.namespace == PATH and effect.channel == channel
        ]


def plain(job: Job) -> Json:
    """Return a job as it travels."""
    data: Json = job.model_dump(mode="json", exclude_none=True)
    return data
