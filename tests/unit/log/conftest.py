"""One ledger per test: a database with the log, and ways to write and read it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.unit.log.ledger import Ledger


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    ledger = Ledger()
    yield ledger
    ledger.close()
