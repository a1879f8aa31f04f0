"""The documents of the demo course: two that are written together, one static page, and what was noted beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from coursewire.demo.people import COURSE
from coursewire.namespaces.collaboration.contract import CreateAnnotation, DocumentBody
from coursewire.namespaces.collaboration.service.annotations import create_annotation
from coursewire.namespaces.collaboration.service.managing import put_document
from coursewire.realtime.transaction import Transaction

if TYPE_CHECKING:
    from collections.abc import Mapping

    from coursewire.identity.caller import Caller
    from coursewire.realtime.transaction import Reactions

NOTES: Final = "notes-sorting"
GUIDE: Final = "study-guide"
READING: Final = "reading-invariants"

_DOCUMENTS: Final = (
    {
        "id": NOTES,
        "title": "Lecture notes: insertion sort",
        "html": (
            "<h1>Lecture notes: insertion sort</h1>"
            "<p>Written together during the lecture. Mark what is unclear, and ask beside it.</p>"
            "<h2>The idea</h2>"
            "<p>Like sorting a hand of cards: the cards on the left are in order already, and each new card goes "
            "<strong>where it belongs</strong> among them.</p>"
            "<h2>In Python</h2>"
            "<pre><code>for i in range(1, len(xs)):\n    j = i\n    while j &gt; 0 and xs[j - 1] &gt; xs[j]:\n"
            "        xs[j - 1], xs[j] = xs[j], xs[j - 1]\n        j -= 1</code></pre>"
            "<h2>Why it works</h2>"
            "<p>Before each turn of the outer loop the first <code>i</code> elements are in order. "
            "That is the invariant.</p>"
            "<h2>How long it takes</h2>"
            "<ul><li><p>At best one comparison for each element: the list is sorted.</p></li>"
            "<li><p>At worst about <em>n²/2</em>: it stands in reverse.</p></li></ul>"
            "<h2>What stayed unclear</h2><ul><li><p>Is it stable?</p></li></ul>"
        ),
    },
    {
        "id": GUIDE,
        "title": "Study guide for the first exam",
        "html": (
            "<h1>Study guide for the first exam</h1>"
            "<p>Everybody adds what they are sure of. Two sentences for each topic are enough.</p>"
            "<h2>Loops and invariants</h2><p>An invariant holds before every turn, and says what was achieved.</p>"
            "<h2>Sorting</h2><p></p>"
            "<h2>Recursion</h2><p></p>"
            "<h2>Questions for the review session</h2><ol><li><p></p></li></ol>"
        ),
    },
    {
        "id": READING,
        "title": "Reading: Loop invariants",
        "kind": "page",
        "url": f"/documents/{READING}",
    },
)

_NOTES: Final = (
    ("ben", NOTES, "questioning", "course", "the first i elements are in order",
     "In order among themselves, or the smallest ones of the whole list?"),
    ("ada", NOTES, "assessing", "staff", "where it belongs",
     "A good way to say it. Ask in the next lecture why moving is better than swapping."),
    ("cleo", NOTES, "highlighting", "course", "That is the invariant.", ""),
    ("cleo", READING, "commenting", "course", "The first two are a proof by induction over the turns.",
     "This made it click for me: the outer loop is the induction."),
)  # fmt: skip
_ANSWER: Final = "Among themselves. The smallest one may still come: then everything moves."


def seed(raw: Any, reactions: Reactions, callers: Mapping[str, Caller]) -> None:
    """Make the documents and what is written beside them."""
    doors = {user: Transaction(raw, "/collaboration", caller, reactions) for user, caller in callers.items()}
    for given in _DOCUMENTS:
        body = DocumentBody.model_validate({"course_id": COURSE, **given})
        put_document(doors["ada"], callers["ada"], body)
    for index, (who, document_id, motivation, visibility, quote, text) in enumerate(_NOTES):
        command = CreateAnnotation.model_validate(
            {
                "key": f"demo-note-{index}",
                "document_id": document_id,
                "motivation": motivation,
                "visibility": visibility,
                "target": {"quote": {"exact": quote}},
                "body": text,
            }
        )
        made = create_annotation(doors[who], callers[who], command).annotation
        if motivation == "questioning":
            reply = CreateAnnotation.model_validate(
                {
                    "key": "demo-reply",
                    "document_id": document_id,
                    "parent_id": made.id,
                    "motivation": "commenting",
                    "visibility": "course",
                    "body": _ANSWER,
                }
            )
            create_annotation(doors["ada"], callers["ada"], reply)
