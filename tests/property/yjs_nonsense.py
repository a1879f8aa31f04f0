"""Documents that several people wrote, and random updates that are well formed and say nothing sensible about them."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any, cast

from pycrdt import Decoder, Doc, XmlElement, XmlFragment, XmlText

from coursewire.namespaces.collaboration.encoding.homes import ROOT, UNSURE
from coursewire.namespaces.collaboration.encoding.lib0 import write_number, write_raw

if TYPE_CHECKING:
    from coursewire.namespaces.collaboration.encoding.known import Known
    from coursewire.namespaces.collaboration.encoding.structs import Id

PIECES = ("x", "字", "😀", "ab", "e\u0301", "👩‍🏫", "long enough to be cut")


def root_of(doc: Doc[Any]) -> XmlFragment:
    return cast("XmlFragment", doc.get("default", type=XmlFragment))


def clocks_of(doc: Doc[Any]) -> dict[int, int]:
    source = Decoder(doc.get_state())
    return {source.read_var_uint(): source.read_var_uint() for _ in range(source.read_var_uint())}


def cut_points(text: XmlText) -> list[int]:
    """Where characters begin, in the bytes that pycrdt counts by."""
    points = [0]
    for piece, _marks in text.diff():
        for character in piece:
            points.append(points[-1] + len(character.encode()))
    return points


def edit(rng: Random, doc: Doc[Any]) -> None:
    """Do one thing that an editor can do."""
    fragment = root_of(doc)
    count, what = len(fragment.children), rng.random()
    if what < 0.25 or not count:
        element = XmlElement("paragraph", None, [XmlText(rng.choice(("", *PIECES)))])
        fragment.children.insert(rng.randrange(count + 1), element)
        return
    index = rng.randrange(count)
    if what < 0.35:
        del fragment.children[index]
        return
    element = cast("XmlElement", fragment.children[index])
    if what < 0.45:
        element.attributes["level"] = rng.choice(("1", "2"))
    elif not len(element.children):
        element.children.append(XmlText("new"))
    elif what < 0.5:
        del element.children[0]
    else:
        _edit_text(rng, cast("XmlText", element.children[0]), what)


def _edit_text(rng: Random, text: XmlText, what: float) -> None:
    points = cut_points(text)
    if what < 0.8 or len(points) < 3:
        text.insert(rng.choice(points), rng.choice(PIECES))
        return
    start, end = sorted(rng.sample(points, 2))
    if what < 0.9:
        del text[start:end]
    else:
        text.format(start, end, {"bold": rng.choice(({}, None))})


def updates_of(doc: Doc[Any]) -> list[bytes]:
    """Return the list that each further edit of a document is put into."""
    heard: list[bytes] = []
    doc.observe(lambda event: heard.append(bytes(event.update)))
    return heard


class Nonsense:
    """Updates with random neighbours, parents, contents and deletions, of units that mostly exist."""

    def __init__(self, rng: Random, doc: Doc[Any], known: Known) -> None:
        self.rng = rng
        self.clocks = clocks_of(doc)
        self.elements = [unit for unit in known.depths if unit[0] >= 0]
        self.own: list[tuple[int, int]] = []

    def update(self) -> bytes:
        rng = self.rng
        writers = [self._writer() for _ in range(rng.choice((1, 1, 1, 2)))]
        self.own = []
        blocks = []
        for client, start in dict(writers).items():
            count, clock, body = rng.randrange(1, 6), start, b""
            for _ in range(count):
                struct, size = self._struct(client, clock)
                body, clock = body + struct, clock + size
            self.own.append((client, clock))
            blocks.append(write_number(count) + write_number(client) + write_number(start) + body)
        return write_number(len(blocks)) + b"".join(blocks) + self._deletes()

    def _writer(self) -> tuple[int, int]:
        client = self.rng.choice((*self.clocks, self.rng.randrange(1, 2**53)))
        return client, max(0, self.clocks.get(client, 0) - self.rng.choice((0, 0, 0, 2)))

    def _unit(self, client: int, clock: int) -> Id:
        rng = self.rng
        if clock and rng.random() < 0.3:
            return client, rng.randrange(clock)
        if self.own and rng.random() < 0.3:
            other, end = rng.choice(self.own)
            return other, rng.randrange(end + 1)
        other = rng.choice(tuple(self.clocks))
        return other, rng.randrange(self.clocks[other])

    def _struct(self, client: int, clock: int) -> tuple[bytes, int]:
        rng = self.rng
        content = rng.choice((0, 1, 4, 4, 4, 6, 7, 7, 8))
        if not content:
            size = rng.randrange(1, 4)
            return bytes([0]) + write_number(size), size
        info, head = content, b""
        for bit in (0x80, 0x40):
            if rng.random() < 0.5:
                info |= bit
                head += _id(self._unit(client, clock))
        if not info & 0xC0:
            if keyed := rng.random() < 0.3:
                info |= 0x20
            head += self._parent(client, clock) + (write_raw(b"level") if keyed else b"")
        body, size = self._content(content)
        return bytes([info]) + head + body, size

    def _parent(self, client: int, clock: int) -> bytes:
        if self.rng.random() < 0.3:
            return b"\x01" + write_raw(b"default")
        if self.elements and self.rng.random() < 0.7:
            return b"\x00" + _id(self.rng.choice(self.elements))
        return b"\x00" + _id(self._unit(client, clock))

    def _content(self, content: int) -> tuple[bytes, int]:
        rng = self.rng
        if content == 1:
            size = rng.randrange(1, 5)
            return write_number(size), size
        if content == 4:
            text = rng.choice(PIECES)
            return write_raw(text.encode()), len(text.encode("utf-16-le")) // 2
        if content == 6:
            return write_raw(b"bold") + write_raw(rng.choice((b"{}", b"null", b'{"a":[1]}'))), 1
        if content == 7:
            return rng.choice((b"\x06", b"\x03" + write_raw(b"paragraph"))), 1
        return b"\x02" + bytes([rng.choice((127, 126, 121, 120))]) + b"\x77" + write_raw(b"v"), 2

    def _deletes(self) -> bytes:
        rng = self.rng
        if rng.random() < 0.6:
            return b"\x00"
        client = rng.choice(tuple(self.clocks))
        start = rng.randrange(self.clocks[client])
        return (
            b"\x01" + write_number(client) + b"\x01" + write_number(start) + write_number(rng.randrange(1, 5))
        )


def _id(unit: Id) -> bytes:
    return write_number(unit[0]) + write_number(unit[1])


def crowd(rng: Random, known: Known) -> bytes:
    """Return an update that puts much beside a few places, with several client ids, or takes much out."""
    writes = rng.choice((LETTER, LETTER, PARAGRAPH))
    places = [_somewhere(rng, known, writes) for _ in range(rng.randrange(1, 4))]
    if rng.random() < 0.3:
        client, clock = places[0]
        size, most = rng.randrange(1, 3), known.clocks[client]
        starts = range(clock, most - size, size + rng.randrange(1, 3))[:40]
        spans = b"".join(write_number(start) + write_number(size) for start in starts)
        if starts:
            return b"\x00\x01" + write_number(client) + write_number(len(starts)) + spans
    blocks = []
    for client in rng.sample(range(2, 2_000), rng.randrange(1, 4)):
        if client in known.clocks:
            continue
        how = rng.choice(("behind", "before", "between", "on", "backwards", "first", "any"))
        structs = [
            _crowded(rng, how, places, known, (client, clock), writes)
            for clock in range(rng.randrange(1, 20))
        ]
        blocks.append(write_number(len(structs)) + write_number(client) + b"\x00" + b"".join(structs))
    return write_number(len(blocks)) + b"".join(blocks) + b"\x00"


LETTER, PARAGRAPH = b"\x04\x01y", b"\x07\x03\x01p"
"""A content, and what it says."""


def _crowded(rng: Random, how: str, places: list[Id], known: Known, unit: Id, writes: bytes) -> bytes:
    """A letter or paragraph beside places, or beside the one before it."""
    if how == "any":
        how = rng.choice(("behind", "before", "between", "on", "backwards", "first"))
    last = (unit[0], unit[1] - 1) if unit[1] else None
    left: Id | None = rng.choice(places)
    right: Id | None = rng.choice(places)
    if how in ("behind", "on"):
        left, right = (last or left) if how == "on" else left, None
    elif how in ("before", "first"):
        left, right = None, (last or right) if rng.random() < 0.7 else right
    elif how == "backwards":
        right = last or right
    if how == "first" and last is None:
        home = known.home(places[0])
        if home in known.texts:
            return b"\x04\x00" + _id(home) + b"\x01y"
        if home == ROOT and writes == PARAGRAPH:
            return b"\x07\x01" + write_raw(b"default") + writes[1:]
    bits = (0x80 if left else 0) | (0x40 if right else 0)
    return bytes([bits | writes[0]]) + b"".join(_id(one) for one in (left, right) if one) + writes[1:]


def _somewhere(rng: Random, known: Known, writes: bytes) -> Id:
    """A unit of a document where this fits, often the same; or what is known to stand first in an element or run."""
    homes = known.texts if writes == LETTER else known.depths.keys() - known.texts
    firsts = {known.first_in(home) for home in homes} - {None, UNSURE}
    if firsts and rng.random() < 0.3:
        return rng.choice(sorted(unit for unit in firsts if unit is not None))
    if rng.random() < 0.6:
        units = [(client, clock // 2) for client, clock in known.clocks.items()]
    else:
        units = [(client, rng.randrange(clock)) for client, clock in known.clocks.items() for _ in range(3)]
    fitting = [unit for unit in units if known.home(unit) in homes]
    return rng.choice(fitting[:2] or units)


def collected(rng: Random) -> bytes:
    """Return an update of units that are gone, any number of them."""
    structs = [b"\x00" + write_number(rng.choice((1, 5, 2**20))) for _ in range(rng.randrange(1, 20))]
    client = write_number(rng.randrange(2_000, 2**40))
    return b"\x01" + write_number(len(structs)) + client + b"\x00" + b"".join(structs) + b"\x00"


_LARGE = (
    b"\xff\xff\xff\xff\x07",
    b"\xff\xff\xff\xff\xff\xff\xff\x0f",
    b"\xff\x7f",
    b"\x80\x80\x01",
    b"\xa0\x9c\x01",
)


def mutated(rng: Random, raw: bytes) -> bytes:
    """Change some bytes of an update: turned over, blown up to a large number, repeated, cut."""
    changed = bytearray(raw)
    for _ in range(rng.randrange(1, 4)):
        at = rng.randrange(len(changed))
        how = rng.randrange(5)
        if how == 0:
            changed[at] ^= 1 << rng.randrange(8)
        elif how == 1:
            changed[at : at + 1] = rng.choice(_LARGE)
        elif how == 2:
            changed[at:at] = changed[at : at + rng.randrange(1, 40)] * rng.randrange(1, 10)
        elif how == 3:
            changed[at] = rng.choice((0, 1, 0x7F, 0x80, 0xFF))
        else:
            del changed[at + 1 :]
    return bytes(changed)
