"""When milestones are reached: the cases at the edges, and rules that nobody could reach."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, get_args

import orjson
import pytest
from pydantic import ValidationError

from coursewire.namespaces.analytics import alerting
from coursewire.namespaces.analytics.contract import MilestoneBody, MilestoneRule, RuleKind, RulesBody
from coursewire.namespaces.analytics.contract.milestones import LONGEST_STREAK
from coursewire.namespaces.analytics.rules import milestones as rules

MEAN = MilestoneRule(id="r", kind="average_score", title="T", threshold=0.7)


@pytest.mark.parametrize(
    ("score", "learners", "reached"),
    [
        (0.7, 5, True),
        (0.6999999999999998, 5, True),  # what adding up sevens as floats may come to
        (0.69999, 5, False),
        (1.0, 4, False),
        (None, 5, False),
    ],
)
def test_a_mean_counts_from_its_threshold_on_and_from_five(
    score: float | None, learners: int, reached: object
) -> None:
    assert rules.average_reached(MEAN, score, learners) is reached


@pytest.mark.parametrize(
    ("days", "around", "longest"),
    [({1, 2, 3}, {2}, 3), ({1, 2, 4}, {4}, 1), ({1, 2, 4}, {4, 1}, 2), ({1, 2}, {3}, 0), (set(), {3}, 0)],
)
def test_a_streak_holds_a_day_on_which_something_was_done_now(
    days: set[int], around: set[int], longest: int
) -> None:
    assert rules.streak(days, around) == longest


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"kind": "first_submission", "threshold": 2}, "first_submission takes no threshold"),
        ({"kind": "all_submitted", "object_id": "e", "threshold": 1}, "all_submitted takes no threshold"),
        ({"kind": "streak", "threshold": 3, "object_id": "e"}, "streak takes no object_id"),
        ({"kind": "streak", "threshold": 367}, "at most 366 days"),
        ({"kind": "completions", "threshold": 2, "object_id": "e"}, "completed once"),
    ],
)
def test_a_rule_that_nobody_can_reach_is_refused(fields: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        MilestoneRule.model_validate({"id": "r", "title": "T", **fields})


def test_one_thing_may_be_completed_once() -> None:
    rule = {"id": "r", "kind": "completions", "title": "T", "threshold": 1, "object_id": "e"}
    assert MilestoneRule.model_validate(rule).object_id == "e"


def test_the_rules_of_the_guide_are_taken_and_show_every_kind() -> None:
    guide = (Path(__file__).parents[3] / "docs/guides/milestones.md").read_text("utf-8")
    body, elsewhere = [orjson.loads(block) for block in re.findall(r"```json\n(.*?)```", guide, re.DOTALL)]
    assert {rule.kind for rule in RulesBody.model_validate(body).rules} == set(get_args(RuleKind))
    assert MilestoneBody.model_validate(elsewhere).title == "Helper of the week"
    assert f"days, at most {LONGEST_STREAK}" in guide
    assert alerting.LOOK_EVERY_S == 600
    assert "every ten minutes" in guide
