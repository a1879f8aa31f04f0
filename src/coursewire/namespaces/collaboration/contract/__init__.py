"""What /collaboration says and hears.

values       words that the parts share
documents    documents: made, opened, edited together
awareness    who is in a document, and where their caret stands
annotations  what is written beside a document
web          annotations as W3C Web Annotation JSON-LD, over HTTP
versions     named states of a document, and who wrote what
facts        what the parts and the other namespaces are told
"""

from __future__ import annotations

from typing import Any

from coursewire.namespaces.collaboration.contract.annotations import (
    Annotation,
    AnnotationCreated,
    AnnotationDeleted,
    AnnotationPage,
    AnnotationTarget,
    AnnotationUpdated,
    CreateAnnotation,
    DeleteAnnotation,
    ListAnnotations,
    OneAnnotation,
    Quote,
    ReanchorAnnotation,
    ResolveAnnotation,
    UpdateAnnotation,
)
from coursewire.namespaces.collaboration.contract.awareness import (
    Awareness,
    AwarenessChanged,
    Participant,
    SessionChanged,
    SetAwareness,
)
from coursewire.namespaces.collaboration.contract.documents import (
    CloseDocument,
    CreateDocument,
    Document,
    DocumentBegun,
    DocumentBody,
    DocumentClosed,
    DocumentGroup,
    DocumentLimits,
    DocumentModeChanged,
    DocumentOpened,
    DocumentPage,
    DocumentPatch,
    DocumentReset,
    DocumentSettings,
    DocumentText,
    DocumentUpdated,
    ListDocuments,
    ListDocumentTemplates,
    ModeChanged,
    OneDocument,
    OpenDocument,
    Reset,
    SyncAnswer,
    SyncDocument,
    Template,
    TemplatePage,
    Update,
    UpdateDocument,
    UpdateSaved,
)
from coursewire.namespaces.collaboration.contract.facts import (
    AnnotationAddressed,
    AnnotationReadersAsked,
    DocumentRestored,
)
from coursewire.namespaces.collaboration.contract.values import (
    Access,
    AccessRole,
    AnnotationId,
    Audience,
    AutomaticReason,
    DocumentId,
    DocumentKind,
    Mode,
    Motivation,
    VersionId,
)
from coursewire.namespaces.collaboration.contract.versions import (
    CompareVersions,
    Comparison,
    ListVersions,
    OneVersion,
    ReadVersion,
    RestoreVersion,
    Run,
    SaveVersion,
    Version,
    VersionContent,
    VersionPage,
    VersionRestored,
)
from coursewire.namespaces.collaboration.contract.web import WebAnnotation, WebAnnotationPage
from coursewire.realtime.contract import Command, Event

COMMANDS: tuple[type[Command], ...] = (
    ListDocuments, ListDocumentTemplates, CreateDocument,
    OpenDocument, UpdateDocument, SyncDocument, CloseDocument, SetAwareness,
    ListAnnotations, CreateAnnotation, UpdateAnnotation, DeleteAnnotation, ResolveAnnotation, ReanchorAnnotation,
    ListVersions, ReadVersion, CompareVersions, SaveVersion, RestoreVersion,
)  # fmt: skip

EVENTS: tuple[type[Event[Any]], ...] = (
    DocumentUpdated, AwarenessChanged, SessionChanged, DocumentModeChanged, DocumentReset,
    AnnotationCreated, AnnotationUpdated, AnnotationDeleted,
)  # fmt: skip

__all__ = [
    "COMMANDS",
    "EVENTS",
    "Access",
    "AccessRole",
    "Annotation",
    "AnnotationAddressed",
    "AnnotationCreated",
    "AnnotationDeleted",
    "AnnotationId",
    "AnnotationPage",
    "AnnotationReadersAsked",
    "AnnotationTarget",
    "AnnotationUpdated",
    "Audience",
    "AutomaticReason",
    "Awareness",
    "AwarenessChanged",
    "CloseDocument",
    "CompareVersions",
    "Comparison",
    "CreateAnnotation",
    "CreateDocument",
    "DeleteAnnotation",
    "Document",
    "DocumentBegun",
    "DocumentBody",
    "DocumentClosed",
    "DocumentGroup",
    "DocumentId",
    "DocumentKind",
    "DocumentLimits",
    "DocumentModeChanged",
    "DocumentOpened",
    "DocumentPage",
    "DocumentPatch",
    "DocumentReset",
    "DocumentRestored",
    "DocumentSettings",
    "DocumentText",
    "DocumentUpdated",
    "ListAnnotations",
    "ListDocumentTemplates",
    "ListDocuments",
    "ListVersions",
    "Mode",
    "ModeChanged",
    "Motivation",
    "OneAnnotation",
    "OneDocument",
    "OneVersion",
    "OpenDocument",
    "Participant",
    "Quote",
    "ReadVersion",
    "ReanchorAnnotation",
    "Reset",
    "ResolveAnnotation",
    "RestoreVersion",
    "Run",
    "SaveVersion",
    "SessionChanged",
    "SetAwareness",
    "SyncAnswer",
    "SyncDocument",
    "Template",
    "TemplatePage",
    "Update",
    "UpdateAnnotation",
    "UpdateDocument",
    "UpdateSaved",
    "Version",
    "VersionContent",
    "VersionId",
    "VersionPage",
    "VersionRestored",
    "WebAnnotation",
    "WebAnnotationPage",
]
