"""Switches: namespaces are on, everything else is off."""

from __future__ import annotations

import pytest

from coursewire.errors import Disabled
from coursewire.operations.flags import Flags


def test_namespaces_are_on_and_other_switches_off_until_somebody_says_otherwise() -> None:
    flags = Flags()
    assert flags.is_on("namespace.chat")
    assert not flags.is_on("polls")
    flags.check_namespace("/chat")


def test_a_namespace_that_is_off_is_disabled() -> None:
    flags = Flags({"namespace.chat": False, "polls": True})
    assert flags.is_on("polls")
    flags.check_namespace("/analytics")
    with pytest.raises(Disabled, match="/chat"):
        flags.check_namespace("/chat")


def test_clients_are_told_what_was_set() -> None:
    assert dict(Flags({"polls": True})) == {"polls": True}
