"""The blocking clients offer every method of the asynchronous ones, with the same parameters and words."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from coursewire import client
from coursewire.client import sync
from coursewire.client.namespace import NamespaceClient

PLUMBING = {name for name, _ in inspect.getmembers(NamespaceClient, inspect.isfunction)} | {"close", "listen"}
"""What clients are made of. `listen` is what a document that is open listens with."""


def methods(kind: type[Any]) -> dict[str, Any]:
    """What one waits for, by name."""
    return {
        name: method
        for name, method in inspect.getmembers(kind, inspect.isfunction)
        if (inspect.iscoroutinefunction(method) or inspect.isasyncgenfunction(method))
        and not name.startswith("_")
        and name not in PLUMBING
    }


@pytest.mark.parametrize(
    "name",
    ["AnalyticsClient", "ChatClient", "CollaborationClient", "NotificationsClient", "ServiceClient"],
)
def test_nothing_is_missing(name: str) -> None:
    offered = getattr(sync, name)
    expected = methods(getattr(client, name))
    assert len(expected) > 5
    for method_name, method in expected.items():
        blocking = getattr(offered, method_name, None)
        assert blocking is not None, f"sync.{name} has no {method_name}"
        assert blocking.__doc__ == method.__doc__
        assert not inspect.iscoroutinefunction(blocking)
