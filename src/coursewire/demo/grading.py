"""The worker of the demo: it takes one analysis after the other, and reports each as a worker does, step by step."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from random import Random
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from coursewire.demo import analysis
from coursewire.demo.essays import DRAFTS, ESSAYS
from coursewire.demo.people import COURSE
from coursewire.identity.caller import Caller
from coursewire.namespaces.analytics import service
from coursewire.namespaces.analytics.contract import JobBody, JobPatch, JobReply, ListJobs, Stage
from coursewire.realtime.transaction import Transaction

if TYPE_CHECKING:
    from coursewire.app import Node

logger = logging.getLogger(__name__)

OWNER: Final = "ada"
STEP_S: Final = 0.5
"""A step takes well under a millisecond; so long it waits for the next, so that one can watch."""
PAUSE_S: Final = (5.0, 15.0)
STOPPED: Final = "The demo was stopped in the middle."

Sleep = Callable[[float], Awaitable[None]]


class Step(NamedTuple):
    """One step of an analysis: it has been computed when it is yielded."""

    stage: Stage
    message: str


class Plan(NamedTuple):
    """An analysis: how it is called, how many steps it takes, and what computes them into a result."""

    kind: str
    title: str
    total: int
    steps: Callable[[dict[str, Any]], Iterator[Step]]


def _feedback(result: dict[str, Any]) -> Iterator[Step]:
    """Measure each essay by itself."""
    ease: list[float] = []
    diversity: list[float] = []
    stage = Stage(label="Vocabulary", index=1, count=3)
    for name, text in ESSAYS.items():
        rich = analysis.vocabulary(name, text)
        diversity.append(rich.diversity)
        yield Step(stage, f"{name}: {rich.words} words, diversity {rich.diversity:.2f}")
    stage = Stage(label="Readability", index=2, count=3)
    for name, text in ESSAYS.items():
        reads = analysis.readability(name, text)
        ease.append(reads.ease)
        yield Step(stage, f"{name}: {reads.words_per_sentence:.1f} words a sentence, ease {reads.ease:.0f}")
    stage = Stage(label="Topics", index=3, count=3)
    topics = analysis.keywords(" ".join(ESSAYS.values()))
    for name, text in ESSAYS.items():
        yield Step(stage, f"{name}: {analysis.covered(text, topics):.0%} of the class's topics")
    result["essays"] = len(ESSAYS)
    result["mean_reading_ease"] = round(sum(ease) / len(ease), 1)
    result["mean_diversity"] = round(sum(diversity) / len(diversity), 3)
    result["topics"] = topics


def _similarity(result: dict[str, Any]) -> Iterator[Step]:
    """Compare every two essays."""
    vectors = analysis.weights(ESSAYS)
    stage = Stage(label="Comparing", index=1, count=1)
    closest, best = ("", ""), -1.0
    for one, other in analysis.pairs(list(ESSAYS)):
        alike = analysis.similarity(vectors[one], vectors[other])
        if alike > best:
            closest, best = (one, other), alike
        yield Step(stage, f"{one} and {other}: {alike:.2f}")
    result["pairs"] = len(analysis.pairs(list(ESSAYS)))
    result["most_similar"] = {"essays": list(closest), "similarity": round(best, 3)}


def _drafts(result: dict[str, Any]) -> Iterator[Step]:
    """Measure drafts, of which one has hardly been begun: it cannot be analysed, and the job fails saying so."""
    stage = Stage(label="Readability", index=1, count=1)
    for name, text in DRAFTS.items():
        yield Step(stage, f"{name}: ease {analysis.readability(name, text).ease:.0f}")
    result["drafts"] = len(DRAFTS)


PLANS: Final = (
    Plan("essay-feedback", "Feedback on the essays", 3 * len(ESSAYS), _feedback),
    Plan(
        "essay-similarity", "Essays that resemble each other", len(analysis.pairs(list(ESSAYS))), _similarity
    ),
    Plan("draft-check", "Check of the drafts", len(DRAFTS), _drafts),
)
TURNS: Final = (PLANS[0], PLANS[1], PLANS[0], PLANS[1], PLANS[2])
"""Most of the time it goes well."""
KINDS: Final = frozenset(plan.kind for plan in PLANS)


class Grading:
    """Runs the plans by turns, owned by the teacher, by the same functions as a worker's requests run."""

    def __init__(self, node: Node, random: Random, *, sleep: Sleep = asyncio.sleep) -> None:
        self._node = node
        self._random = random
        self._sleep = sleep

    async def run(self) -> None:
        """Work for ever; first end what an earlier run of the demo left behind."""
        await self._end_left_behind()
        while True:
            for plan in TURNS:
                await self.run_once(plan)
                await self._sleep(self._random.uniform(*PAUSE_S))

    async def run_once(self, plan: Plan) -> None:
        """Run one analysis to its end, which may be that somebody calls it off."""
        body = JobBody(kind=plan.kind, title=plan.title, course_id=COURSE, owner_id=OWNER, total=plan.total)
        job_id = (await self._do(lambda tx: service.create_job(tx, body))).job.id
        await self._report(job_id, state="running")
        result: dict[str, Any] = {}
        try:
            for done, step in enumerate(plan.steps(result), 1):
                reply = await self._report(job_id, done=done, stage=step.stage, message=step.message)
                if reply.cancel_requested:
                    await self._report(job_id, state="cancelled", message=f"Called off after {done} steps.")
                    return
                await self._sleep(STEP_S)
        except analysis.TooShort as error:
            await self._report(job_id, state="failed", error=str(error))
        else:
            await self._report(job_id, state="succeeded", result=result)

    async def close(self) -> None:
        """End what was in the middle, so that nobody waits for it."""
        await self._end_left_behind()

    async def _end_left_behind(self) -> None:
        for job_id in await self._node.storage.read(self._left_behind):
            await self._report(job_id, state="cancelled", message=STOPPED)

    def _left_behind(self, raw: Any) -> list[str]:
        """Return the jobs of ours that have not ended: one, or one more after a crash."""
        teacher = Caller(user_id=OWNER, name=OWNER)
        tx = Transaction(raw, "/analytics", teacher, self._node.reactions)
        return [
            job.id
            for state in ("queued", "running", "stalled")
            for job in service.list_jobs(tx, teacher, ListJobs(state=state, limit=100)).items
            if job.kind in KINDS
        ]

    async def _report(self, job_id: str, **patch: Any) -> JobReply:
        given = JobPatch.model_validate(patch)
        return await self._do(lambda tx: service.report_job(tx, job_id, given))

    async def _do(self, fn: Callable[[Transaction], JobReply]) -> JobReply:
        return await self._node.storage.write(
            lambda raw: fn(Transaction(raw, "/analytics", None, self._node.reactions))
        )
