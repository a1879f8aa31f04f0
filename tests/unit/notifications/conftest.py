"""Fresh inboxes for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.unit.notifications.inboxes import Inboxes


@pytest.fixture
def inboxes() -> Iterator[Inboxes]:
    """Ada teaches, Ben and Cleo learn, and nobody has heard of anything yet."""
    inboxes = Inboxes()
    yield inboxes
    inboxes.close()
