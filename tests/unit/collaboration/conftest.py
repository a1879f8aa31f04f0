"""A fresh course for each test, and a fresh node."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
from tests.unit.collaboration.reading_room import ReadingRoom
from tests.unit.collaboration.study import Study


@pytest.fixture
def study() -> Iterator[Study]:
    """The course, its groups and its two documents."""
    study = Study()
    yield study
    study.close()


@pytest.fixture
async def room() -> AsyncIterator[ReadingRoom]:
    """A node that serves the course."""
    room = await ReadingRoom.open()
    yield room
    await room.close()
