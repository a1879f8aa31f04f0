"""The door of /collaboration: which command runs which function, and which channels exist."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Never

from coursewire.errors import Unavailable
from coursewire.identity.contract import GroupChanged, MembersChanged, UserErased
from coursewire.namespaces.collaboration.contract import (
    COMMANDS,
    EVENTS,
    CloseDocument,
    CompareVersions,
    CreateAnnotation,
    CreateDocument,
    DeleteAnnotation,
    ListAnnotations,
    ListDocuments,
    ListDocumentTemplates,
    ListVersions,
    OpenDocument,
    ReadVersion,
    ReanchorAnnotation,
    ResolveAnnotation,
    RestoreVersion,
    SaveVersion,
    SetAwareness,
    SyncDocument,
    UpdateAnnotation,
    UpdateDocument,
)
from coursewire.namespaces.collaboration.rooms import commands
from coursewire.namespaces.collaboration.rooms.above import Above, grant_self
from coursewire.namespaces.collaboration.rooms.figures import counters_of
from coursewire.namespaces.collaboration.rooms.rooms import Rooms
from coursewire.namespaces.collaboration.service import (
    addressing,
    annotation_changes,
    changed_documents,
    documents,
    erasure,
    opening,
    saving_versions,
    taking_back,
    versions,
)
from coursewire.namespaces.collaboration.service.annotations import create_annotation, list_annotations
from coursewire.namespaces.collaboration.service.editing import save_updates
from coursewire.namespaces.collaboration.versioning import Versioning
from coursewire.namespaces.notifications.contract import QuoteReadersAsked
from coursewire.realtime.namespace import (
    ChannelKind,
    Derived,
    Namespace,
    Opening,
    Planned,
    Signal,
    Staged,
)

if TYPE_CHECKING:
    from coursewire.identity.caller import Caller
    from coursewire.realtime.contract import Command
    from coursewire.realtime.transaction import Transaction


def _not_built(_: Transaction, __: Caller, command: Command) -> Never:
    raise Unavailable(f"{command.command} is being built")


@dataclass(frozen=True)
class Collaboration(Namespace):
    """A namespace with documents in memory, and figures of them."""

    counters: Mapping[str, tuple[str, tuple[str, ...], Callable[[], Any]]] = field(default_factory=dict)


def make() -> Collaboration:
    """Return /collaboration, with no document open."""
    rooms, above = Rooms(), Above()
    return Collaboration(
        path="/collaboration",
        commands={
            **dict.fromkeys(COMMANDS, _not_built),
            ListDocuments: documents.list_documents,
            ListDocumentTemplates: documents.list_templates,
            CreateDocument: documents.create_document,
            OpenDocument: Opening(opening.channels_to_open, partial(commands.open_document, rooms)),
            UpdateDocument: Staged(
                partial(commands.prepare_update, rooms),
                weight=lambda command: len(command.update),
                together=save_updates,
            ),
            SyncDocument: Signal(partial(commands.sync_document, rooms)),
            CloseDocument: Signal(commands.close_document),
            SetAwareness: Signal(partial(commands.set_awareness, rooms)),
            ListAnnotations: list_annotations,
            CreateAnnotation: create_annotation,
            UpdateAnnotation: annotation_changes.update_annotation,
            DeleteAnnotation: taking_back.delete_annotation,
            ResolveAnnotation: annotation_changes.resolve_annotation,
            ReanchorAnnotation: annotation_changes.reanchor_annotation,
            ListVersions: versions.list_versions,
            ReadVersion: versions.read_version,
            CompareVersions: versions.compare_versions,
            SaveVersion: Planned(saving_versions.read_state, saving_versions.save_version),
            RestoreVersion: Planned(saving_versions.plan_restore, saving_versions.restore_version),
        },
        events=EVENTS,
        channels={
            "document": ChannelKind(opening.grant_channel, granted=rooms.granted, left=rooms.left),
            "user": ChannelKind(grant_self, granted=above.granted, left=above.left),
        },
        derived={
            name: Derived(compute, delay_s=0.0, is_kept=False)
            for name, compute in changed_documents.tellers(above).items()
        },
        reactions={
            GroupChanged: changed_documents.follow_group,
            MembersChanged: changed_documents.follow_roster,
            QuoteReadersAsked: addressing.answer_quote_readers,
            UserErased: erasure.erase_user,
        },
        background=(rooms.run, Versioning().run),
        counters=counters_of(rooms),
    )
