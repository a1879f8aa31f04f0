from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.unit.log.ledger import Ledger


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    ledger = Ledger()
    yield ledger
    ledger.close()
