"""A school on a real private database: what people do comes in as over HTTP, and the background works when told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, cast

from sqlalchemy import select
from tests.unit.log.ledger import Ledger

from coursewire.bus.port import DeriveWanted, Unlogged
from coursewire.identity import membership
from coursewire.identity.caller import Caller
from coursewire.identity.membership import Enrolment
from coursewire.namespaces.analytics import namespace, rolling, service
from coursewire.namespaces.analytics.board import Board
from coursewire.namespaces.analytics.contract import ActivityBody, ActivityTaken, Metrics, MetricsRead
from coursewire.namespaces.analytics.contract.metrics import ReadMetrics
from coursewire.namespaces.analytics.measuring import Measuring
from coursewire.namespaces.analytics.store.activity import activity
from coursewire.realtime.background import Background
from coursewire.realtime.contract import Command, Event
from coursewire.realtime.transaction import Reactions, Transaction
from coursewire.storage.statement import Prepared
from coursewire.vocabulary import Role, iso, new_id

Json = dict[str, Any]
PATH = "/analytics"
COURSE = "cs101"
SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000
MONDAY = int(datetime(2026, 3, 2, 10, tzinfo=UTC).timestamp() * 1_000)
"""2 March 2026, 10:00 UTC."""

_RAW = Prepared(select(activity))


class School:
    """Courses with teachers and learners, and what computes their figures."""

    def __init__(self, now: int = MONDAY) -> None:
        self.ledger = Ledger()
        self.now = now
        self.effects: list[Any] = []
        self.board = Board()
        made = namespace.make()
        self.reactions: Reactions = {kind: [(PATH, react)] for kind, react in made.reactions.items()}
        self.measuring = Measuring(self.board)
        self.is_open = False

    def close(self) -> None:
        self.ledger.close()

    # Works

    def write(self, work: Any) -> Any:
        self.ledger.now = self.now
        group = self.ledger.group([work])
        [outcome] = group.outcomes
        if outcome.error is not None:
            raise outcome.error
        self.effects += group.effects
        return outcome.value

    def do(self, function: Any, *arguments: Any, **options: Any) -> Any:
        """Run a function on a transaction of /analytics."""
        return self.write(
            lambda raw: function(Transaction(raw, PATH, None, self.reactions), *arguments, **options)
        )

    @property
    def work(self) -> Background:
        """A background that does everything at once."""
        return cast("Background", _Works(self))

    def run(self, who: str, handler: Any, command: Command) -> Any:
        """Run a command of somebody."""
        caller = Caller(user_id=who, name=who.title(), roles=frozenset())
        return self.write(
            lambda raw: handler(Transaction(raw, PATH, caller, self.reactions), caller, command)
        )

    # People

    def enrol(
        self, people: Mapping[str, Role | frozenset[Role]] | Sequence[str], course_id: str = COURSE
    ) -> None:
        """Enrol people with a role, or some; a list is of learners."""
        roles: Mapping[str, Role | frozenset[Role]] = (
            people if isinstance(people, Mapping) else dict.fromkeys(people, "learner")
        )
        roster = [
            Enrolment(user_id, user_id.title(), has if isinstance(has, frozenset) else frozenset({has}))
            for user_id, has in roles.items()
        ]

        def work(raw: Any) -> None:
            tx = Transaction(raw, "", None, self.reactions)
            facts = membership.put_course(raw, course_id, course_id.upper())
            for fact in (*facts, *membership.put_members(raw, course_id, roster)):
                tx.tell(fact)

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

    # Activity

    def report(self, *events: Json) -> ActivityTaken:
        """Take in activity as it comes over HTTP."""
        taken: ActivityTaken = self.do(
            service.take_batch, [ActivityBody.model_validate(event) for event in events]
        )
        return taken

    def event(self, who: str, thing: str = "page-1", verb: str = "opened", **fields: Any) -> Json:
        """Return what somebody does now, or `ago` milliseconds ago."""
        at = self.now - fields.pop("ago", 0)
        return {
            "id": fields.pop("id", None) or new_id(),
            "user_id": who,
            "course_id": fields.pop("course_id", COURSE),
            "verb": verb,
            "object": {
                "id": thing,
                "type": fields.pop("type", thing.partition("-")[0]),
                "name": fields.pop("name", None),
            },
            "at": iso(at),
            **fields,
        }

    def acts(self, who: str, thing: str = "page-1", verb: str = "opened", **fields: Any) -> None:
        """Let somebody do something, and see that it was taken."""
        taken = self.report(self.event(who, thing, verb, **fields))
        assert taken.accepted == 1, taken

    # The background

    async def look(self) -> None:
        """Let the background go on until nothing waits."""
        if not self.is_open:
            await self.measuring.begin(self.work)
            self.is_open = True
        while not await self.measuring.round(self.work):
            pass

    async def pass_time(self, milliseconds: int) -> None:
        """Let time pass, and the background notice."""
        self.now += milliseconds
        await self.look()

    def restart(self) -> None:
        """Forget all that is not in the database."""
        self.board = Board()
        self.measuring = Measuring(self.board)
        self.is_open = False

    async def roll_up(self) -> None:
        """Sum up all that is out of date and over."""
        while await rolling.roll_up_once(self.work):
            pass

    # What is shown

    def read(self, who: str, window: str = "1h", course_id: str = COURSE) -> MetricsRead:
        """Ask for figures."""
        command = ReadMetrics.model_validate({"course_id": course_id, "window": window})
        answer: MetricsRead = self.run(
            who,
            lambda tx, caller, one: service.read_metrics(self.board, tx, caller, one),
            command,
        )
        return answer

    def metrics(self, window: str = "1h", course_id: str = COURSE) -> Metrics:
        """Return the figures for the staff, of whom Ada is one."""
        metrics = self.read("ada", window, course_id).metrics
        assert metrics is not None
        return metrics

    def told(self) -> list[Unlogged]:
        """Return the newest values that were published since the last call."""
        found, self.effects = self.effects, []
        return [effect for effect in found if isinstance(effect, Unlogged)]

    def wanted(self) -> list[DeriveWanted]:
        """Return what was asked to be derived since `told`."""
        return [effect for effect in self.effects if isinstance(effect, DeriveWanted)]

    def raw(self) -> list[Json]:
        """Return all activity as it is stored."""
        names = [column.name for column in activity.columns]
        return [dict(zip(names, row, strict=True)) for row in self.do(lambda tx: tx.all(_RAW))]


class _Works:
    def __init__(self, school: School) -> None:
        self._school = school

    async def read(self, fn: Any) -> Any:
        return self._school.do(fn)

    async def write(self, fn: Any) -> Any:
        return self._school.do(fn)

    def publish_latest(self, channel: str, event: Event[Any], *, at: int, json: bytes | None = None) -> None:
        data = json or event.data.model_dump_json(exclude_none=True).encode()
        said = type(event.data).model_validate_json(data)
        assert said.model_dump_json(exclude_none=True).encode() == data, "as the contract says it"
        assert getattr(said, event.per or "") == getattr(event.data, event.per or ""), "under the right key"
        self._school.effects.append(Unlogged(PATH, channel, new_id(), event.event, data, at))

    def derive(self, name: str, argument: str, user_ids: Sequence[str]) -> None:
        self._school.effects.append(DeriveWanted(PATH, name, argument, tuple(user_ids)))
