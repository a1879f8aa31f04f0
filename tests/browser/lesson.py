"""What an LMS and its workers tell the campus while a class works: roster, activity and jobs, over HTTP as they do."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any, Self

import httpx
from tests.browser.demo_server import ISSUER, DemoServer

COURSE = "cs101"
NAMES = (
    "Amara Diallo", "Björn Lindqvist", "Chen Wei", "Dalia Haddad", "Emil Novák", "Farah Rahimi", "Goran Petrović",
    "Hana Kim", "Ines Duarte", "Jonas Weber", "Kavya Nair", "Liam Murphy", "Mei Tanaka", "Noor Aziz", "Olek Wójcik",
    "Priya Shah", "Quinn Adams", "Rosa Ferreira", "Sven Dahl", "Tomás Rivera",
)  # fmt: skip
THINGS = (
    ("quiz-1", "quiz", "Quiz 1: Loops"),
    ("video-3", "video", "Lecture 3: Sorting"),
    ("ps-1", "assignment", "Problem set 1"),
    ("reading-2", "page", "Reading: Invariants"),
    ("lab-1", "assignment", "Lab 1: Measuring time"),
    ("forum", "forum", "Questions and answers"),
)


def iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Lesson:
    """A class at work, as its LMS sees it. The same seed gives the same lesson; `first` numbers its first activity."""

    def __init__(self, server: DemoServer, seed: int = 7, *, first: int = 1) -> None:
        token, _ = ISSUER.issue("lms", "LMS", roles=["service"])
        self._http = httpx.AsyncClient(
            base_url=server.url, headers={"Authorization": f"Bearer {token}"}, timeout=30
        )
        self._random = random.Random(seed)  # noqa: S311 - a lesson, no secret
        self._sent = first - 1

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def call(self, method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Say something; return the answer."""
        answer = await self._http.request(method, path, json=body)
        assert answer.is_success, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def enrol(self, count: int) -> list[str]:
        """Put so many learners into the course, beside those of the demo; return their ids."""
        members = [
            {"user_id": f"s{number}", "name": name, "roles": ["learner"]}
            for number, name in enumerate(NAMES[:count], start=1)
        ]
        await self.call("PUT", f"/v1/courses/{COURSE}/members", {"members": members})
        return [str(member["user_id"]) for member in members]

    async def happens(self, *events: dict[str, Any]) -> None:
        """Report activity: `user`, and where they are not given a verb, a thing, and now."""
        taken = await self.call("POST", "/v1/activity", {"events": [self._event(**one) for one in events]})
        assert taken["refused"] == []

    async def works(self, users: list[str], back: timedelta, count: int) -> None:
        """Let these people do so many things within the time that has just passed, more of them towards its end."""
        now = datetime.now(UTC)
        pick = self._random
        for _ in range(0, count, 500):
            events = []
            for _ in range(min(500, count)):
                # Some work much, some little.
                user = users[min(int(pick.expovariate(2.2) * len(users)), len(users) - 1)]
                thing = THINGS[min(int(pick.expovariate(1.4) * 2.6), len(THINGS) - 1)]
                at = now - back * (pick.random() ** 1.3)
                events.append({"user": user, "thing": thing, "at": iso(at), **self._deed(thing[1])})
            await self.happens(*events)

    async def job(self, **body: Any) -> str:
        """Announce a job, started; return its id."""
        state = body.pop("state", "running")
        made = await self.call(
            "POST",
            "/v1/jobs",
            {"kind": "essay-grading", "course_id": COURSE, "owner_id": "ada", **body},
        )
        job_id = str(made["job"]["id"])
        if state == "running":
            await self.moves(job_id, state="running")
        return job_id

    async def moves(self, job_id: str, **patch: Any) -> dict[str, Any]:
        """Report how a job gets on; return `{job, cancel_requested}`."""
        return await self.call("PATCH", f"/v1/jobs/{job_id}", patch)

    def _deed(self, kind: str) -> dict[str, Any]:
        pick = self._random
        deed: dict[str, Any] = {"verb": "opened", "duration_ms": pick.randrange(10_000, 240_000)}
        chance = pick.random()
        if kind in {"quiz", "assignment"} and chance < 0.3:
            deed |= {"verb": "submitted", "score": round(min(1.0, max(0.1, pick.gauss(0.74, 0.16))), 2)}
        elif chance < 0.62:
            deed["verb"] = "completed"
        elif kind == "video":
            deed["verb"] = "played"
        elif kind == "forum":
            deed["verb"] = "posted"
        return deed

    def _event(self, user: str, thing: tuple[str, str, str] = THINGS[0], **more: Any) -> dict[str, Any]:
        self._sent += 1
        object_id, kind, name = thing
        return {
            "id": f"e{self._sent}",
            "user_id": user,
            "course_id": COURSE,
            "verb": "opened",
            "object": {"id": object_id, "type": kind, "name": name},
            "at": iso(datetime.now(UTC)),
            **more,
        }
