"""A fresh course for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.unit.collaboration.study import Study


@pytest.fixture
def study() -> Iterator[Study]:
    """The course, its groups and its two documents."""
    study = Study()
    yield study
    study.close()
