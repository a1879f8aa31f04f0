"""Annotations over HTTP as W3C Web Annotations (JSON-LD), each caller seeing what they may."""

from __future__ import annotations

from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import JSONResponse

from coursewire.errors import Forbidden, Invalid, NotFound
from coursewire.identity import membership
from coursewire.identity.access import WorkOf, good_for
from coursewire.identity.caller import Caller
from coursewire.namespaces.collaboration.contract import (
    ListAnnotations,
    OneAnnotation,
    WebAnnotation,
    WebAnnotationPage,
)
from coursewire.namespaces.collaboration.contract.web import MEDIA_TYPE
from coursewire.namespaces.collaboration.service.annotations import (
    create_annotation,
    list_annotations,
    read_annotation,
)
from coursewire.namespaces.collaboration.service.audiences import entered
from coursewire.namespaces.collaboration.service.web_annotations import (
    annotation_iri,
    as_web,
    author_in,
    document_iri,
    read_web,
)
from coursewire.vocabulary import ID_PATTERN, new_id

NAMESPACE: Final = "/collaboration"

DocumentPath = Annotated[
    str, Path(pattern=r"^[A-Za-z0-9._@\-]{1,128}$", description="The id of the document.")
]
AnnotationPath = Annotated[str, Path(pattern=ID_PATTERN, description="The id of the annotation.")]


class LinkedData(JSONResponse):
    """JSON-LD with the context of the Web Annotation Data Model."""

    media_type = MEDIA_TYPE

    def render(self, content: WebAnnotation | WebAnnotationPage) -> bytes:
        """Return what travels."""
        return content.model_dump_json(exclude_none=True).encode()


def _origin(request: Request) -> str:
    return str(request.base_url).rstrip("/")


router = APIRouter(
    prefix="/v1/documents/{document_id}/annotations",
    tags=["collaboration"],
    dependencies=[good_for(NAMESPACE)],
)


@router.get("", response_model=WebAnnotationPage, response_class=LinkedData)
async def get_annotations(
    document_id: DocumentPath,
    request: Request,
    work: WorkOf,
    cursor: Annotated[str | None, Query(min_length=1, max_length=512)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 100,
) -> Response:
    """Return the annotations of a document that the caller may see, the oldest first."""
    asked = ListAnnotations(document_id=document_id, cursor=cursor, limit=limit)
    origin = _origin(request)
    collection = f"{document_iri(origin, document_id)}/annotations"

    def run(tx: Any) -> WebAnnotationPage:
        document = entered(tx, work.caller, document_id).document
        page = list_annotations(tx, work.caller, asked)
        after = urlencode({"cursor": page.next_cursor, "limit": limit})
        here = urlencode({"cursor": cursor, "limit": limit} if cursor else {"limit": limit})
        return WebAnnotationPage(
            id=f"{collection}?{here}",
            # Of one that was taken back there is nothing to say but its thread.
            items=[as_web(one, document, origin) for one in page.items if one.state == "shown"],
            next=f"{collection}?{after}" if page.next_cursor else None,
        )

    return LinkedData(await work.read(NAMESPACE, run))


@router.get("/{annotation_id}", response_model=WebAnnotation, response_class=LinkedData)
async def get_annotation(
    document_id: DocumentPath, annotation_id: AnnotationPath, request: Request, work: WorkOf
) -> Response:
    """Return an annotation that the caller may see."""

    def run(tx: Any) -> WebAnnotation:
        document, annotation = read_annotation(tx, work.caller, document_id, annotation_id)
        return as_web(annotation, document, _origin(request))

    return LinkedData(await work.read(NAMESPACE, run))


@router.post("", response_model=WebAnnotation, response_class=LinkedData, status_code=201)
async def post_annotation(
    document_id: DocumentPath, body: WebAnnotation, request: Request, work: WorkOf
) -> Response:
    """Annotate a document, or reply where the target is an annotation of it; the LMS in its creator's name."""
    document = await work.read(NAMESPACE, lambda tx: entered(tx, work.caller, document_id).document)
    command = read_web(body, document, new_id())

    def run(tx: Any) -> OneAnnotation:
        return create_annotation(tx, _author(tx, work.caller, body), command)

    reply = await work.write(NAMESPACE, run, status=201)
    # Remembered in our own words: so it is taken back with the annotation (LOG5).
    annotation = OneAnnotation.model_validate_json(bytes(reply.body)).annotation
    if annotation.state == "deleted":
        raise NotFound("this annotation was taken back")
    origin = _origin(request)
    headers = {"Location": annotation_iri(origin, document_id, annotation.id)}
    if "idempotency-replayed" in reply.headers:
        headers["Idempotency-Replayed"] = reply.headers["idempotency-replayed"]
    return LinkedData(as_web(annotation, document, origin), status_code=201, headers=headers)


def _author(tx: Any, caller: Caller, body: WebAnnotation) -> Caller:
    """Return in whose name it is: the caller's own, or for the LMS that of a person of whom it says so."""
    user_id = author_in(body)
    if not caller.is_service:
        if user_id not in {None, caller.user_id}:
            raise Forbidden("only the LMS itself writes in somebody's name", field="creator")
        return caller
    if user_id is None:
        raise Invalid("must name a person: the LMS itself is none", field="creator")
    person = membership.user(tx.raw, user_id)
    if person is None:
        raise NotFound("there is no such user", field="creator")
    return Caller(user_id=person.id, name=person.name, avatar_url=person.avatar_url)
