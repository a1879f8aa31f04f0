"""The commands of /collaboration: documents, annotations, versions."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from typing import Any

from coursewire.client.namespace import NamespaceClient
from coursewire.namespaces.collaboration import contract as collaboration


class CollaborationCommands(NamespaceClient):
    """What one asks and does in /collaboration."""

    namespace = "/collaboration"
    events = collaboration.EVENTS

    # Documents

    async def documents(
        self, course: str, *, kind: collaboration.DocumentKind | None = None
    ) -> AsyncGenerator[collaboration.Document]:
        """Yield the documents of a course that one may open, the last edited first."""
        cursor: str | None = None
        while True:
            page = await self.documents_page(course, kind=kind, cursor=cursor, limit=100)
            for document in page.items:
                yield document
            cursor = page.next_cursor
            if cursor is None:
                return

    async def documents_page(
        self,
        course: str,
        *,
        kind: collaboration.DocumentKind | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> collaboration.DocumentPage:
        """Return a page of the documents of a course that one may open, the last edited first; 100 at most."""
        return await self.run(
            collaboration.ListDocuments,
            collaboration.DocumentPage,
            course_id=course,
            kind=kind,
            cursor=cursor,
            limit=limit,
        )

    async def templates(self, course: str) -> list[collaboration.Template]:
        """Return what a new document can begin with."""
        page = await self.run(
            collaboration.ListDocumentTemplates, collaboration.TemplatePage, course_id=course
        )
        return page.items

    async def create_document(
        self,
        course: str,
        title: str,
        *,
        template: str | None = None,
        group: str | None = None,
        key: str | None = None,
    ) -> collaboration.Document:
        """Make a document; with a `key` of one's own the same again returns the first. Raises Forbidden, Invalid."""
        made = await self.run(
            collaboration.CreateDocument,
            collaboration.OneDocument,
            key=key,
            course_id=course,
            title=title,
            template=template,
            group=group,
        )
        return made.document

    # Annotations

    async def annotations(
        self,
        document_id: str,
        *,
        thread: str | None = None,
        motivation: collaboration.Motivation | None = None,
        tag: str | None = None,
        resolved: bool | None = None,
        cursor: str | None = None,
    ) -> AsyncGenerator[collaboration.Annotation]:
        """Yield the annotations of a document that one may see, the oldest first; from a page's cursor on."""
        filters: Any = {"thread": thread, "motivation": motivation, "tag": tag, "resolved": resolved}
        while True:
            page = await self.annotations_page(document_id, cursor=cursor, limit=200, **filters)
            for annotation in page.items:
                yield annotation
            cursor = page.next_cursor
            if cursor is None:
                return

    async def annotations_page(
        self,
        document_id: str,
        *,
        thread: str | None = None,
        motivation: collaboration.Motivation | None = None,
        tag: str | None = None,
        resolved: bool | None = None,
        cursor: str | None = None,
        limit: int = 100,
    ) -> collaboration.AnnotationPage:
        """Return a page of the annotations of a document that one may see, the oldest first; 200 at most."""
        return await self.run(
            collaboration.ListAnnotations,
            collaboration.AnnotationPage,
            document_id=document_id,
            parent_id=thread,
            motivation=motivation,
            tag=tag,
            resolved=resolved,
            cursor=cursor,
            limit=limit,
        )

    async def annotate(
        self,
        document_id: str,
        body: str,
        quote: collaboration.Quote,
        *,
        motivation: collaboration.Motivation = "commenting",
        visibility: str = "course",
        tags: Sequence[str] = (),
        key: str | None = None,
    ) -> collaboration.Annotation:
        """Write beside a quote of a document. Raises Forbidden, NotFound, Invalid."""
        made = await self.run(
            collaboration.CreateAnnotation,
            collaboration.OneAnnotation,
            key=key,
            document_id=document_id,
            body=body,
            motivation=motivation,
            target=collaboration.AnnotationTarget(quote=quote),
            visibility=visibility,
            tags=list(tags),
        )
        return made.annotation

    async def reply(
        self, to: collaboration.Annotation, body: str, *, key: str | None = None
    ) -> collaboration.Annotation:
        """Answer in the thread of an annotation: whoever sees that sees this."""
        made = await self.run(
            collaboration.CreateAnnotation,
            collaboration.OneAnnotation,
            key=key,
            document_id=to.document_id,
            body=body,
            parent_id=to.parent_id or to.id,
        )
        return made.annotation

    async def edit_annotation(
        self,
        annotation: collaboration.Annotation,
        *,
        body: str | None = None,
        motivation: collaboration.Motivation | None = None,
        visibility: str | None = None,
        tags: Sequence[str] | None = None,
        key: str | None = None,
    ) -> collaboration.Annotation:
        """Change what is given of it as it was read. Raises Conflict when somebody has changed the same since."""
        changed = await self.run(
            collaboration.UpdateAnnotation,
            collaboration.OneAnnotation,
            key=key,
            annotation_id=annotation.id,
            base_revision=annotation.revision,
            body=body,
            motivation=motivation,
            visibility=visibility,
            tags=None if tags is None else list(tags),
        )
        return changed.annotation

    async def delete_annotation(self, annotation_id: str, *, key: str | None = None) -> None:
        """Take an annotation back."""
        await self.run(
            collaboration.DeleteAnnotation,
            collaboration.OneAnnotation,
            key=key,
            annotation_id=annotation_id,
        )

    async def resolve(
        self, annotation: collaboration.Annotation, *, on: bool = True, key: str | None = None
    ) -> collaboration.Annotation:
        """Say that a thread is done with; with `on=False` that it is not."""
        changed = await self.run(
            collaboration.ResolveAnnotation,
            collaboration.OneAnnotation,
            key=key,
            annotation_id=annotation.id,
            base_revision=annotation.revision,
            on=on,
        )
        return changed.annotation

    async def reanchor(
        self,
        annotation: collaboration.Annotation,
        quote: collaboration.Quote | None,
        *,
        key: str | None = None,
    ) -> collaboration.Annotation:
        """Say which quote an annotation belongs to now; None: nobody finds its place."""
        changed = await self.run(
            collaboration.ReanchorAnnotation,
            collaboration.OneAnnotation,
            key=key,
            annotation_id=annotation.id,
            base_revision=annotation.revision,
            target=None if quote is None else collaboration.AnnotationTarget(quote=quote),
        )
        return changed.annotation

    # Versions

    async def versions(
        self, document_id: str, *, named_only: bool = False
    ) -> AsyncGenerator[collaboration.Version]:
        """Yield the versions of a document, the newest first."""
        cursor: str | None = None
        while True:
            page = await self.versions_page(document_id, named_only=named_only, cursor=cursor, limit=100)
            for version in page.items:
                yield version
            cursor = page.next_cursor
            if cursor is None:
                return

    async def versions_page(
        self, document_id: str, *, named_only: bool = False, cursor: str | None = None, limit: int = 50
    ) -> collaboration.VersionPage:
        """Return a page of the versions of a document, the newest first; 100 at most."""
        return await self.run(
            collaboration.ListVersions,
            collaboration.VersionPage,
            document_id=document_id,
            named_only=named_only,
            cursor=cursor,
            limit=limit,
        )

    async def version(self, version_id: str) -> collaboration.VersionContent:
        """Return a version as it reads."""
        return await self.run(collaboration.ReadVersion, collaboration.VersionContent, version_id=version_id)

    async def compare(self, version_id: str, with_id: str | None = None) -> collaboration.Comparison:
        """Return what has changed between two versions, or since one of them, and who did it."""
        return await self.run(
            collaboration.CompareVersions,
            collaboration.Comparison,
            version_id=version_id,
            with_id=with_id,
        )

    async def save_version(
        self, document_id: str, title: str, *, key: str | None = None
    ) -> collaboration.Version:
        """Give the document's state as of now a name."""
        saved = await self.run(
            collaboration.SaveVersion,
            collaboration.OneVersion,
            key=key,
            document_id=document_id,
            title=title,
        )
        return saved.version

    async def restore_version(
        self, version_id: str, *, key: str | None = None
    ) -> collaboration.VersionRestored:
        """Bring a version back as a new edit; what was there is saved as a version before."""
        return await self.run(
            collaboration.RestoreVersion,
            collaboration.VersionRestored,
            key=key,
            version_id=version_id,
        )
