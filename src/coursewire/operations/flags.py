"""Switches: what this server offers. Their values stand in the settings for now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from coursewire.errors import Disabled

NAMESPACE: Final = "namespace."
"""`namespace.chat=off` takes `/chat` away: it refuses to connect with `disabled`."""


class Flags(Mapping[str, bool]):
    """Switches by name. One that nobody has set is on for namespaces and off for everything else."""

    def __init__(self, values: Mapping[str, bool] | None = None) -> None:
        self._values = dict(values or {})

    def __getitem__(self, name: str) -> bool:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def is_on(self, name: str) -> bool:
        """Whether a switch is on."""
        return self._values.get(name, name.startswith(NAMESPACE))

    def check_namespace(self, path: str) -> None:
        """Let `/chat` pass unless it is switched off. Raises Disabled."""
        if not self.is_on(NAMESPACE + path.removeprefix("/")):
            raise Disabled(f"{path} is switched off on this server")
