"""Annotations in the W3C Web Annotation Data Model (JSON-LD), as they come and go over HTTP."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from annotated_types import Len
from pydantic import ConfigDict, Field

from coursewire.vocabulary import Clean, Line, Model

CONTEXT: Final = "http://www.w3.org/ns/anno.jsonld"


class _Linked(Model):
    """JSON-LD: words that we do not know are passed over."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)


class WebBody(_Linked):
    """A TextualBody (Web Annotation Data Model, 3.2.4)."""

    type: Literal["TextualBody"] = "TextualBody"
    value: Annotated[Clean, Len(0, 4_000)]
    format: Literal["text/plain", "text/html"] = "text/plain"
    purpose: Annotated[Clean, Len(1, 40)] | None = None


class WebQuote(_Linked):
    """A TextQuoteSelector (4.2.4)."""

    type: Literal["TextQuoteSelector"] = "TextQuoteSelector"
    exact: Annotated[Clean, Len(1, 2_000)]
    prefix: Annotated[Clean, Len(0, 64)] = ""
    suffix: Annotated[Clean, Len(0, 64)] = ""


class WebTarget(_Linked):
    """A SpecificResource (4): the document, and the place in it."""

    source: Annotated[Clean, Len(1, 2_000)]
    selector: WebQuote | list[WebQuote | dict[str, Any]] | None = None


class WebPerson(_Linked):
    """Who wrote it (3.3.1)."""

    id: str
    type: Literal["Person"] = "Person"
    name: Line | None = None


class WebAnnotation(_Linked):
    """One Annotation (3.1)."""

    context: str | list[Any] = Field(default=CONTEXT, alias="@context")
    id: str | None = None
    type: Literal["Annotation"] = "Annotation"
    motivation: str | list[str] | None = None
    body: WebBody | list[WebBody] | None = None
    target: WebTarget | str
    creator: WebPerson | str | None = None
    created: str | None = None
    modified: str | None = None
    audience: dict[str, Any] | list[dict[str, Any]] | None = None
    """Whom it is for (3.3.3): `{type: "schema:EducationalAudience", "schema:educationalRole": ...}`."""


class WebAnnotationPage(_Linked):
    """An AnnotationPage (5.2)."""

    context: str | list[Any] = Field(default=CONTEXT, alias="@context")
    id: str
    type: Literal["AnnotationPage"] = "AnnotationPage"
    items: list[WebAnnotation]
    next: str | None = None
