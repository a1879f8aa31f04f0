"""What documents begin with. A seed is written once, when its document is made, and by nobody else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pycrdt import get_state

from coursewire.errors import Invalid, TooLarge
from coursewire.namespaces.collaboration.encoding.seeding import doc_of_html, doc_of_text
from coursewire.namespaces.collaboration.encoding.vectors import read_state_vector
from coursewire.namespaces.collaboration.rules.limits import MOST_DOCUMENT
from coursewire.namespaces.collaboration.store import updates, writers
from coursewire.namespaces.collaboration.store.updates import Edit, Kept
from coursewire.namespaces.collaboration.store.writers import Writer

if TYPE_CHECKING:
    from coursewire.namespaces.collaboration.store.documents import DocumentRow
    from coursewire.realtime.transaction import Transaction

SEED_CLIENT: Final = 1
"""The client id of every seed: it stands for nobody."""
NOBODY: Final = ""
SEED_OFFSET: Final = 0
"""Before the first event of the document's stream: a second seed would have the same key."""


@dataclass(frozen=True, slots=True)
class Seed:
    """What a document can begin with."""

    id: str
    title: str
    description: str
    html: str


TEMPLATES: Final = (
    Seed(
        "lecture-notes",
        "Lecture notes",
        "Written together during a lecture: key ideas, examples, what stayed unclear.",
        "<h1>Lecture notes</h1>"
        "<p><em>Topic and date</em></p>"
        "<h2>What we want to know</h2><ul><li><p></p></li></ul>"
        "<h2>Key ideas</h2><ol><li><p></p></li></ol>"
        "<h2>Examples</h2><p></p>"
        "<h2>What stayed unclear</h2><p>Mark it, and ask beside it.</p><ul><li><p></p></li></ul>"
        "<h2>In one sentence</h2><p></p>",
    ),
    Seed(
        "essay-draft",
        "Essay draft",
        "Question, thesis, three arguments, an objection, sources.",
        "<h1>Working title</h1>"
        "<h2>The question</h2><p></p>"
        "<h2>The thesis, in one sentence</h2><blockquote><p></p></blockquote>"
        "<h2>First argument</h2><p>Claim. Evidence. Why it matters.</p>"
        "<h2>Second argument</h2><p></p>"
        "<h2>Third argument</h2><p></p>"
        "<h2>The best objection, and an answer</h2><p></p>"
        "<h2>Conclusion</h2><p></p>"
        "<h2>Sources</h2><ol><li><p></p></li></ol>",
    ),
    Seed(
        "lab-report",
        "Lab report",
        "Aim, method, observations, results, discussion.",
        "<h1>Lab report</h1>"
        "<p><strong>Group:</strong> </p><p><strong>Date:</strong> </p>"
        "<h2>Aim</h2><p></p>"
        "<h2>Hypothesis</h2><p></p>"
        "<h2>Materials and method</h2><ol><li><p></p></li></ol>"
        "<h2>Observations</h2><p>What was seen, with units; not yet what it means.</p>"
        "<h2>Results</h2><p></p>"
        "<h2>Discussion</h2><p>Does it support the hypothesis? What went wrong, and what would you change?</p>"
        "<h2>Conclusion</h2><p></p>",
    ),
    Seed(
        "peer-review",
        "Peer review",
        "A frame for feedback that helps: what works, what does not yet, one next step.",
        "<h1>Peer review</h1>"
        "<p><em>Read the whole text once before you write.</em></p>"
        "<h2>What the text says, in my words</h2><p></p>"
        "<h2>Two things that work</h2><ol><li><p></p></li><li><p></p></li></ol>"
        "<h2>Where I got lost</h2><p>Quote the place.</p><blockquote><p></p></blockquote>"
        "<h2>A question for the author</h2><p></p>"
        "<h2>One next step</h2><p></p>",
    ),
    Seed(
        "group-project",
        "Group project",
        "Goal, who does what until when, decisions, open questions.",
        "<h1>Group project</h1>"
        "<h2>Our goal</h2><p></p>"
        "<h2>Who does what, until when</h2><ul><li><p><strong>Name:</strong> task, date</p></li></ul>"
        "<h2>Decisions</h2><ol><li><p></p></li></ol>"
        "<h2>Open questions</h2><ul><li><p></p></li></ul>"
        "<h2>Meeting notes</h2><h3>Date</h3><p></p>",
    ),
    Seed(
        "lesson-plan",
        "Lesson plan",
        "Objectives, phases with times, material, what to look back on.",
        "<h1>Lesson plan</h1>"
        "<p><strong>Class and topic:</strong> </p>"
        "<h2>After this lesson, learners can</h2><ul><li><p></p></li></ul>"
        "<h2>Phases</h2>"
        "<h3>Opening (10 min)</h3><p></p>"
        "<h3>Working it out (25 min)</h3><p></p>"
        "<h3>Putting it together (10 min)</h3><p></p>"
        "<h2>Material</h2><ul><li><p></p></li></ul>"
        "<h2>How I will know that it worked</h2><p></p>"
        "<h2>Looking back</h2><p></p>",
    ),
)
"""Those that come with the house, in every course."""

_BY_ID: Final = {template.id: template for template in TEMPLATES}


def seed_of(kind: str, *, template: str | None = None, html: str | None = None) -> bytes | None:
    """Return the update that a new document begins with; None for a page, which has no content of its own here.

    Raises Invalid for a template that there is not, for two contents, and for the content of a page.
    """
    if template is not None and html is not None:
        raise Invalid("give a template or html, not both", field="html")
    if kind == "page":
        if template is not None or html is not None:
            field = "template" if template is not None else "html"
            raise Invalid("a page is kept elsewhere: it has no content of its own here", field=field)
        return None
    if template is not None:
        found = _BY_ID.get(template)
        if found is None:
            raise Invalid(f"must be one of {', '.join(_BY_ID)}", field="template")
        html = found.html
    doc = doc_of_text("", client_id=SEED_CLIENT) if html is None else doc_of_html(html, client_id=SEED_CLIENT)
    update = doc.get_update()
    if len(update) > MOST_DOCUMENT:
        raise TooLarge(f"a document has at most {MOST_DOCUMENT:,} bytes", field="html")
    return update


def write_seed(tx: Transaction, document: DocumentRow, seed: bytes | None) -> None:
    """Write what a document begins with, in the transaction in which it is made."""
    if seed is None:
        return
    clocks = read_state_vector(get_state(seed))
    writers.save_writers(
        tx,
        document.id,
        document.epoch,
        [(client, Writer(NOBODY, clock)) for client, clock in clocks.items()],
    )
    updates.insert_updates(
        tx, document.id, document.epoch, [Kept(Edit(SEED_OFFSET, seed), SEED_CLIENT, NOBODY)]
    )
