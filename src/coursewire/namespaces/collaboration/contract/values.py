"""The words that the parts of /collaboration share."""

from __future__ import annotations

from typing import Annotated, Literal

from annotated_types import Len
from pydantic import Field, StringConstraints

from coursewire.vocabulary import Id, Model

DocumentId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._@\-]{1,128}$")]
"""Without a colon: after one the audience stands, as in `document:7:staff`."""

AnnotationId = Id
VersionId = Id

Cursor = Annotated[str, Len(1, 512)]
"""Where a list goes on: only good for the command that gave it, with the same filter."""

DocumentKind = Literal["text", "page"]
"""`text` is edited together; `page` is a static page of a course, which is only annotated."""

Mode = Literal["view", "comment", "edit"]
"""What one may do in a document: each includes those before it. Reading is the least that lets one in."""

AccessRole = Literal["content_developer", "learner", "mentor"]
"""Roles for which a document may say something else than usual. Staff always edit: somebody has to be able to."""

Access = Literal["none", "view", "comment", "edit"]
"""What a role may do in a document; with `none` it is not there for them."""

Epoch = Annotated[str, StringConstraints(min_length=1, max_length=64)]
"""Which life of a document this is: edits of another epoch are never merged, or everything would be there twice."""

ClientId = Annotated[int, Field(ge=0, le=2**53 - 1)]
"""The Yjs client id of an editor: 32 bits in browsers, 53 in Python. The first who writes with one owns it."""

Sequence = Annotated[int, Field(ge=0, le=2**53 - 1)]
"""Counts the updates of one editor in one session, from 1: its own order, echoed in the answer."""

Encoded = Annotated[bytes, Len(0, 8 * 1024 * 1024)]
"""Something in the Yjs encoding (updates v1, state vectors, y-protocols awareness): an attachment on the wire."""

MOST_UPDATE = 512 * 1024
"""Bytes of one update: below what one message may have. An editor refuses, or cuts, a larger paste beforehand."""

Small = Annotated[bytes, Len(0, 512 * 1024)]
"""A state vector: two numbers for each editor that ever wrote."""

Motivation = Literal["commenting", "highlighting", "questioning", "assessing"]
"""As in the W3C Web Annotation vocabulary. `questioning` can be answered and resolved, `assessing` is the staff's."""

Audience = Annotated[
    str, StringConstraints(pattern=r"^(course|staff|private|group:[A-Za-z0-9._:@\-]{1,128})$")
]
"""Who may see an annotation: everybody in the document, staff of the course, oneself, or a group. It is the channel in
which its events travel: `document:<id>`, `document:<id>:staff`, `user:<author>`, `document:<id>:group:<group>`."""

Colour = Annotated[str, StringConstraints(pattern=r"^#[0-9a-f]{6}$")]
"""Of a caret, chosen by the server: it ends up in a style of other people's pages."""

AutomaticReason = Literal["interval", "before_restore", "session_end"]
"""Why a version was saved that nobody asked for."""


class DocumentGroup(Model):
    """A group of people in a course, that documents and annotations can be for."""

    id: Id
    title: str
