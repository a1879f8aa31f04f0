"""A fresh house for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.unit.analytics.jobs_house import House


@pytest.fixture
def house() -> Iterator[House]:
    """Ada teaches, Ben and Cleo learn, and there is no work yet."""
    house = House()
    yield house
    house.close()
