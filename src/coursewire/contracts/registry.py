"""Finds the contracts: the common one, and that of every namespace folder."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import Any

import coursewire.namespaces
from coursewire.realtime import contract as realtime
from coursewire.realtime.contract import Command, Event

COMMON = "realtime"
"""The name of the contract that every namespace shares."""


@dataclass(frozen=True)
class Contract:
    """What one namespace says and hears, or, named `realtime`, what all of them do."""

    name: str
    module: ModuleType
    commands: tuple[type[Command], ...]
    events: tuple[type[Event[Any]], ...]

    @property
    def path(self) -> str:
        """The Socket.IO namespace, or `*` for the common part."""
        return "*" if self.name == COMMON else f"/{self.name}"

    @property
    def summary(self) -> str:
        """The first line of the module's docstring."""
        return (inspect.getdoc(self.module) or "").partition("\n")[0]


@cache
def contracts() -> tuple[Contract, ...]:
    """Return the common contract, then those of the namespaces by name.

    A namespace has one when its folder holds a `contract.py` with COMMANDS and EVENTS; there is no list.
    """
    found = [Contract(COMMON, realtime, realtime.COMMON_COMMANDS, realtime.COMMON_EVENTS)]
    package = coursewire.namespaces
    for folder in sorted(module.name for module in pkgutil.iter_modules(package.__path__) if module.ispkg):
        name = f"{package.__name__}.{folder}"
        if any(module.name == "contract" for module in pkgutil.iter_modules(_paths(name))):
            module = importlib.import_module(f"{name}.contract")
            found.append(Contract(folder, module, module.COMMANDS, module.EVENTS))
    return tuple(found)


def _paths(package: str) -> list[str]:
    return list(importlib.import_module(package).__path__)
