"""The load on /analytics: the same for the same seed, and nothing in it that the contract refuses."""

import json

from bench.report import ANALYTICS, table
from bench.school import COURSES, Reports, learners
from bench.servers import OURS

from coursewire.namespaces.analytics.contract import ActivityBatch, ActivityBody

NOON = 1_780_000_000.0


def test_reports_are_what_the_contract_takes() -> None:
    reports = Reports()
    batch = json.loads(reports.batch(COURSES * 10, NOON, [reports.event("watched", "marker-1", NOON)]))
    events = [ActivityBody.model_validate(event) for event in ActivityBatch.model_validate(batch).events]
    assert len(events) == len({event.id for event in events}) == 501
    assert {event.user_id for event in events} <= {*learners(), "marker-1"}
    assert {event.verb for event in events} >= {"submitted", "completed", "answered"}


def test_the_same_seed_makes_the_same_load() -> None:
    assert Reports(3).batch(COURSES, NOON) == Reports(3).batch(COURSES, NOON)
    assert Reports(3).batch(COURSES, NOON) != Reports(4).batch(COURSES, NOON)


def test_analytics_has_a_block_of_the_table_of_its_own() -> None:
    blocks = table({OURS: {"activity_cpu_us": 98.7}}, 8_000).split("\n\n")
    [block] = [block for block in blocks if "98.7" in block]
    assert len(block.splitlines()) == len(ANALYTICS) + 2
