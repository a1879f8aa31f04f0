"""The database: engine, transaction, group commit, migrations; alone in knowing SQLite from Postgres."""

from coursewire.storage.adapter import ConstraintViolated
from coursewire.storage.engine import Storage
from coursewire.storage.schema import metadata
from coursewire.storage.statement import Prepared, Row
from coursewire.storage.transaction import Transaction

__all__ = ["ConstraintViolated", "Prepared", "Row", "Storage", "Transaction", "metadata"]
