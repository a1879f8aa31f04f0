"""What all tests share: how long Hypothesis looks, and databases that are migrated once and copied then."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest
from hypothesis import HealthCheck, settings

from coursewire.storage.sqlite import SQLiteDatabase

# Neither judges by the clock: it would be the machine that is judged.
PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
settings.register_profile("tests", PATIENT)
settings.register_profile("fuzz", PATIENT, max_examples=5_000, stateful_step_count=100)
settings.load_profile("tests")


@pytest.fixture(autouse=True, scope="session")
def _migrated_once() -> Iterator[None]:
    """Give the private databases of this process copies of the first that was migrated: each takes 57 ms otherwise.

    A database that has something in it already, and each that is a file of the test's own, is migrated as everywhere.
    """
    migrate = SQLiteDatabase.migrate

    def migrate_or_copy(database: SQLiteDatabase) -> None:
        if database._private is None:
            migrate(database)
            return
        with closing(sqlite3.connect(database.path)) as connection:
            is_new = connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
            if is_new and image.execute("SELECT count(*) FROM sqlite_master").fetchone() != (0,):
                image.backup(connection)
                # What a migration draws by lot is no copy.
                connection.execute("UPDATE database SET epoch = lower(hex(randomblob(8)))")
                connection.execute("UPDATE notification_secrets SET secret = lower(hex(randomblob(32)))")
                connection.commit()
                return
        migrate(database)
        if is_new:
            with closing(sqlite3.connect(database.path)) as connection:
                connection.backup(image)

    with (
        closing(sqlite3.connect(":memory:", check_same_thread=False)) as image,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr(SQLiteDatabase, "migrate", migrate_or_copy)
        yield
