"""The Python client of documents and the real server: together, offline, refused, begun anew, from a script."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from tests.integration.chat_campus import Campus, campus
from tests.integration.documents_campus import client, make_document, until


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site() -> AsyncIterator[Campus]:
    async with campus() as site:
        yield site


pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_two_write_at_the_same_place(site: Campus) -> None:
    """Both insert at the start, again and again, at once: both read the same, and nothing is missing."""
    document_id = await make_document(site)
    async with (
        client(site, "ada") as ada,
        client(site, "ben") as ben,
        ada.open_document(document_id) as hers,
        ben.open_document(document_id) as his,
    ):
        for n in range(20):
            hers.text.insert(0, f"字{n} ")
            his.text.insert(0, f"😀{n} ")
            await asyncio.sleep(0)
        await hers.saved()
        await his.saved()
        whole = sorted([f"字{n}" for n in range(20)] + [f"😀{n}" for n in range(20)])
        await until(hers, lambda: sorted(str(hers.text).split()) == whole)
        await until(his, lambda: str(his.text) == str(hers.text))
        await until(hers, lambda: set(hers.participants) == {"ada", "ben"})
        assert hers.is_saved


async def test_one_sees_who_comes_and_goes(site: Campus) -> None:
    document_id = await make_document(site)
    async with client(site, "ada") as ada, client(site, "ben") as ben, ada.open_document(document_id) as hers:
        async with ben.open_document(document_id):
            await until(hers, lambda: "ben" in hers.participants)
            assert hers.participants["ben"].mode == "edit"
        await until(hers, lambda: "ben" not in hers.participants)
