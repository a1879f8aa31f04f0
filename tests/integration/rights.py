"""What tests of rights compare: all that is written, but for what the server goes on writing by itself."""

from __future__ import annotations

from sqlalchemy import select
from tests.integration.chat_campus import Campus

from coursewire.storage.schema import metadata
from coursewire.storage.statement import Prepared

BY_ITSELF = {"chat_search", "chat_indexed", "analytics_courses", "analytics_metrics"}
"""Tables that follow what was written before: an index, and figures."""


async def everything(site: Campus) -> str:
    """Return all rows of all other tables."""
    statements = [Prepared(select(table)) for name, table in metadata.tables.items() if name not in BY_ITSELF]
    return await site.node.storage.read(
        lambda tx: "\n".join(repr(tuple(row)) for statement in statements for row in tx.all(statement))
    )
