"""Which units of a document are gone, and with which editor each was taken away.

Yjs keeps that a unit is gone, not who deleted it: this is folded from the edits, in the order of their commits, before
they are forgotten. Whoever was the first has done it.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, Final, Self

from coursewire.namespaces.collaboration.encoding.lib0 import Source, write_number

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_VERSION: Final = 1


class _Spans:
    """Of one client: units from `starts` up to `ends`, in order, none twice; `by` whom, None: nobody knows."""

    __slots__ = ("by", "ends", "starts")

    def __init__(self) -> None:
        self.starts: list[int] = []
        self.ends: list[int] = []
        self.by: list[int | None] = []

    def put(self, start: int, end: int, by: int | None) -> None:
        """Note units that are not noted yet, among others that are."""
        index = bisect_right(self.starts, start)
        if index and self.ends[index - 1] > start:
            start = self.ends[index - 1]
        while start < end:
            stop = min(end, self.starts[index]) if index < len(self.starts) else end
            if stop > start:
                index = self._insert(index, start, stop, by)
            # Behind the one that begins there.
            start = self.ends[index] if index < len(self.starts) else end
            index += 1

    def _insert(self, index: int, start: int, stop: int, by: int | None) -> int:
        """Put one before the span `index`, or make it part of the one before that; return what comes behind it."""
        if index and self.ends[index - 1] == start and self.by[index - 1] == by:
            self.ends[index - 1] = stop
            return index
        self.starts.insert(index, start)
        self.ends.insert(index, stop)
        self.by.insert(index, by)
        return index + 1


class Deletions:
    """The units of a document that are gone, by client, and the client id of the editor that took each away."""

    def __init__(self) -> None:
        self._spans: dict[int, _Spans] = {}

    def note(self, ranges: Iterable[tuple[int, int, int]], by: int | None) -> None:
        """Take the (client, start, end) that an edit deletes; those that are gone already stay whose they were."""
        for client, start, end in ranges:
            spans = self._spans.get(client)
            if spans is None:
                spans = self._spans[client] = _Spans()
            spans.put(start, end, by)

    def between(self, client: int, start: int, end: int) -> Iterator[tuple[int, int, int | None]]:
        """Yield all units from `start` up to `end` as (start, end, by): None where nobody knows, or none is gone."""
        spans = self._spans.get(client)
        if spans is not None:
            for index in range(max(0, bisect_right(spans.starts, start) - 1), len(spans.starts)):
                first, last = max(start, spans.starts[index]), min(end, spans.ends[index])
                if spans.starts[index] >= end:
                    break
                if first >= last:
                    continue
                if first > start:
                    yield start, first, None
                yield first, last, spans.by[index]
                start = last
        if start < end:
            yield start, end, None

    def pack(self) -> bytes:
        """Write it down: whose editors, then for each client the step to each span, its size, and whose it is."""
        editors = sorted({by for spans in self._spans.values() for by in spans.by if by is not None})
        index: dict[int | None, int] = {None: 0, **{by: at for at, by in enumerate(editors, 1)}}
        numbers: list[int] = [_VERSION, len(editors), *editors, len(self._spans)]
        for client, spans in sorted(self._spans.items()):
            numbers += (client, len(spans.starts))
            behind = 0
            for start, end, by in zip(spans.starts, spans.ends, spans.by, strict=True):
                numbers += (start - behind, end - start, index[by])
                behind = end
        return b"".join(map(write_number, numbers))

    @classmethod
    def unpack(cls, packed: bytes) -> Self:
        """Read what `pack` wrote; nothing at all stands for none. Raises Invalid(field="deleted")."""
        found = cls()
        if not packed:
            return found
        source = Source(packed, "deleted")
        if source.number() != _VERSION:
            raise source.refuse("it is of another version")
        editors: list[int | None] = [None]
        editors += [source.number() for _ in range(source.count())]
        for _ in range(source.count(2)):
            spans = found._spans[source.number()] = _Spans()
            behind = 0
            for _ in range(source.count(3)):
                start = behind + source.number()
                behind = start + source.number()
                by = source.number()
                if by >= len(editors):
                    raise source.refuse("it names an editor that is not there")
                spans.starts.append(start)
                spans.ends.append(behind)
                spans.by.append(editors[by])
        source.finish()
        return found
