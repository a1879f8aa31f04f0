"""Versions brought back while several write, with everything that goes wrong: all agree, and nothing is lost."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import settings
from tests.property.restoring import Archive

from coursewire.namespaces.collaboration.rooms import compacting

SCHEDULES = 5_000 if settings.get_current_profile_name() == "fuzz" else 30
BATCHES = 2


@pytest.fixture
def archive(monkeypatch: pytest.MonkeyPatch) -> Iterator[Archive]:
    """Open two nodes that a test steps through; documents get snapshots all the time."""
    monkeypatch.setattr(compacting, "AFTER_EDITS", 6)
    monkeypatch.setattr(compacting, "REST_S", 0.0)
    archive = Archive()
    yield archive
    archive.end()


@pytest.mark.parametrize("batch", range(BATCHES))
def test_a_version_comes_back_in_one_edit_whoever_writes_meanwhile(archive: Archive, batch: int) -> None:
    """[DOC6] [DOC5] [DOC10] [LOG3] Restores that are repeated; a bus that is late or loses, nodes that are killed."""
    wrong = {
        seed: found for seed in range(batch, SCHEDULES, BATCHES) if (found := archive.run(seed)) is not None
    }
    assert wrong == {}
    assert archive.restores > SCHEDULES / BATCHES
