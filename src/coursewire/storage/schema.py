"""The one metadata in which every package declares its tables."""

from __future__ import annotations

from sqlalchemy import MetaData

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)
"""Plain columns only: Text, Integer, BigInteger and LargeBinary, without Python-side defaults. Statements
run on the driver's own cursor, where nothing would apply a type's conversion or a default. JSON is text (or
bytes where nobody reads it in SQL), a time is milliseconds since 1970, a boolean is 0 or 1."""
