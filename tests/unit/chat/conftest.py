"""A fresh classroom for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.unit.chat.classroom import Classroom


@pytest.fixture
def room() -> Iterator[Classroom]:
    """The classroom; its rooms are opened by the tests."""
    classroom = Classroom()
    yield classroom
    classroom.close()
