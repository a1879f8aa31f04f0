"""A fresh house, or a fresh school, for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.unit.analytics.jobs_house import House
from tests.unit.analytics.school import School


@pytest.fixture
def house() -> Iterator[House]:
    """Ada teaches, Ben and Cleo learn, and there is no work yet."""
    house = House()
    yield house
    house.close()


@pytest.fixture
def school() -> Iterator[School]:
    """Ada teaches; nobody learns yet."""
    school = School()
    school.enrol({"ada": "instructor"})
    yield school
    school.close()
