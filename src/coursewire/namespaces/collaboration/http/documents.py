"""Documents over HTTP: made by the LMS, read by whoever may open them, kept by staff."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import APIRouter, Path, Response
from fastapi.responses import HTMLResponse, PlainTextResponse

from coursewire.errors import CoursewireError
from coursewire.identity.access import ServiceWork, WorkOf, good_for
from coursewire.namespaces.collaboration.contract import (
    DocumentBegun,
    DocumentBody,
    DocumentPatch,
    DocumentSettings,
    DocumentText,
    OneDocument,
)
from coursewire.namespaces.collaboration.service import beginning_anew, managing
from coursewire.realtime.namespace import Outdated

if TYPE_CHECKING:
    from collections.abc import Callable

    from coursewire.identity.caller import Caller

NAMESPACE: Final = "/collaboration"
PLANS: Final = 3
"""How often what a document is to begin with is found in a reader, where it is edited meanwhile. Then in the writer."""

DocumentPath = Annotated[
    str, Path(pattern=r"^[A-Za-z0-9._@\-]{1,128}$", description="The id of the document.")
]


router = APIRouter(prefix="/v1/documents", tags=["collaboration"], dependencies=[good_for(NAMESPACE)])


@router.post("", response_model=OneDocument, response_model_exclude_none=True, status_code=201)
async def create(body: DocumentBody, work: ServiceWork) -> Response:
    """Make a document. The same body with the same `id` again returns the document that is there."""

    def run(tx: Any) -> OneDocument:
        return managing.put_document(tx, work.caller, body)

    return await work.write(NAMESPACE, run, status=201)


@router.get("/{document_id}", response_model_exclude_none=True)
async def read(document_id: DocumentPath, work: WorkOf) -> DocumentText:
    """Return what a document says now, as text and as HTML that is safe to show."""
    return await _text(document_id, work)


@router.get("/{document_id}/text", response_class=PlainTextResponse)
async def read_text(document_id: DocumentPath, work: WorkOf) -> str:
    """Return what a document says now, as plain text."""
    return (await _text(document_id, work)).text


@router.get("/{document_id}/html", response_class=HTMLResponse)
async def read_html(document_id: DocumentPath, work: WorkOf) -> str:
    """Return what a document says now, as HTML that is safe to show."""
    return (await _text(document_id, work)).html


async def _text(document_id: str, work: WorkOf) -> DocumentText:
    return await work.read(NAMESPACE, lambda tx: managing.read_text(tx, work.caller, document_id))


@router.patch("/{document_id}", response_model=DocumentSettings, response_model_exclude_none=True)
async def change(document_id: DocumentPath, body: DocumentPatch, work: WorkOf) -> Response:
    """Change its title, which roles may do what in it, or archive it: for staff of the course, and the LMS.

    Whoever is in it hears at once (`document.mode`). An empty body changes nothing and returns how it is.
    """

    def run(tx: Any) -> DocumentSettings:
        return managing.change_document(tx, work.caller, document_id, body)

    return await work.write(NAMESPACE, run)


@router.delete("/{document_id}/past", response_model=DocumentBegun, response_model_exclude_none=True)
async def forget_past(document_id: DocumentPath, work: WorkOf) -> Response:
    """Erase all that it said before, such as a secret that was pasted and deleted: for staff, and the LMS.

    It begins anew with what it says now: edits, snapshots, versions and events of its former life are gone.
    """
    caller = work.caller

    def plan(tx: Any) -> beginning_anew.Beginning | None:
        try:
            return beginning_anew.plan_beginning(tx, caller, document_id)
        except CoursewireError:
            return None  # it is a repeat, which is answered as it was at first; or the writer says so

    for _ in range(PLANS):
        planned = await work.read(NAMESPACE, plan)
        with suppress(Outdated):
            return await work.write(NAMESPACE, _beginning(caller, document_id, planned))
    return await work.write(NAMESPACE, _beginning(caller, document_id, None))


def _beginning(
    caller: Caller, document_id: str, planned: beginning_anew.Beginning | None
) -> Callable[[Any], DocumentBegun]:
    return lambda tx: beginning_anew.forget_past(tx, caller, document_id, planned)


@router.delete("/{document_id}", status_code=204)
async def delete(document_id: DocumentPath, work: WorkOf) -> Response:
    """Delete a document with all that is in it and beside it: for staff of the course, and the LMS."""

    def run(tx: Any) -> None:
        managing.delete_document(tx, work.caller, document_id)

    return await work.write(NAMESPACE, run)
