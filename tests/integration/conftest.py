"""What tests share: patience with a busy machine; a mail server, a push service, and people on a clock."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from tests.integration.delivery_house import House, house
from tests.integration.mail_server import Mailbox, mail_server
from tests.integration.push_service import PushService, push_service

from coursewire.namespaces.notifications.delivery import webpush
from coursewire.operations import health


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that stands still for seconds neither loses a push service nor is it ill."""
    monkeypatch.setattr(webpush, "CONNECT_S", 30.0)
    monkeypatch.setattr(health, "MAX_LAG_S", 3_600.0)


@pytest.fixture
def closed_port() -> Iterator[int]:
    """Yield a port at which nobody answers: it is held, so that no server of another test has it meanwhile."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


@pytest.fixture
async def mailbox() -> AsyncIterator[Mailbox]:
    async with mail_server() as mailbox:
        yield mailbox


@pytest.fixture
async def service() -> AsyncIterator[PushService]:
    async with push_service() as service:
        yield service


@pytest.fixture
async def campus(tmp_path: Path) -> AsyncIterator[House]:
    async with house(tmp_path) as made:
        yield made
