"""The server for the official suites serves what they expect, on the command line that the issue names."""

from __future__ import annotations

from typing import Any

import pytest
import uvicorn
from tests import conformance_server
from tests.unit.edge.polling_world import Exchange

from coursewire.edge.endpoint import PollingEndpoint


@pytest.mark.parametrize(("options", "path"), [([], "/socket.io/"), (["--engine"], "/engine.io/")])
async def test_it_serves_either_echo(monkeypatch: pytest.MonkeyPatch, options: list[str], path: str) -> None:
    served: list[tuple[PollingEndpoint, dict[str, Any]]] = []
    monkeypatch.setattr(uvicorn, "run", lambda app, **how: served.append((app, how)))
    monkeypatch.setattr("sys.argv", ["conformance_server", "--port", "3999", *options])
    conformance_server.main()
    ((endpoint, how),) = served
    assert how["port"] == 3999
    answer = await Exchange(endpoint, "GET", "EIO=4&transport=polling", path=path).answered()
    assert b'"pingInterval":300,"pingTimeout":200,"maxPayload":1000000' in answer.body
