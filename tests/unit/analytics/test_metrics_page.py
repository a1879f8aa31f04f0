"""The page of figures: every example and every line of SQL on it is run."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.analytics.definitions import Ledger, Section, milliseconds, same, same_rows, sections
from tests.unit.analytics.school import DAY, MINUTE, School

from coursewire.namespaces.analytics import service
from coursewire.namespaces.analytics.contract import ReadSeries
from coursewire.namespaces.analytics.rules.steps import WINDOWS
from coursewire.vocabulary import iso
from coursewire.vocabulary import milliseconds as read_time

SECTIONS = sections()
FIGURES = [
    "active_now", "active_learners", "events_per_minute", "time_on_task_s", "completion_rate", "submission_rate",
    "average_score", "at_risk",
]  # fmt: skip
METRICS = ("events", "active_learners", "time_on_task_s", "completions", "submissions", "average_score")


async def happens(school: School, section: Section) -> None:
    """Let the example's people be enrolled a month before, do what they did when they did it, and be looked at."""
    first = min([section.at, *(milliseconds(row["at"]) for row in section.activity)])
    school.now = first - 30 * DAY
    school.enrol(sorted({*section.enrolled, *(row["who"] for row in section.activity)}))
    for number, row in enumerate(section.activity):
        school.now = max(school.now, milliseconds(row["at"]))
        taken = school.report(
            school.event(
                row["who"],
                row["thing"],
                row["verb"],
                id=f"{number:03}",
                ago=school.now - milliseconds(row["at"]),
                score=float(row["score"]) if row["score"] else None,
                duration_ms=int(float(row["duration"]) * 1_000) if row["duration"] else None,
            )
        )
        assert taken.accepted == 1, taken
    school.now = section.at
    await school.look()
    await school.roll_up()


def recomputed(school: School, section: Section) -> Ledger:
    rows = [row for row in school.raw() if row["is_learner"]]
    return Ledger(rows, dict.fromkeys(section.enrolled, section.at - 30 * DAY))


def span(section: Section) -> dict[str, int]:
    extent = WINDOWS[section.window]  # type: ignore[index]  # the page names windows that there are
    return {
        "now": section.at,
        "from": extent.start(section.at),
        "length": int(extent.minutes * MINUTE),
    }


def expected(section: Section) -> list[dict[str, Any]]:
    assert isinstance(section.expected, list)
    return [
        {
            name: cell
            if name == "object_id"
            else milliseconds(cell)
            if name == "start"
            else float(cell)
            if cell
            else None
            for name, cell in row.items()
        }
        for row in section.expected
    ]


def test_the_page_has_every_figure() -> None:
    assert set(SECTIONS) == {*FIGURES, "per_object", "Series", "A learner's own figures"}


@pytest.mark.parametrize("name", FIGURES)
async def test_a_figure_is_what_the_page_says(school: School, name: str) -> None:
    section = SECTIONS[name]
    await happens(school, section)
    with recomputed(school, section) as ledger:
        assert same(ledger.one(section.sql, **span(section)), section.expected), "the SQL of the page"
    assert same(getattr(school.metrics(section.window), name), section.expected), "what the server says"


async def test_things_are_what_the_page_says(school: School) -> None:
    section = SECTIONS["per_object"]
    await happens(school, section)
    with recomputed(school, section) as ledger:
        assert same_rows(ledger.run(section.sql, **span(section)), expected(section)), "the SQL of the page"
    shown = [one.model_dump() for one in school.metrics(section.window).per_object]
    assert same_rows(shown, expected(section)), "what the server says"


async def test_series_are_what_the_page_says(school: School) -> None:
    section = SECTIONS["Series"]
    await happens(school, section)
    wanted = expected(section)
    start, end = wanted[0]["start"], wanted[-1]["start"] + MINUTE
    with recomputed(school, section) as ledger:
        rows = ledger.run(section.sql, step=MINUTE, **{"from": start, "to": end})
        assert same_rows(rows, [row for row in wanted if row["events"]]), "the SQL of the page"
    for metric in METRICS:
        command = ReadSeries.model_validate(
            {
                "course_id": "cs101",
                "metric": metric,
                "bucket": "1m",
                "from": iso(start),
                "to": iso(section.at),
            }
        )
        points = school.run("ada", service.read_series, command).points
        shown = [{"start": read_time(point.at), metric: point.value} for point in points]
        assert same_rows(shown, [{"start": row["start"], metric: row[metric]} for row in wanted]), metric


async def test_own_figures_are_what_the_page_says(school: School) -> None:
    section = SECTIONS["A learner's own figures"]
    await happens(school, section)
    with recomputed(school, section) as ledger:
        rows = ledger.run(section.sql, **span(section), user="ben")
        assert same_rows(rows, expected(section)), "the SQL of the page"
    own = school.read("ben", section.window).own
    assert own is not None
    assert same_rows([own.model_dump()], expected(section)), "what the server says"
