"""A house per test, closed after it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from tests.unit.realtime.house import House

Build = Callable[..., Awaitable[House]]


@pytest.fixture
async def build() -> AsyncIterator[Build]:
    """Make houses with options; they are closed at the end."""
    houses: list[House] = []

    async def make(**options: Any) -> House:
        houses.append(await House.open(**options))
        return houses[-1]

    yield make
    for house in houses:
        await house.close()


@pytest.fixture
async def house(build: Build) -> House:
    """Make the usual house, with one course `math` in which Ada and Bob are."""
    house = await build()
    await house.enrol("math", "ada", "bob")
    return house
