"""The door of /collaboration: which command runs which function, and which channels exist."""

from __future__ import annotations

from typing import TYPE_CHECKING, Never

from coursewire.errors import Unavailable
from coursewire.namespaces.collaboration.contract import (
    COMMANDS,
    EVENTS,
    AnnotationReadersAsked,
    CreateAnnotation,
    DeleteAnnotation,
    ListAnnotations,
    ReanchorAnnotation,
    ResolveAnnotation,
    UpdateAnnotation,
)
from coursewire.namespaces.collaboration.service import (
    addressing,
    annotation_changes,
    audiences,
    taking_back,
)
from coursewire.namespaces.collaboration.service.annotations import create_annotation, list_annotations
from coursewire.realtime.namespace import ChannelKind, Namespace, only_self

if TYPE_CHECKING:
    from coursewire.identity.caller import Caller
    from coursewire.realtime.contract import Command
    from coursewire.realtime.transaction import Transaction


def _not_built(_: Transaction, __: Caller, command: Command) -> Never:
    raise Unavailable(f"{command.command} is being built")


def make() -> Namespace:
    """Return /collaboration."""
    return Namespace(
        path="/collaboration",
        commands={
            **dict.fromkeys(COMMANDS, _not_built),
            ListAnnotations: list_annotations,
            CreateAnnotation: create_annotation,
            UpdateAnnotation: annotation_changes.update_annotation,
            DeleteAnnotation: taking_back.delete_annotation,
            ResolveAnnotation: annotation_changes.resolve_annotation,
            ReanchorAnnotation: annotation_changes.reanchor_annotation,
        },
        events=EVENTS,
        channels={"document": ChannelKind(audiences.check_document_channel), "user": ChannelKind(only_self)},
        reactions={AnnotationReadersAsked: addressing.answer_readers},
    )
