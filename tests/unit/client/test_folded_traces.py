"""What the traces of /analytics say of the client's state, held against the rules of their README."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

Json = dict[str, Any]

TRACES = [
    path
    for path in sorted((Path(__file__).parents[2] / "traces").glob("*.json"))
    if '"folded"' in path.read_text("utf-8")
]

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


def test_they_are_there() -> None:
    assert len(TRACES) >= 8
