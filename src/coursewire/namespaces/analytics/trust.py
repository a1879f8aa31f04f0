"""What is believed of what browsers say of their learners: where results count, an operator keeps them to the LMS."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from coursewire.realtime.background import Background

BROWSER_RESULTS: Final = "analytics.browser_results"
"""The switch; on, unless the operator says otherwise."""


class Switched(Protocol):
    """The settings that matter here."""

    flags: Mapping[str, bool]


@dataclass(slots=True)
class Trust:
    """What `activity.record` may say; the rest comes over HTTP, from the LMS."""

    browser_results: bool = True
    """Scores, submissions and completions: whoever owns the browser can make them up."""

    async def learn(self, work: Background) -> None:
        """Take over what the operator says, before the first command comes."""
        settings: Switched = work.settings
        self.browser_results = settings.flags.get(BROWSER_RESULTS, True)
