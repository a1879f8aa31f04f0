"""Measures documents beside Hocuspocus: an update's CPU and way, memory, and opening a long one.

Both get the same updates from the same editors over WebSocket, verify a JWT for each, and keep documents in SQLite.
They promise different things: ours acknowledges an update when it is committed; Hocuspocus stores the whole document
when nobody has edited it for 2 s, at the latest after 10 s, and acknowledges before.
"""

from __future__ import annotations

import random
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

import pycrdt

from bench.editors import Coursewire, Dialect, Editor, Editors, Hocuspocus
from bench.rooms import call, make_course
from bench.servers import HOCUSPOCUS, OURS, Server, running
from bench.tokens import COURSE, token

EDITORS = 100
UPDATES, CURSORS = 2, 5
"""Per second and editor."""
ROUNDS, ROUND_S = 5, 3.0
CROWD_S = 15.0
SHELF = 100
"""Documents that are open at once while memory is measured, an editor in each."""
EDITS = 1_500
"""In each of them."""
LONG, PIECE = 260_000, 100
"""Edits of the long document, and how many of them an update has."""
REST_S = 15.0
"""Between its last edit and the end of the server: a snapshot of all that was written so fast takes its time."""


def measure(name: str, found: dict[str, Any]) -> None:
    """Measure one server; ours also with the long document."""
    with running(name) as server:
        _one_document(server, found)
    with running(name) as server:
        _many_documents(server, found)
    if name == OURS:
        with tempfile.TemporaryDirectory(prefix="coursewire-bench-") as folder:
            _long_document(Path(folder), found)


def _one_document(server: Server, found: dict[str, Any]) -> None:
    editors = Editors(server.port, _dialect(server))
    crowd = editors.open([_make(server, "crowd")] * EDITORS)
    editors.edit(crowd, 1.0, updates=UPDATES)
    editors.idle(1.0)
    editors.nap = 0.005
    rounds = []
    for _ in range(ROUNDS):
        before, arrived = server.cpu_seconds(), editors.updates
        sent = editors.edit(crowd, ROUND_S, updates=UPDATES)
        editors.wait(arrived + sent * (EDITORS - 1))
        rounds.append((server.cpu_seconds() - before) / sent * 1e6)
        editors.idle(0.2)
    found["update_us"] = rounds
    editors.nap, editors.latencies = 0.0, []
    before, saved = server.cpu_seconds(), editors.saved
    sent = editors.edit(crowd, CROWD_S, updates=UPDATES, cursors=CURSORS)
    editors.idle(1.0)
    found["update_p50"], found["update_p99"] = _percentiles(editors.latencies)
    found["crowd_us"] = (server.cpu_seconds() - before) / sent * 1e6
    found["acknowledged"] = (editors.saved - saved) / sent
    editors.close()


def _many_documents(server: Server, found: dict[str, Any]) -> None:
    editors = Editors(server.port, _dialect(server))
    first = editors.open([_make(server, "first")], first_id=900)
    _fill(editors, first[0], EDITS)
    editors.idle(1.0)
    before, _ = server.memory()
    for editor in editors.open([_make(server, f"shelf-{number}") for number in range(SHELF)]):
        _fill(editors, editor, EDITS)
    editors.idle(3.0)  # whoever stores later has stored by then
    after, _ = server.memory()
    found["document_kib"] = (after - before) / SHELF / 1024
    editors.close()


def _long_document(folder: Path, found: dict[str, Any]) -> None:
    with running(OURS, folder) as server:
        document = _make(server, "long")
        editors = Editors(server.port, _dialect(server))
        [editor] = editors.open([document])
        for update in _trace(editor.client_id, LONG, PIECE):
            editor.sent += 1
            editors.send_update(editor, update)
            if editor.sent - editors.saved > 50:
                editors.wait_saved(editor.sent - 20)
        editors.wait_saved(editor.sent)
        editors.idle(REST_S)
        editors.close()
    with running(OURS, folder) as server:
        editors = Editors(server.port, _dialect(server))
        editors.open([_make(server, "another")])  # so that the first of the long one is only that
        took = []
        for number in range(11):
            before = server.cpu_seconds()
            [editor] = editors.open([document], first_id=5_000 + number)
            took.append(editor.opened_ms)
            found.setdefault("open_cpu_ms", (server.cpu_seconds() - before) * 1e3)
        found["open_first_ms"], found["open_again_ms"] = took[0], statistics.median(took[1:])
        editors.close()


def _dialect(server: Server) -> Dialect:
    if server.name == OURS:
        return Coursewire([token(f"editor-{number}", "instructor") for number in range(EDITORS)])
    return Hocuspocus(token("editor", "instructor"))


def _make(server: Server, title: str) -> str:
    """Return the id of an empty document. Hocuspocus makes one of any name."""
    if server.name != OURS:
        return title
    make_course(server)
    made = call(server, "POST", "/v1/documents", {"course_id": COURSE, "title": title, "kind": "text"})
    return str(made["document"]["id"])


def _fill(editors: Editors, editor: Editor, edits: int) -> None:
    """Write a text that was edited so often, as one update."""
    saved, editor.sent = editors.saved, editor.sent + 1
    [update] = _trace(editor.client_id, edits, edits)
    editors.send_update(editor, update)
    editors.wait_saved(saved + 1)


def _trace(client_id: int, edits: int, piece: int) -> list[bytes]:
    """Return updates of somebody who types, goes back, deletes and jumps: the same for the same client id."""
    chance = random.Random(client_id)  # noqa: S311 - a load, not a secret
    doc: pycrdt.Doc[Any] = pycrdt.Doc(client_id=client_id)
    fragment = doc.get("default", type=pycrdt.XmlFragment)
    updates: list[bytes] = []
    # What a transaction changed, as an editor sends it: a difference of states would carry all deletions so far.
    doc.observe(lambda event: updates.append(event.update))
    done = caret = 0
    paragraph = text = None
    length = 0
    while done < edits:
        with doc.transaction():
            for _ in range(min(piece, edits - done)):
                done += 1
                if text is None or (length > 400 and chance.random() < 0.02):
                    paragraph = fragment.children.append(pycrdt.XmlElement("paragraph"))
                    text = paragraph.children.append(pycrdt.XmlText(""))
                    length = caret = 0
                if chance.random() < 0.02:
                    caret = chance.randint(0, length)
                if caret and chance.random() < 0.1:
                    caret -= 1
                    del text[caret : caret + 1]
                    length -= 1
                else:
                    text.insert(caret, chance.choice("abcdefghijklmnopqrstuvwxyz     "))
                    caret += 1
                    length += 1
    return updates


def _percentiles(seconds: list[float]) -> tuple[float, float]:
    cuts = statistics.quantiles(seconds, n=100)
    return cuts[49] * 1e3, cuts[98] * 1e3


def main() -> int:
    """Run this part alone: `python -m bench.documents [server]`."""
    for name in sys.argv[1:] or (OURS, HOCUSPOCUS):
        found: dict[str, Any] = {}
        measure(name, found)
        for key, figure in found.items():
            values = figure if isinstance(figure, list) else [figure]
            sys.stdout.write(f"{name} {key}: {' '.join(f'{value:.1f}' for value in values)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
