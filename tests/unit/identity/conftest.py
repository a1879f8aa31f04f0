"""A database for tests of courses and members."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.unit.log.ledger import Ledger


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    """A private database whose clock stands where the test puts it."""
    ledger = Ledger()
    yield ledger
    ledger.close()
