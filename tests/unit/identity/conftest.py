from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import NullPool, create_engine
from tests.unit.log.ledger import Ledger

from coursewire.identity import store
from coursewire.storage import metadata


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    """A private database with the tables of people and courses."""
    ledger = Ledger()
    engine = create_engine(f"sqlite:///{ledger.database.path}", poolclass=NullPool)
    tables = [
        store.users,
        store.courses,
        store.course_members,
        store.course_removals,
        store.ended_sessions,
    ]
    metadata.create_all(engine, tables=tables)
    yield ledger
    ledger.close()
