"""What there is to work on in the demo's course, and what counts as a milestone in it."""

from __future__ import annotations

from typing import Final, NamedTuple

from coursewire.namespaces.analytics.contract import MilestoneRule


class Thing(NamedTuple):
    """Something to work on."""

    id: str
    type: str
    name: str
    minutes: int
    """How long it takes."""


PAGES: Final = (
    Thing("page-welcome", "page", "Welcome and how this course works", 3),
    Thing("page-binary", "page", "Counting in binary", 6),
    Thing("page-sorting", "page", "Sorting by hand", 8),
    Thing("page-recursion", "page", "A function that calls itself", 9),
)
VIDEOS: Final = (
    Thing("video-bits", "video", "Lecture 1: Bits and bytes", 11),
    Thing("video-loops", "video", "Lecture 2: Loops", 14),
    Thing("video-lists", "video", "Lecture 3: Lists and how to search them", 12),
    Thing("video-recursion", "video", "Lecture 4: Recursion", 16),
)
PROBLEMS: Final = (
    Thing("quiz-bits", "problem", "Quiz 1: Bits", 5),
    Thing("quiz-loops", "problem", "Quiz 2: Loops", 7),
    Thing("quiz-lists", "problem", "Quiz 3: Lists", 7),
    Thing("quiz-recursion", "problem", "Quiz 4: Recursion", 9),
)
ESSAY: Final = Thing("essay-machines", "assignment", "Essay: What can machines not do?", 25)
FORUM: Final = Thing("forum-general", "forum", "Questions and answers", 4)

RULES: Final = (
    MilestoneRule(id="essay-in", kind="first_submission", title="Essay handed in", object_id=ESSAY.id),
    MilestoneRule(id="five-things", kind="completions", title="Five things completed", threshold=5),
    MilestoneRule(id="all-things", kind="completions", title="The whole course completed", threshold=12),
    MilestoneRule(id="three-days", kind="streak", title="Three days in a row", threshold=3),
    MilestoneRule(id="week", kind="streak", title="A week without a break", threshold=7),
    MilestoneRule(
        id="quiz-1",
        kind="average_score",
        title="Quiz 1: the class is over 60%",
        threshold=0.6,
        object_id="quiz-bits",
    ),
    MilestoneRule(
        id="everybody", kind="all_submitted", title="Everybody has handed in the essay", object_id=ESSAY.id
    ),
)
"""Most are reached in the week before the campus opens, the longer ones while it runs. The last one waits for the two
who stay away."""
