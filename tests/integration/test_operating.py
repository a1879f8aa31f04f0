"""What somebody who operates a server asks it."""

from __future__ import annotations

import httpx
import pytest
from tests.integration.chat_campus import campus


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/asyncapi.json", "/openapi.json"])
async def test_what_can_be_read_can_be_asked_for_without_its_body(path: str) -> None:
    """RFC 9110, 9.1: balancers and monitors ask with HEAD. The connection goes on behind it."""
    async with campus() as running, httpx.AsyncClient(base_url=running.url, timeout=30) as client:
        head = await client.head(path)
        whole = await client.get(path)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-type"] == whole.headers["content-type"]
        assert (await client.head("/nothing")).status_code == 404
        assert (await client.head("/v1/tokens")).status_code == 405
