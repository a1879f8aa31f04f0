"""Writers for the property tests of documents: one with pycrdt, one with Yjs in Node, the same edits for both."""

from __future__ import annotations

import json
import math
import subprocess
from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path
from typing import Any, Literal, Protocol

from pycrdt import Doc, XmlElement, XmlFragment, XmlText

ROOT = "default"


@dataclass(frozen=True, slots=True)
class Edit:
    """What to do where: places are parts (0 to 1) of what there is, so that it fits any document."""

    kind: Literal["write", "delete", "mark", "begin", "drop"]
    block: float
    start: float
    end: float
    words: str


class Written(Protocol):
    """A Yjs document, whoever keeps it."""

    client_id: int

    def apply_update(self, update: bytes) -> None: ...

    def get_state(self) -> bytes: ...

    def get_update(self, state: bytes | None = None) -> bytes: ...

    def edit(self, edit: Edit) -> None:
        """Change it; what `observe` was given hears of it."""
        ...

    def observe(self, callback: Callable[[Any], None]) -> Any: ...

    def read(self) -> list[str]:
        """Return the text of each paragraph."""
        ...


class PythonDoc(Doc[Any]):
    """With pycrdt."""

    def edit(self, edit: Edit) -> None:
        """Change it."""
        with self.transaction():
            self._edit(edit)

    def _edit(self, edit: Edit) -> None:
        root = self.get(ROOT, type=XmlFragment)
        length = len(root.children)
        at = min(length - 1, math.floor(edit.block * length))
        if edit.kind == "begin" or not length:
            paragraph = root.children.insert(round(edit.block * length), XmlElement("paragraph"))
            paragraph.children.append(XmlText(edit.words))
            return
        if edit.kind == "drop":
            del root.children[at]
            return
        chosen = root.children[at]
        assert isinstance(chosen, XmlElement)
        runs = [child for child in chosen.children if isinstance(child, XmlText)]
        if not runs:
            chosen.children.append(XmlText(edit.words))
            return
        text = _plain(runs[0])
        start, end = sorted(_bytes_before(text, part) for part in (edit.start, edit.end))
        if edit.kind == "write":
            runs[0].insert(start, edit.words)
        elif start < end and edit.kind == "delete":
            del runs[0][start:end]
        elif start < end:
            runs[0].format(start, end, {"bold": {}})

    def read(self) -> list[str]:
        """Return the text of each paragraph."""
        return paragraphs(self)


def paragraphs(doc: Doc[Any]) -> list[str]:
    """Return the text of each paragraph of a pycrdt document."""
    found = []
    for paragraph in doc.get(ROOT, type=XmlFragment).children:
        assert isinstance(paragraph, XmlElement)
        found.append("".join(_plain(run) for run in paragraph.children if isinstance(run, XmlText)))
    return found


def _plain(run: XmlText) -> str:
    return "".join(piece for piece, _ in run.diff() if isinstance(piece, str))


def _bytes_before(text: str, part: float) -> int:
    return len(text[: round(part * len(text))].encode())


class Node:
    """A process with Yjs documents."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            ["node", str(Path(__file__).parent / "peers/yjs.mjs")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        self._ids = count(1)

    def new(self, client_id: int) -> YjsDoc:
        """Make a document."""
        number = next(self._ids)
        self.ask(number, "new", client=client_id)
        return YjsDoc(self, number, client_id)

    def ask(self, doc: int, command: str, **rest: Any) -> Any:
        """Do something with a document."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"doc": doc, "command": command, **rest}) + "\n")
        line = self._process.stdout.readline()
        assert line, "the Node peer has ended"
        return json.loads(line)

    def close(self) -> None:
        """End it."""
        self._process.communicate()


@dataclass
class YjsDoc:
    """With Yjs."""

    node: Node
    number: int
    client_id: int

    def __post_init__(self) -> None:
        self._observers: list[Callable[[Any], None]] = []

    def apply_update(self, update: bytes) -> None:
        """Take an update."""
        self.node.ask(self.number, "apply", update=b64encode(update).decode())

    def get_state(self) -> bytes:
        """Return the state vector."""
        return b64decode(self.node.ask(self.number, "state"))

    def get_update(self, state: bytes | None = None) -> bytes:
        """Return what somebody with this state vector lacks."""
        return b64decode(self.node.ask(self.number, "update", state=b64encode(state or b"\x00").decode()))

    def edit(self, edit: Edit) -> None:
        """Change it."""
        what = asdict(edit)
        what["from"], what["to"] = what.pop("start"), what.pop("end")
        update = self.node.ask(self.number, "edit", **what)
        if update is not None:
            for observer in self._observers:
                observer(_Change(b64decode(update)))

    def observe(self, callback: Callable[[Any], None]) -> None:
        """Hear of one's own edits."""
        self._observers.append(callback)

    def read(self) -> list[str]:
        """Return the text of each paragraph."""
        found: list[str] = self.node.ask(self.number, "read")
        return found


@dataclass(frozen=True, slots=True)
class _Change:
    update: bytes
