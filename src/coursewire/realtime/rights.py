"""Asks the rules of channels whether a session may listen to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from coursewire import log
from coursewire.errors import CoursewireError
from coursewire.realtime.transaction import Reactions, Transaction

if TYPE_CHECKING:
    from coursewire.realtime.contract import Event
    from coursewire.realtime.namespace import ChannelKind
    from coursewire.realtime.session import Session
    from coursewire.storage import Storage
    from coursewire.storage import Transaction as StorageTransaction


@dataclass(slots=True)
class Asked:
    """A channel that a session wants to listen to."""

    kind: ChannelKind
    id: str
    position_too: bool
    """Whether the log is to say where its stream stands."""


@dataclass(slots=True)
class Checked:
    """What the database says of it."""

    error: CoursewireError | None = None
    grant: Any = None
    latest: Sequence[Event[Any]] = ()
    extent: log.Extent | None = None


class Rights:
    """Reads the rules' answers from the database, as it is now."""

    def __init__(self, storage: Storage, reactions: Reactions) -> None:
        self._storage = storage
        self._reactions = reactions

    async def examine(self, session: Session, asked: Mapping[str, Asked]) -> dict[str, Checked]:
        """Return what there is to know before a session subscribes (SUB1). One read for all."""
        path, caller = session.namespace.path, session.caller

        def read(raw: StorageTransaction) -> dict[str, Checked]:
            tx = Transaction(raw, path, caller, self._reactions)
            return {name: self._examine(raw, tx, session, name, one) for name, one in asked.items()}

        return await self._storage.glance(read)

    def _examine(
        self, raw: StorageTransaction, tx: Transaction, session: Session, name: str, asked: Asked
    ) -> Checked:
        checked = Checked()
        try:
            checked.grant = asked.kind.rule(tx, session.caller, asked.id)
            if asked.kind.latest is not None:
                checked.latest = list(asked.kind.latest(tx, asked.id))
        except CoursewireError as refused:
            checked.error = refused
        if asked.position_too:
            checked.extent = log.position(raw, session.namespace.path, name)
        return checked

    async def check(self, session: Session, name: str) -> None:
        """Raise the error of a channel's rule when a session may not listen to it."""
        namespace, caller = session.namespace, session.caller
        kind, channel_id = namespace.kind_of(name)

        def ask(raw: StorageTransaction) -> None:
            kind.rule(Transaction(raw, namespace.path, caller, self._reactions), caller, channel_id)

        await self._storage.glance(ask)

    async def decide(self, session: Session, names: Sequence[str]) -> dict[str, Any]:
        """Return what a session is granted in each of these channels, or the error that refuses it (SUB1)."""
        namespace, caller = session.namespace, session.caller

        def ask(raw: StorageTransaction) -> dict[str, Any]:
            tx = Transaction(raw, namespace.path, caller, self._reactions)
            grants: dict[str, Any] = {}
            for name in names:
                kind, channel_id = namespace.kind_of(name)
                try:
                    grants[name] = kind.rule(tx, caller, channel_id)
                except CoursewireError as refused:
                    grants[name] = refused
            return grants

        return await self._storage.glance(ask)
