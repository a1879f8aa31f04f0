"""What a backend does with documents over HTTP: makes them, reads them, keeps them; annotations as JSON-LD."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from pydantic import ValidationError

from coursewire.client.failures import invalid
from coursewire.client.http import Requests, path_part
from coursewire.namespaces.collaboration import contract as collaboration
from coursewire.vocabulary import new_id


class DocumentRoutes:
    """The routes of /collaboration."""

    _requests: Requests

    async def create_document(
        self,
        course_id: str,
        title: str,
        *,
        document_id: str | None = None,
        kind: collaboration.DocumentKind = "text",
        url: str | None = None,
        template: str | None = None,
        html: str | None = None,
        key: str | None = None,
    ) -> collaboration.Document:
        """Make a document that begins with a template, with HTML, or empty; a `page` stands at `url`.

        With an id of one's own the same again returns the document that is there. Of the HTML what the editor knows is
        kept.
        """
        given = {
            "id": document_id,
            "course_id": course_id,
            "title": title,
            "kind": kind,
            "url": url,
            "template": template,
            "html": html,
        }
        try:
            body = collaboration.DocumentBody.model_validate(given)
        except ValidationError as error:
            raise invalid(error) from error
        made = await self._requests.run(
            "POST", "/v1/documents", collaboration.OneDocument, body=body, key=key or new_id()
        )
        return made.document

    async def document(self, document_id: str) -> collaboration.DocumentText:
        """Return what a document says now, as text and as HTML that is safe to show. Raises NotFound."""
        return await self._requests.run("GET", _path(document_id), collaboration.DocumentText)

    async def change_document(
        self,
        document_id: str,
        *,
        title: str | None = None,
        access: Mapping[collaboration.AccessRole, collaboration.Access] | None = None,
        archived: bool | None = None,
        key: str | None = None,
    ) -> collaboration.DocumentSettings:
        """Change its title, what roles may do in it other than usual, or archive it; with nothing, tell how it is."""
        body = {"title": title, "access": None if access is None else dict(access), "archived": archived}
        return await self._requests.run(
            "PATCH", _path(document_id), collaboration.DocumentSettings, body=body, key=key or new_id()
        )

    async def forget_past(self, document_id: str, *, key: str | None = None) -> collaboration.DocumentBegun:
        """Erase all that it said before, such as a password that was pasted: it begins anew with what it says now."""
        return await self._requests.run(
            "DELETE", f"{_path(document_id)}/past", collaboration.DocumentBegun, key=key or new_id()
        )

    async def delete_document(self, document_id: str, *, key: str | None = None) -> None:
        """Delete a document with all that is in it and beside it."""
        await self._requests.run_silent("DELETE", _path(document_id), key=key or new_id())

    async def annotations(self, document_id: str) -> AsyncGenerator[collaboration.WebAnnotation]:
        """Yield the annotations of a document as W3C Web Annotations, the oldest first; the service sees all of them.

        `annotation.model_dump_json(exclude_none=True)` is the JSON-LD.
        """
        cursor: str | None = None
        while True:
            page = await self._requests.run(
                "GET",
                f"{_path(document_id)}/annotations",
                collaboration.WebAnnotationPage,
                query={"cursor": cursor, "limit": 200},
            )
            for annotation in page.items:
                yield annotation
            if page.next is None:
                return
            [cursor] = parse_qs(urlsplit(page.next).query)["cursor"]

    async def annotate(
        self,
        document_id: str,
        annotation: collaboration.WebAnnotation | Mapping[str, Any],
        *,
        key: str | None = None,
    ) -> collaboration.WebAnnotation:
        """Take in a W3C Web Annotation, in its creator's name, who is somebody of the platform; return ours of it."""
        try:
            body = collaboration.WebAnnotation.model_validate(annotation)
        except ValidationError as error:
            raise invalid(error) from error
        return await self._requests.run(
            "POST",
            f"{_path(document_id)}/annotations",
            collaboration.WebAnnotation,
            body=body,
            key=key or new_id(),
        )


def _path(document_id: str) -> str:
    return f"/v1/documents/{path_part('document_id', document_id)}"
