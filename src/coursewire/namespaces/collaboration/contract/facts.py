"""What /collaboration tells the other namespaces, in the transaction in which it happens. It never travels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from coursewire.namespaces.collaboration.contract.annotations import Annotation
    from coursewire.namespaces.collaboration.contract.versions import Version


@dataclass(frozen=True, slots=True)
class AnnotationAddressed:
    """A new annotation that somebody in particular is to hear of. Its author is in none of the lists.

    Everybody named may see it: whoever is called by name in a note that they cannot see is not in here.
    """

    annotation: Annotation
    document_title: str
    course_id: str
    mentioned: tuple[str, ...] = ()
    """By name, by `@staff`; each once."""
    replied_to: tuple[str, ...] = ()
    """Who began the thread, and who has replied in it; not mentioned."""
    questioned: tuple[str, ...] = ()
    """Of a new question: staff of the course who may see it."""


@dataclass(frozen=True, slots=True)
class DocumentRestored:
    """Somebody brought an old version back, over what others had written since."""

    version: Version
    document_title: str
    course_id: str
    restored_by: str
    name: str
    """Of who restored it."""
    editors: tuple[str, ...]
    """Who has edited since, and may open the document; not who restored it."""
