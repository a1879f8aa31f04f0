"""Annotations in the W3C Web Annotation Data Model (JSON-LD), as they come and go over HTTP."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from annotated_types import Len
from pydantic import ConfigDict, Field

from coursewire.vocabulary import Clean, Line, Model

CONTEXT: Final = "http://www.w3.org/ns/anno.jsonld"
MEDIA_TYPE: Final = f'application/ld+json; profile="{CONTEXT}"'

Iri = Annotated[Clean, Len(1, 2_000)]
Selector = dict[str, Any]
"""A selector of any type (4.2). Of those that come in we read TextQuoteSelector, TextPositionSelector, CssSelector and
our own, also where one refines another; the others are passed over."""


class _Linked(Model):
    """JSON-LD: words that we do not know are passed over."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True, serialize_by_alias=True)


class WebBody(_Linked):
    """A TextualBody (Web Annotation Data Model, 3.2.4)."""

    type: Literal["TextualBody"] = "TextualBody"
    value: Annotated[Clean, Len(0, 4_000)]
    format: Literal["text/plain", "text/markdown"] = "text/plain"
    """We write `text/markdown`; HTML is refused: what is shown is made here."""
    purpose: Annotated[Clean, Len(1, 40)] | None = None
    """`tagging` makes it a tag."""


class WebQuote(_Linked):
    """A TextQuoteSelector (4.2.4)."""

    type: Literal["TextQuoteSelector"] = "TextQuoteSelector"
    exact: Annotated[Clean, Len(1, 2_000)]
    prefix: Annotated[Clean, Len(0, 64)] = ""
    suffix: Annotated[Clean, Len(0, 64)] = ""


class WebTarget(_Linked):
    """A SpecificResource (4): the document, and the place in it."""

    source: Iri
    selector: Selector | Annotated[list[Selector], Len(1, 20)] | None = None
    """One of them, alone or refining another, has to be a TextQuoteSelector."""


class WebPerson(_Linked):
    """Who wrote it (3.3.1)."""

    id: Iri
    type: Literal["Person"] = "Person"
    name: Line | None = None


class WebAudience(_Linked):
    """Whom it is for (3.3.3), in words of schema.org; without one it is for everybody in the document."""

    type: str = "schema:Audience"
    kind: Annotated[Clean, Len(1, 200)] = Field(alias="schema:audienceType")
    """As a visibility: `course`, `staff`, `private`, `group:<id>`."""


class WebAnnotation(_Linked):
    """One Annotation (3.1)."""

    context: str | list[Any] = Field(default=CONTEXT, alias="@context")
    id: Iri | None = None
    """Ours, when it goes out; of one that comes in we take no id."""
    type: Literal["Annotation"] = "Annotation"
    motivation: Iri | Annotated[list[Iri], Len(1, 10)] | None = None
    body: WebBody | Annotated[list[WebBody], Len(0, 40)] | None = None
    body_value: Annotated[Clean, Len(0, 4_000)] | None = Field(default=None, alias="bodyValue")
    """Instead of a body (3.2.6)."""
    target: WebTarget | Iri
    """The IRI of another annotation: this is a reply to it."""
    creator: WebPerson | Iri | None = None
    created: str | None = None
    modified: str | None = None
    audience: WebAudience | Annotated[list[WebAudience], Len(1, 10)] | None = None


class WebAnnotationPage(_Linked):
    """An AnnotationPage (5.2)."""

    context: str | list[Any] = Field(default=CONTEXT, alias="@context")
    id: str
    type: Literal["AnnotationPage"] = "AnnotationPage"
    items: list[WebAnnotation]
    next: str | None = None
    """The IRI of the page behind this one."""
