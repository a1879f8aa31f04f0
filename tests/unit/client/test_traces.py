"""Every recorded trace, run against the Python machine; the TypeScript client runs the same files."""

from __future__ import annotations

import dataclasses
import itertools
import json
import re
from pathlib import Path
from typing import Any

import pytest

from coursewire.client.machine import Machine
from coursewire.client.outputs import Output, StateChanged
from coursewire.namespaces.analytics import contract as analytics
from coursewire.namespaces.chat import contract as chat
from coursewire.namespaces.notifications import contract as notifications

TRACES = sorted((Path(__file__).parents[2] / "traces").glob("*.json"))


def as_json(output: Output) -> dict[str, Any]:
    kind = "state" if isinstance(output, StateChanged) else type(output).__name__
    snake = re.sub(r"(?<!^)([A-Z])", r"_\1", kind).lower()
    return {"type": snake, **dataclasses.asdict(output)}


def play(trace: dict[str, Any]) -> None:
    """Feed the inputs and compare what comes out, step by step."""
    options = trace["options"]
    numbers = itertools.cycle(options.get("random", [0.5]))
    machine = Machine(
        lambda: next(numbers),
        outbox_limit=options.get("outbox_limit", 1_000),
        resume_limit=options.get("resume_limit", 100),
    )
    for number, step in enumerate(trace["steps"]):
        fields = dict(step["input"])
        outputs = getattr(machine, fields.pop("type"))(step["at"], **fields)
        where = f"step {number} at {step['at']}: {step['input']}"
        assert [as_json(output) for output in outputs] == step["outputs"], where
        diagnostics = dataclasses.asdict(machine.diagnostics())
        for name, value in step.get("diagnostics", {}).items():
            assert diagnostics[name] == value, f"{where}: {name}"


@pytest.mark.parametrize("path", TRACES, ids=lambda path: path.stem)
def test_trace(path: Path) -> None:
    """[CLI1] [CLI2] [CLI3] [CLI4] [SES2] [SES3] Inputs give exactly the recorded outputs."""
    play(json.loads(path.read_text(encoding="utf-8")))


def test_the_traces_are_there() -> None:
    assert len(TRACES) >= 50


def test_a_wrong_output_is_noticed() -> None:
    trace = json.loads(next(path for path in TRACES if path.stem == "drop-duplicates").read_text("utf-8"))
    repeated = next(step for step in trace["steps"] if step["at"] == 110)
    repeated["outputs"] = [{"type": "deliver", **{k: v for k, v in repeated["input"].items() if k != "type"}}]
    with pytest.raises(AssertionError, match="step 7 at 110"):
        play(trace)


TRUE_TO_LIFE = {
    "counts-across-resume",
    "dashboard-trimmed-needs-snapshot",
    "hidden-message-replayed-redacted",
    "inbox-trimmed-needs-snapshot",
    "job-begins-a-new-attempt",
    "job-cancelled-by-us",
    "job-end-behind-a-hole",
    "job-end-outlives-late-progress",
    "job-progress-conflated",
    "marks-wait-offline-and-run-once",
    "metrics-replaced",
    "milestone-once",
    "notification-created-and-changed",
    "reactions-replayed-once",
}
"""The traces that show what a namespace says and hears, in full; the others abridge it."""


@pytest.mark.parametrize(
    "path", [path for path in TRACES if path.stem in TRUE_TO_LIFE], ids=lambda path: path.stem
)
def test_what_a_trace_shows_in_full_is_what_the_contract_says(path: Path) -> None:
    trace = json.loads(path.read_text("utf-8"))
    namespaces = {"/analytics": analytics, "/chat": chat, "/notifications": notifications}
    contract = namespaces[trace["options"]["namespace"]]
    events = {event.event: event.payload for event in contract.EVENTS}
    commands = {command.command: command for command in contract.COMMANDS}
    sent: dict[str, Any] = {}
    seen = 0
    for step in trace["steps"]:
        given = step["input"]
        for output in step["outputs"]:
            if output["type"] == "deliver" and output["event"] in events:
                model = events[output["event"]].model_validate(output["data"])
                assert model.model_dump(mode="json", exclude_unset=True) == output["data"]
                seen += 1
        if given["type"] == "command":
            sent[given["ref"]] = commands[given["command"]]
            sent[given["ref"]].model_validate(given["payload"])
        elif given["type"] == "answer" and given["ref"] in sent and given["answer"]["ok"]:
            sent[given["ref"]].returns.model_validate(given["answer"]["data"])
    assert seen >= 2


def test_every_kind_of_input_and_output_occurs() -> None:
    """A field of the specification that no trace shows would be free to differ between the two clients."""
    steps = [step for path in TRACES for step in json.loads(path.read_text("utf-8"))["steps"]]
    outputs = {output["type"] for step in steps for output in step["outputs"]}
    inputs = {step["input"]["type"] for step in steps}
    assert inputs == {
        *("start", "stop", "opened", "connected", "received", "refused", "disconnected", "subscribe"),
        *(
            "unsubscribe",
            "snapshot_loaded",
            "command",
            "cancel",
            "answer",
            "restore",
            "token",
            "timer",
            "online",
            "overflowed",
        ),
    }
    assert outputs == {
        *("state", "fetch_token", "connect", "disconnect", "reset", "emit", "deliver", "subscribed"),
        *(
            "unsubscribed",
            "need_snapshot",
            "set_timer",
            "cancel_timer",
            "settle",
            "persist",
            "refused_command",
        ),
    }
