"""Documents under everything that goes wrong, with pycrdt and Yjs at once: all agree, nothing acknowledged is lost."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import settings
from tests.property.scriptorium import Scriptorium

SCHEDULES = 10_000 if settings.get_current_profile_name() == "fuzz" else 300
BATCHES = 4
"""So that workers can share them; each has a Node process and a database of its own."""


@pytest.fixture
def scriptorium() -> Iterator[Scriptorium]:
    """Open a server that a test steps through."""
    scriptorium = Scriptorium()
    yield scriptorium
    scriptorium.end()


@pytest.mark.parametrize("batch", range(BATCHES))
def test_writers_agree_and_nothing_acknowledged_is_lost(scriptorium: Scriptorium, batch: int) -> None:
    """[SES4] [LOG1] Edits that come late, twice, or never; lost connections, reloads, a server that is killed."""
    wrong = {
        seed: found
        for seed in range(batch, SCHEDULES, BATCHES)
        if (found := scriptorium.run(seed)) is not None
    }
    assert wrong == {}
    assert scriptorium.kills > SCHEDULES / BATCHES
