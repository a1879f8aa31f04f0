"""Asks the rules of channels whether a session may listen to them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from coursewire.errors import CoursewireError
from coursewire.realtime.transaction import Reactions, Transaction

if TYPE_CHECKING:
    from coursewire.realtime.session import Session
    from coursewire.storage import Storage
    from coursewire.storage import Transaction as StorageTransaction


class Rights:
    """Reads the rules' answers from the database, as it is now."""

    def __init__(self, storage: Storage, reactions: Reactions) -> None:
        self._storage = storage
        self._reactions = reactions

    async def check(self, session: Session, name: str) -> None:
        """Raise the error of a channel's rule when a session may not listen to it."""
        namespace, caller = session.namespace, session.caller
        kind, channel_id = namespace.kind_of(name)

        def ask(raw: StorageTransaction) -> None:
            kind.rule(Transaction(raw, namespace.path, caller, self._reactions), caller, channel_id)

        await self._storage.glance(ask)

    async def refused(self, session: Session, names: Sequence[str]) -> list[str]:
        """Return those of these channels that a session may not listen to (SUB1). One read for all."""
        namespace, caller = session.namespace, session.caller

        def ask(raw: StorageTransaction) -> list[str]:
            tx = Transaction(raw, namespace.path, caller, self._reactions)
            found = []
            for name in names:
                kind, channel_id = namespace.kind_of(name)
                try:
                    kind.rule(tx, caller, channel_id)
                except CoursewireError:
                    found.append(name)
            return found

        return await self._storage.glance(ask)
