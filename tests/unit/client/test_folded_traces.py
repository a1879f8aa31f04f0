"""What the traces of /analytics say of the client's state, held against the rules of their README."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from coursewire.client.analytics_known import Known
from coursewire.namespaces.analytics import contract as analytics

Json = dict[str, Any]

TRACES = [
    path
    for path in sorted((Path(__file__).parents[2] / "traces").glob("*.json"))
    if '"folded"' in path.read_text("utf-8")
]

JOB = {
    "id": "j",
    "kind": "k",
    "title": "T",
    "owner_id": "o",
    "state": "running",
    "done": 0,
    "attempt": 1,
    "revision": 1,
    "heartbeat_at": "2026-11-22T18:00:00.000Z",
    "created_at": "2026-11-22T18:00:00.000Z",
}
MILESTONE = {
    "course_id": "cs101",
    "kind": "streak",
    "title": "T",
    "reached_at": "2026-11-22T18:00:00.000Z",
}
ALERT = {
    "course_id": "cs101",
    "user_id": "ben",
    "kind": "at_risk",
    "reasons": [],
    "raised_at": "2026-11-22T18:00:00.000Z",
}

ENDS = {"succeeded", "failed", "cancelled"}


class Folded:
    """The rules of "What is folded", as they stand there and no more."""

    def __init__(self) -> None:
        self.jobs: dict[str, Json] = {}
        self.metrics: dict[str, Json] = {}
        self.milestones: list[str] = []
        self._commands: dict[str, Json] = {}

    def as_shown(self) -> Json:
        wanted = {
            given["payload"]["job_id"] for given in self._commands.values() if "key" in given["payload"]
        }
        shown = {
            job_id: {**job, "cancel_requested": True}
            if job_id in wanted and job["state"] not in ENDS
            else job
            for job_id, job in self.jobs.items()
        }
        return {"jobs": shown, "metrics": self.metrics, "milestones": self.milestones}

    def take(self, given: Json, outputs: list[Json]) -> None:
        if given["type"] == "command":
            self._commands[given["ref"]] = given
        for output in outputs:
            if output["type"] == "deliver":
                self._said(output["event"], output["data"])
            elif output["type"] == "settle":
                self._answered(self._commands.pop(output["ref"])["command"], output["answer"])

    def _said(self, event: str, data: Json) -> None:
        if event in {"job.progressed", "job.finished"}:
            self._job(data)
        elif event == "metrics.updated":
            name = f"{data['course_id']}/{data['window']}"
            if name not in self.metrics or data["at"] > self.metrics[name]["at"]:
                self.metrics[name] = data
        elif event == "milestone.reached" and data["id"] not in self.milestones:
            self.milestones = [data["id"], *self.milestones]

    def _answered(self, command: str, answer: Json) -> None:
        data = answer["data"] if answer["ok"] else answer["error"].get("details", {})
        if "job" in data:
            self._job(data["job"])
        elif command == "job.list":
            for job in data["items"]:
                self._job(job)
        elif command == "milestone.list":
            self.milestones = [item["id"] for item in data["items"]]

    def _job(self, job: Json) -> None:
        if job["id"] not in self.jobs or job["revision"] > self.jobs[job["id"]]["revision"]:
            self.jobs[job["id"]] = job


@pytest.mark.parametrize("path", TRACES, ids=lambda path: path.stem)
def test_folded(path: Path) -> None:
    """[CLI1] [SUB3] Each report counts once, the newest holds, and a snapshot is the state anew."""
    folded = Folded()
    compared = 0
    for number, step in enumerate(json.loads(path.read_text("utf-8"))["steps"]):
        folded.take(step["input"], step["outputs"])
        shown = folded.as_shown()
        for name, value in step.get("folded", {}).items():
            assert shown[name] == value, f"step {number} at {step['at']}: {name}"
            compared += 1
    assert compared >= 3


class ByTheClient:
    """The Python client's own fold, fed as the client feeds it."""

    def __init__(self) -> None:
        self.known = Known()
        self._models = {event.event: event.payload for event in analytics.EVENTS}
        self._commands: dict[str, Json] = {}

    def as_shown(self) -> Json:
        return {
            "jobs": {job_id: _said(job) for job_id, job in self.known.jobs.items()},
            "metrics": {name: _said(values) for name, values in self.known.metrics.items()},
            "milestones": [milestone.id for milestone in self.known.milestones],
        }

    def take(self, given: Json, outputs: list[Json]) -> None:
        if given["type"] == "command":
            self._commands[given["ref"]] = given
            if given["command"] == "job.cancel":
                self.known.cancelling(given["payload"]["job_id"], 1)
        for output in outputs:
            if output["type"] == "deliver" and output["event"] in self._models:
                self.known.take(self._models[output["event"]].model_validate(output["data"]))
            elif output["type"] == "settle":
                self._answered(self._commands.pop(output["ref"]), output["answer"])

    def _answered(self, given: Json, answer: Json) -> None:
        if given["command"] == "job.cancel":
            self.known.cancelling(given["payload"]["job_id"], -1)
        data = answer["data"] if answer["ok"] else answer["error"].get("details", {})
        if given["command"] == "milestone.list":
            self.known.milestones_read(analytics.MilestonePage.model_validate(data).items)
        for job in [data["job"]] if "job" in data else data.get("items", []):
            if given["command"].startswith("job."):
                self.known.take(analytics.Job.model_validate(job))


def _said(model: Any) -> Json:
    said: Json = model.model_dump(mode="json", exclude_unset=True)
    return said


@pytest.mark.parametrize("path", TRACES, ids=lambda path: path.stem)
def test_the_python_client_folds_the_same(path: Path) -> None:
    """[CLI1] [SUB3] [LOG3]"""
    client = ByTheClient()
    compared = 0
    for number, step in enumerate(json.loads(path.read_text("utf-8"))["steps"]):
        client.take(step["input"], step["outputs"])
        shown = client.as_shown()
        for name, value in step.get("folded", {}).items():
            assert shown[name] == value, f"step {number} at {step['at']}: {name}"
            compared += 1
    assert compared >= 3


def test_a_report_that_comes_again_is_no_news() -> None:
    known = Known()
    reports = (
        analytics.Job.model_validate(JOB),
        analytics.Milestone.model_validate({**MILESTONE, "id": "m"}),
        analytics.Alert.model_validate({**ALERT, "id": "a"}),
    )
    assert [known.take(report) for report in reports] == [True] * 3
    assert [known.take(report) for report in reports] == [False] * 3


def test_what_is_kept_is_bounded() -> None:
    client = ByTheClient()
    job = {**_said(analytics.Job.model_validate(JOB)), "id": "kept"}
    for number in range(1_500):
        client.known.take(analytics.Job.model_validate({**job, "id": f"j{number}"}))
        client.known.take(analytics.Milestone.model_validate({**MILESTONE, "id": f"m{number}"}))
        client.known.take(analytics.Alert.model_validate({**ALERT, "id": f"a{number}"}))
    assert len(client.known.jobs) == len(client.known.milestones) == len(client.known._alerts) == 1_000
    assert (client.known.job("j0"), client.known.milestones[0].id) == (None, "m1499")


def test_they_are_there() -> None:
    assert len(TRACES) >= 8
