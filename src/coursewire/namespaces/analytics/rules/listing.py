"""What is said of the things of a window, the busiest first: made anew only of those that have moved since."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from heapq import nsmallest
from typing import TYPE_CHECKING, Final

from coursewire.namespaces.analytics.contract import ObjectMetrics
from coursewire.namespaces.analytics.contract.figures import Json, written
from coursewire.namespaces.analytics.rules.access import COHORT_AT_LEAST
from coursewire.namespaces.analytics.rules.cohort import at_least, is_shown
from coursewire.namespaces.analytics.rules.windows import REST

if TYPE_CHECKING:
    from coursewire.namespaces.analytics.rules.windows import Sums, Window

OBJECTS: Final = 20
"""The busiest things that are listed."""


@dataclass(slots=True)
class Label:
    """What a thing was last said to be, when, and by which report; and the same of its name."""

    at: int = -1
    id: str = ""
    type: str = ""
    named_at: int = -1
    named_id: str = ""
    name: str | None = None


_NO_LABEL: Final = Label()


class Listing:
    """The things of one window. Of twenty that are listed, few have moved since the last time."""

    __slots__ = ("_of_class", "_of_staff", "_window")

    def __init__(self, window: Window) -> None:
        self._window = window
        self._of_staff: dict[str, Json] = {}
        self._of_class: dict[str, ObjectMetrics] = {}
        """What was said last, until it moves. Twenty each: whoever is listed no more is forgotten."""

    def forget(self, thing: str) -> None:
        """Make anew what is said of a thing: it is called otherwise now."""
        self._of_staff.pop(thing, None)
        self._of_class.pop(thing, None)

    def busiest(self, labels: Mapping[str, Label]) -> list[Json]:
        """Return the JSON of the things with most events; of two with as many the one whose id comes first."""
        self._forget_moved()
        known, listed = self._of_staff, {}
        things = self._window.things
        for thing in _busiest([(-sums.events, thing) for thing, sums in things.items() if thing != REST]):
            listed[thing] = known.get(thing) or _of_staff(thing, things[thing], labels.get(thing, _NO_LABEL))
        self._of_staff = listed
        return list(listed.values())

    def of_class(self, labels: Mapping[str, Label]) -> list[ObjectMetrics]:
        """Return the same for everybody enrolled: what at least five learners worked on."""
        self._forget_moved()
        known, listed = self._of_class, {}
        things = self._window.things
        many = [
            (-sums.events, thing)
            for thing, sums in things.items()
            if sums.pairs >= COHORT_AT_LEAST and thing != REST
        ]
        found = _busiest(many)
        if len(found) < len(things):
            shown = set(found)
            if not is_shown(max(sums.pairs for thing, sums in things.items() if thing not in shown)):
                # What is listed, taken from the figures of the whole, would leave what a few did with what is not.
                found = found[:-1]
        for thing in found:
            listed[thing] = known.get(thing) or _of_class(thing, things[thing], labels.get(thing, _NO_LABEL))
        self._of_class = listed
        return list(listed.values())

    def _forget_moved(self) -> None:
        moved = self._window.moved
        for thing in moved:
            self.forget(thing)
        moved.clear()


def _busiest(things: list[tuple[int, str]]) -> list[str]:
    return [thing for _, thing in nsmallest(OBJECTS, things)]


def _of_staff(thing: str, sums: Sums, label: Label) -> Json:
    """Return an `ObjectMetrics` as JSON: made a hundred times a second, and checked where somebody reads it."""
    average = sums.average_score
    said = {"object_id": thing, "type": label.type}
    return written(
        {
            **(said if label.name is None else {**said, "name": label.name}),
            "events": sums.events,
            "learners": sums.pairs,
            "completed": sums.completed,
            **({} if average is None else {"average_score": round(average, 4)}),
            "time_on_task_s": sums.time_ms / 1_000,
        }
    )


def _of_class(thing: str, sums: Sums, label: Label) -> ObjectMetrics:
    average = sums.average_score if is_shown(sums.scored) else None
    return ObjectMetrics(
        object_id=thing,
        type=label.type,
        name=label.name,
        events=sums.events,
        learners=sums.pairs,
        completed=at_least(sums.completed),
        average_score=None if average is None else round(average, 2),
        time_on_task_s=sums.time_ms / 1_000,
    )
