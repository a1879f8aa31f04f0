"""Annotations as W3C Web Annotations and back. Pure: what is not in that model is said in words of our own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, get_args
from urllib.parse import quote, unquote, urldefrag, urlsplit

from pydantic import ValidationError

from coursewire.errors import Invalid
from coursewire.namespaces.collaboration.contract import (
    AnnotationTarget,
    CreateAnnotation,
    Motivation,
    Quote,
    WebAnnotation,
)
from coursewire.namespaces.collaboration.contract.web import (
    CONTEXT,
    WebAudience,
    WebBody,
    WebPerson,
    WebQuote,
    WebTarget,
)
from coursewire.realtime.validation import invalid_from

if TYPE_CHECKING:
    from coursewire.namespaces.collaboration.contract import Annotation
    from coursewire.namespaces.collaboration.store.documents import DocumentRow

MOTIVATIONS: Final[frozenset[str]] = frozenset(get_args(Motivation))
PERSON: Final = "urn:coursewire:user:"
"""Before a user's id, in the IRI of a person."""
YJS: Final = "YjsRelativePositionSelector"
"""Our selector for a document that is edited: `start` and `end` are Yjs relative positions in base64url."""
TERMS: Final = {YJS: "urn:coursewire:YjsRelativePositionSelector"}

_ANNOTATION: Final = re.compile(r"/v1/documents/([^/]+)/annotations/([^/]+)")
_DOCUMENT: Final = re.compile(r"/v1/documents/([^/]+)")


def document_iri(origin: str, document_id: str) -> str:
    """Return the IRI of a document; `origin` ends without a slash."""
    return f"{origin}/v1/documents/{quote(document_id, safe='@')}"


def annotation_iri(origin: str, document_id: str, annotation_id: str) -> str:
    """Return the IRI of an annotation: there it can be read."""
    return f"{document_iri(origin, document_id)}/annotations/{quote(annotation_id, safe=':@')}"


# Out


def as_web(annotation: Annotation, document: DocumentRow, origin: str) -> WebAnnotation:
    """Return an annotation in the Web Annotation Data Model."""
    target: WebTarget | str
    selectors: list[dict[str, Any]] = []
    if annotation.parent_id is not None:
        target = annotation_iri(origin, document.id, annotation.parent_id)
    else:
        selectors = list(_selectors(annotation.target, document)) if annotation.target else []
        target = WebTarget(source=_source(document, origin), selector=selectors or None)
    motivation: list[str] = ["replying"] if annotation.parent_id is not None else []
    if annotation.motivation != "commenting" or not motivation:
        motivation.append(annotation.motivation)
    bodies = [WebBody(value=annotation.body, format="text/markdown")] if annotation.body else []
    bodies += [WebBody(value=tag, purpose="tagging") for tag in annotation.tags]
    has_own_terms = any(selector["type"] in TERMS for selector in selectors)
    return WebAnnotation(
        context=[CONTEXT, TERMS] if has_own_terms else CONTEXT,
        id=annotation_iri(origin, document.id, annotation.id),
        motivation=motivation[0] if len(motivation) == 1 else motivation,
        body=bodies or None,
        target=target,
        creator=WebPerson(id=PERSON + annotation.author_id, name=_name(annotation))
        if annotation.author_id
        else None,
        created=annotation.created_at,
        modified=annotation.edited_at,
        audience=None if annotation.visibility == "course" else WebAudience(kind=annotation.visibility),
    )


def _name(annotation: Annotation) -> str | None:
    return annotation.author_name or None


def _source(document: DocumentRow, origin: str) -> str:
    return document.url or document_iri(origin, document.id)


def _selectors(target: AnnotationTarget, document: DocumentRow) -> Iterable[dict[str, Any]]:
    """Yield the selectors of a target; each of them selects the same (4.2)."""
    yield WebQuote(**target.quote.model_dump()).model_dump(exclude_defaults=True) | {
        "type": "TextQuoteSelector"
    }
    if target.selector is not None:
        yield {"type": "CssSelector", "value": target.selector}
    if target.start is not None and target.end is not None:
        if document.kind == "page":
            yield {"type": "TextPositionSelector", "start": int(target.start), "end": int(target.end)}
        else:
            yield {"type": YJS, "start": target.start, "end": target.end}


# In


def read_web(given: WebAnnotation, document: DocumentRow, key: str) -> CreateAnnotation:
    """Return the command that makes this annotation in a document. Raises Invalid, naming the field."""
    bodies = given.body if isinstance(given.body, list) else [given.body] if given.body else []
    texts = [body.value for body in bodies if body.purpose != "tagging" and body.value]
    if given.body_value:
        texts.append(given.body_value)
    if len(texts) > 1:
        raise Invalid("must have one text; the others may be tags", field="body")
    parent_id, target = _place(given.target, document)
    fields: dict[str, Any] = {
        "key": key,
        "document_id": document.id,
        "body": texts[0] if texts else "",
        "motivation": _motivation(given.motivation, has_text=bool(texts)),
        "tags": [body.value for body in bodies if body.purpose == "tagging"],
        "visibility": _visibility(given.audience),
        "parent_id": parent_id,
        "target": target,
    }
    try:
        return CreateAnnotation.model_validate(fields)
    except ValidationError as error:
        raise invalid_from(error) from None


def author_in(given: WebAnnotation) -> str | None:
    """Return the user id of the creator that an annotation names."""
    creator = given.creator
    if creator is None:
        return None
    return (creator if isinstance(creator, str) else creator.id).removeprefix(PERSON)


def _motivation(given: str | Sequence[str] | None, *, has_text: bool) -> str:
    """Return ours; of the others of the vocabulary (3.3.5) those that say something are comments."""
    named = [given] if isinstance(given, str) else list(given or ())
    ours = [word.removeprefix("oa:") for word in named if word.removeprefix("oa:") in MOTIVATIONS]
    if ours:
        return ours[0]
    return "commenting" if has_text else "highlighting"


def _visibility(given: WebAudience | Sequence[WebAudience] | None) -> str:
    if given is None:
        return "course"
    if isinstance(given, WebAudience):
        return given.kind
    # Two audiences may mean both or either: nobody is shown anything by a guess.
    if len(given) != 1:
        raise Invalid("must be one audience", field="audience")
    return given[0].kind


def _place(given: WebTarget | str, document: DocumentRow) -> tuple[str | None, AnnotationTarget | None]:
    """Return the thread that it replies to, or the place in the document."""
    source = given if isinstance(given, str) else given.source
    field = "target" if isinstance(given, str) else "target.source"
    try:
        path = urlsplit(source).path
    except ValueError:  # such as half the brackets of an IPv6 address
        raise Invalid("must be an IRI", field=field) from None
    answered = _ANNOTATION.fullmatch(path)
    if answered is not None and unquote(answered[1]) == document.id:
        return unquote(answered[2]), None
    if not _is_of(source, path, document):
        raise Invalid("must be this document, or an annotation of it", field=field)
    selectors = [] if isinstance(given, str) else list(_flat(given.selector))
    return None, _target(selectors, document)


def _is_of(source: str, path: str, document: DocumentRow) -> bool:
    if document.url is not None and urldefrag(source)[0] == urldefrag(document.url)[0]:
        return True
    named = _DOCUMENT.fullmatch(path)
    return source == document.id or (named is not None and unquote(named[1]) == document.id)


def _flat(selector: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None) -> Iterable[Mapping[str, Any]]:
    """Yield selectors and those that refine them (4.2.9), three deep at most."""
    several = [selector] if isinstance(selector, Mapping) else list(selector or ())
    for _ in range(3):
        yield from several
        refining = [one["refinedBy"] for one in several if "refinedBy" in one]
        several = [one for one in refining if isinstance(one, Mapping)]


def _target(selectors: Sequence[Mapping[str, Any]], document: DocumentRow) -> AnnotationTarget:
    by_type = {str(selector.get("type")): selector for selector in reversed(selectors)}
    if "TextQuoteSelector" not in by_type:
        raise Invalid("must have a TextQuoteSelector: what was marked", field="target.selector")
    fields: dict[str, Any] = {}
    place = by_type.get(YJS if document.kind == "text" else "TextPositionSelector", {})
    if "start" in place or "end" in place:
        fields = {name: None if place.get(name) is None else str(place[name]) for name in ("start", "end")}
    if document.kind == "page" and "CssSelector" in by_type:
        fields["selector"] = by_type["CssSelector"].get("value")
    try:
        marked = WebQuote.model_validate(by_type["TextQuoteSelector"])
        text = Quote(exact=marked.exact, prefix=marked.prefix, suffix=marked.suffix)
        return AnnotationTarget(quote=text, **fields)
    except ValidationError as error:
        found = invalid_from(error)
        raise Invalid(
            f"target.selector: {found.message}", field="target.selector", details=found.details
        ) from None
