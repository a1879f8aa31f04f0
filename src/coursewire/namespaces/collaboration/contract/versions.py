"""Versions: named and automatic states of a document, who wrote what, and a way back that is an edit itself."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from coursewire.namespaces.collaboration.contract.values import (
    AutomaticReason,
    Cursor,
    DocumentId,
    Epoch,
    VersionId,
)
from coursewire.realtime.contract import Command, Mode, Once, Result
from coursewire.vocabulary import Key, Line, Model, Time, UserId


class Version(Model):
    """A state of a document."""

    id: VersionId
    document_id: DocumentId
    epoch: Epoch
    number: int
    """Counted from 1 in each document."""
    title: str
    """Empty of an automatic one."""
    automatic: AutomaticReason | None = None
    saved_by: UserId | None = None
    """None of an automatic one."""
    editors: list[UserId]
    """Who has edited since the version before it."""
    size: int
    """Bytes of its state."""
    saved_at: Time


class VersionPage(Result):
    """Versions, the newest first."""

    items: list[Version]
    next_cursor: Cursor | None = None


class ListVersions(Command, name="version.list", returns=VersionPage):
    """The versions of a document, for whoever may open it."""

    document_id: DocumentId
    named_only: bool = False
    cursor: Cursor | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = 50


class VersionContent(Result):
    """A version as it reads."""

    version: Version
    text: str
    html: str


class ReadVersion(Command, name="version.read", returns=VersionContent, cost=3):
    """A version to look at."""

    version_id: VersionId


class Run(Model):
    """A piece of text with one fate and one author."""

    text: str
    change: Literal["kept", "added", "removed"]
    user_id: UserId | None = None
    """Who added or removed it; None of what was kept, and where that is not known."""


class Comparison(Result):
    """Two versions as one text."""

    before: Version
    after: Version | None = None
    """None: the document as it is now."""
    runs: list[Run]
    truncated: bool = False
    """Whether it had more than 5,000 runs."""


class CompareVersions(Command, name="version.compare", returns=Comparison, cost=10):
    """What has changed between two versions, or since one of them, and who did it."""

    version_id: VersionId
    with_id: VersionId | None = None


class OneVersion(Once):
    """The version after the command."""

    version: Version


class SaveVersion(Command, name="version.save", mode=Mode.WRITE, returns=OneVersion, cost=2):
    """Give the document's state as of now a name: whoever may edit."""

    key: Key
    document_id: DocumentId
    title: Line


class VersionRestored(Once):
    """The version that was restored, and the one that keeps what was there before."""

    version: Version
    before: Version


class RestoreVersion(Command, name="version.restore", mode=Mode.WRITE, returns=VersionRestored, cost=40):
    """Bring a version back, as a new edit that everybody gets: whoever may edit. What was there is saved before."""

    key: Key
    version_id: VersionId
