"""The load on documents: editors with a Yjs document each, on one epoll, the same for both servers.

What an editor types is a real update of its own document, with the time in its text; what it is sent is counted and not
applied, so that the load is light and no editor's update depends on another's.
"""

from __future__ import annotations

import json
import select
import socket
import time
from collections.abc import Sequence
from typing import Any, Protocol

import pycrdt

from bench.swarm import frame

STAMP = 16
"""Digits of the time in what is typed: monotonic microseconds."""
_KEY = b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"


def varuint(number: int) -> bytes:
    """Return a number as lib0 writes it: seven bits a byte, the lowest first."""
    written = bytearray()
    while number > 0x7F:
        written.append(number & 0x7F | 0x80)
        number >>= 7
    written.append(number)
    return bytes(written)


def sized(data: bytes) -> bytes:
    """Return bytes behind their length."""
    return varuint(len(data)) + data


class Editor:
    """One connection with one document: `ready` once the document was opened."""

    __slots__ = (
        "_clock",
        "_doc",
        "_text",
        "about",
        "client_id",
        "document",
        "opened_ms",
        "opening_at",
        "ready",
        "rest",
        "sent",
        "sock",
    )

    def __init__(self, sock: socket.socket, document: str, client_id: int) -> None:
        self.sock = sock
        self.document = document
        self.client_id = client_id
        self.ready = False
        self.opening_at = self.opened_ms = 0.0
        """When the document was asked for, and how long the answer took."""
        self.sent = 0
        self.rest = b""
        self.about: Any = None
        """What the protocol keeps about it."""
        self._doc: pycrdt.Doc[Any] = pycrdt.Doc(client_id=client_id)
        self._text: pycrdt.XmlText | None = None
        self._clock = 0

    def type(self, text: str) -> bytes:
        """Write at the end of a paragraph of its own; return the update."""
        before = self._doc.get_state()
        if self._text is None:
            fragment = self._doc.get("default", type=pycrdt.XmlFragment)
            paragraph = fragment.children.append(pycrdt.XmlElement("paragraph"))
            self._text = paragraph.children.append(pycrdt.XmlText(text))
        else:
            self._text += text
        return self._doc.get_update(before)

    def move(self) -> bytes:
        """Move the caret; return the awareness update."""
        self._clock += 1
        position = {
            "type": None,
            "tname": None,
            "item": {"client": self.client_id, "clock": self._clock % 40},
        }
        state = {"user": {"name": "Somebody"}, "cursor": {"anchor": position, "head": position}}
        entry = varuint(self.client_id) + varuint(self._clock) + sized(json.dumps(state).encode())
        return varuint(1) + entry

    def send(self, data: bytes) -> None:
        """Write frames. Raises RuntimeError when the server does not read."""
        view = memoryview(data)
        deadline = time.monotonic() + 10
        while view:
            try:
                view = view[self.sock.send(view) :]
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise RuntimeError("the server does not read") from None
                time.sleep(0.001)


class Dialect(Protocol):
    """How one server is spoken to."""

    path: str

    def hear(self, editors: Editors, editor: Editor, opcode: int, payload: bytes) -> None:
        """Take a frame: go on with opening the document, or count what it brings."""
        ...

    def update(self, editor: Editor, update: bytes) -> bytes:
        """Return the frames of an update."""
        ...

    def cursor(self, editor: Editor, awareness: bytes) -> bytes:
        """Return the frames of a caret."""
        ...


class Editors:
    """All editors of one server."""

    def __init__(self, port: int, dialect: Dialect) -> None:
        self._address = ("127.0.0.1", port)
        self._dialect = dialect
        self._epoll = select.epoll()
        self._editors: dict[int, Editor] = {}
        self._upgrading: set[int] = set()
        self.updates = 0
        """Updates that arrived, all editors together."""
        self.carets = 0
        self.saved = 0
        self.latencies: list[float] | None = None
        self.nap = 0.0
        """As in `swarm`: while CPU is measured the load reads in batches."""

    def open(self, documents: Sequence[str], *, timeout: float = 60, first_id: int = 1_000) -> list[Editor]:
        """Connect an editor per document named, in each its own, and wait until all have opened it."""
        editors = []
        for number, document in enumerate(documents):
            sock = socket.create_connection(self._address, timeout=30)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.sendall(
                f"GET {self._dialect.path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\n"
                "Upgrade: websocket\r\n".encode()
                + _KEY
            )
            sock.setblocking(False)
            editor = Editor(sock, document, first_id + number)
            editors.append(editor)
            self._editors[sock.fileno()] = editor
            self._upgrading.add(sock.fileno())
            self._epoll.register(sock.fileno(), select.EPOLLIN)
            while sum(not editor.ready for editor in editors) > 20:
                self._serve(timeout)
        deadline = time.monotonic() + timeout
        while not all(editor.ready for editor in editors):
            if time.monotonic() > deadline:
                raise TimeoutError("not every editor could open its document")
            self._serve(1.0)
        return editors

    def edit(self, editors: Sequence[Editor], seconds: float, *, updates: float, cursors: float = 0) -> int:
        """Let each type `updates` and move `cursors` times a second, evenly; return how many updates were sent."""
        total, moves = int(len(editors) * updates * seconds), int(len(editors) * cursors * seconds)
        start, sent, moved = time.monotonic(), 0, 0
        while sent < total or moved < moves:
            passed = (time.monotonic() - start) / seconds
            while sent < min(total, passed * total):
                editor = editors[sent % len(editors)]
                text = f"^{time.monotonic_ns() // 1_000:0{STAMP}d}"
                editor.sent += 1
                editor.send(self._dialect.update(editor, editor.type(text)))
                sent += 1
            while moved < min(moves, passed * moves):
                editor = editors[moved % len(editors)]
                editor.send(self._dialect.cursor(editor, editor.move()))
                moved += 1
            self._serve(0.001)
        return sent

    def wait(self, updates: int, timeout: float = 30) -> None:
        """Serve the sockets until so many updates have arrived. Raises TimeoutError."""
        deadline = time.monotonic() + timeout
        while self.updates < updates:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.updates} of {updates} updates arrived")
            self._serve(0.1)

    def send_update(self, editor: Editor, update: bytes) -> None:
        """Send one."""
        editor.send(self._dialect.update(editor, update))

    def wait_saved(self, saved: int, timeout: float = 60) -> None:
        """Serve the sockets until so many updates were acknowledged. Raises TimeoutError."""
        deadline = time.monotonic() + timeout
        while self.saved < saved:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.saved} of {saved} updates were acknowledged")
            self._serve(0.1)

    def idle(self, seconds: float) -> None:
        """Serve the sockets for a while."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._serve(left)

    def took(self, update: bytes) -> None:
        """Count what arrived, by what was typed: a server may send several updates as one."""
        stamps = update.split(b"^")[1:]
        self.updates += len(stamps)
        if self.latencies is not None:
            now = time.monotonic_ns() / 1e9
            self.latencies += [now - int(stamp[:STAMP]) / 1e6 for stamp in stamps]

    def close(self) -> None:
        """Cut all connections."""
        for editor in self._editors.values():
            editor.sock.close()
        self._editors.clear()
        self._epoll.close()

    def _serve(self, timeout: float) -> None:
        if self.nap:
            time.sleep(self.nap)
        for fd, _ in self._epoll.poll(timeout, 1_024):
            self._read(self._editors[fd])

    def _read(self, editor: Editor) -> None:
        try:
            data = editor.sock.recv(262_144)
        except BlockingIOError:
            return
        if not data:
            raise ConnectionError("the server closed a connection")
        data = editor.rest + data
        fd = editor.sock.fileno()
        if fd in self._upgrading:
            head, ended, data = data.partition(b"\r\n\r\n")
            if not ended:
                editor.rest = head
                return
            if not head.startswith(b"HTTP/1.1 101"):
                raise ConnectionError(f"no upgrade: {head[:200]!r}")
            self._upgrading.discard(fd)
            self._dialect.hear(self, editor, 0, b"")
        at, size, hear = 0, len(data), self._dialect.hear
        while size - at >= 2:
            length, start = data[at + 1], at + 2
            if length == 126:
                length, start = int.from_bytes(data[at + 2 : at + 4], "big"), at + 4
            elif length == 127:
                length, start = int.from_bytes(data[at + 2 : at + 10], "big"), at + 10
            end = start + length
            if end > size or start > size:
                break
            hear(self, editor, data[at] & 0x0F, data[start:end])
            at = end
        editor.rest = data[at:]


class Hocuspocus:
    """A frame is a document's name, a kind (0 sync, 1 awareness, 2 authentication, 8 saved), and what belongs to it."""

    path = "/"

    def __init__(self, token: str) -> None:
        self._token = token.encode()

    def hear(self, editors: Editors, editor: Editor, opcode: int, payload: bytes) -> None:
        """Take a frame."""
        if opcode == 9:
            editor.send(frame(payload, opcode=10))
            return
        if opcode == 8:
            raise ConnectionError(f"the server closed a WebSocket: {payload!r}")
        name = sized(editor.document.encode())
        if not payload:
            editor.send(frame(name + b"\x02\x00" + sized(self._token), opcode=2))
            return
        kind = payload[len(name) :]
        if kind[0] == 0 and kind[1] == 2:
            editors.took(kind)
        elif kind[0] == 1:
            editors.carets += 1
        elif kind[0] == 8:
            editors.saved += 1
        elif kind[0] == 2 and kind[1] == 2:
            editor.send(frame(name + b"\x00\x00" + sized(b"\x00"), opcode=2))
        elif kind[0] == 2:
            raise ConnectionError(f"refused: {kind!r}")
        elif kind[0] == 0 and kind[1] == 1:
            editor.ready = True

    def update(self, editor: Editor, update: bytes) -> bytes:
        """Return the frame of an update."""
        return frame(sized(editor.document.encode()) + b"\x00\x02" + sized(update), opcode=2)

    def cursor(self, editor: Editor, awareness: bytes) -> bytes:
        """Return the frame of a caret."""
        return frame(sized(editor.document.encode()) + b"\x01" + sized(awareness), opcode=2)


class Coursewire:
    """Socket.IO with attachments; an editor is a user of its own."""

    path = "/socket.io/?EIO=4&transport=websocket"
    _NAMESPACE = b"/collaboration,"
    _UPDATED = b'451-/collaboration,["document.updated"'
    _MOVED = b'451-/collaboration,["awareness.changed"'

    def __init__(self, tokens: Sequence[str], first_id: int = 1_000) -> None:
        self._tokens = tokens
        self._first_id = first_id

    def hear(self, editors: Editors, editor: Editor, opcode: int, payload: bytes) -> None:
        """Take a frame."""
        if opcode == 2:
            if editor.about == "update":
                editors.took(payload)
            elif editor.about == "caret":
                editors.carets += 1
            editor.about = None
        elif payload.startswith(self._UPDATED):
            editor.about = "update"
        elif payload.startswith(self._MOVED):
            editor.about = "caret"
        elif payload.startswith((b"43", b"46")):
            self._answered(editors, editor, payload)
        elif payload.startswith(b"44") or opcode == 8:
            raise ConnectionError(f"refused: {payload!r}")
        else:
            self._join(editor, payload)

    def _join(self, editor: Editor, payload: bytes) -> None:
        if payload == b"2":
            editor.send(frame(b"3"))
        elif payload.startswith(b"0{"):
            auth = {"token": self._tokens[(editor.client_id - self._first_id) % len(self._tokens)]}
            editor.send(frame(b"40" + self._NAMESPACE + json.dumps(auth).encode()))
        elif payload.startswith(b'42/collaboration,["session.ready"'):
            what = {"document_id": editor.document, "client_id": editor.client_id}
            editor.opening_at = time.monotonic()
            editor.send(self._binary(1, "document.open", what, b"\x00"))

    def _answered(self, editors: Editors, editor: Editor, payload: bytes) -> None:
        if b'"ok":true' not in payload:
            raise ConnectionError(f"a command failed: {payload!r}")
        if editor.ready:
            editors.saved += 1
            return
        answer = json.loads(payload[payload.index(b"[") :])[0]["data"]
        editor.opened_ms = (time.monotonic() - editor.opening_at) * 1e3
        editor.document = f"{editor.document}\n{answer['epoch']}"
        editor.ready = True

    def update(self, editor: Editor, update: bytes) -> bytes:
        """Return the frames of an update."""
        document, _, epoch = editor.document.partition("\n")
        what = {"document_id": document, "epoch": epoch, "sequence": editor.sent}
        return self._binary(1 + editor.sent, "document.update", what, update)

    def cursor(self, editor: Editor, awareness: bytes) -> bytes:
        """Return the frames of a caret."""
        document, _, _ = editor.document.partition("\n")
        return self._binary(None, "awareness.set", {"document_id": document}, awareness)

    def _binary(self, ack: int | None, name: str, payload: dict[str, Any], data: bytes) -> bytes:
        arguments = json.dumps([name, payload, {"_placeholder": True, "num": 0}])
        text = b"451-" + self._NAMESPACE + f"{'' if ack is None else ack}{arguments}".encode()
        return frame(text) + frame(data, opcode=2)
