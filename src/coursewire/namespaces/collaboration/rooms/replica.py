"""A document in memory, and what has to hold of an edit before it is applied to it."""

from __future__ import annotations

from time import thread_time
from typing import TYPE_CHECKING

from coursewire.errors import Invalid, TooLarge
from coursewire.namespaces.collaboration.encoding.applying import apply
from coursewire.namespaces.collaboration.encoding.labour import check_deletions
from coursewire.namespaces.collaboration.encoding.placing import check_profile, note_applied
from coursewire.namespaces.collaboration.encoding.reading import MOST_CLOCK, missing, read_update
from coursewire.namespaces.collaboration.rules import limits
from coursewire.namespaces.collaboration.service.editing import gap, somebody_elses

if TYPE_CHECKING:
    from coursewire.namespaces.collaboration.encoding.reading import Update
    from coursewire.namespaces.collaboration.service.compacting import Prepared
    from coursewire.namespaces.collaboration.service.contents import Contents


class Broken(Exception):  # noqa: N818 - what it is, not an error that anybody is told
    """A document has raised while it was changed: what is in it now nobody knows, and it is good for nothing."""


class Replica:
    """One document. It may be ahead of the log, by edits that are being written.

    All of it belongs to the event loop; whatever raises `Broken` is to be thrown away.
    """

    __slots__ = (
        "_known",
        "_measured",
        "_owners",
        "doc",
        "epoch",
        "has_shrunk",
        "loading_s",
        "offset",
        "size",
        "stream_epoch",
        "tail",
        "tail_bytes",
        "writing",
    )

    def __init__(self, contents: Contents) -> None:
        self.doc = contents.doc
        self.epoch = contents.document.epoch
        self.stream_epoch = contents.position.epoch
        self.offset = contents.position.offset
        """Of the last event of the document's stream that this has heard of."""
        self.size = contents.size
        """Bytes, somewhat more than the document is when encoded; `measure` says it exactly."""
        self.tail = contents.tail
        self.tail_bytes = contents.tail_bytes
        """How many edits there are since the last snapshot."""
        self.writing: set[bytes] = set()
        """Edits that were applied here and are being written: when they are heard of, they are there already."""
        self._measured = -1
        """What `size` was when it was last exact."""
        self.has_shrunk = False
        """Whether something was deleted since then."""
        self.loading_s = contents.loading_s
        """CPU that loading it would take; `compacted` says it exactly."""
        self._known = contents.known
        self._owners = contents.owners

    def admit(self, user_id: str, client: int, start: int) -> None:
        """Raise unless somebody may go on from there as this client: Forbidden (another's id), Conflict (a gap)."""
        if self._owners.get(client, user_id) != user_id:
            raise somebody_elses(client)
        if start > self._known.clocks.get(client, 0):
            raise gap(f"edits of client {client} before {start}")

    def check(self, user_id: str, update: Update) -> None:
        """Raise unless an edit of admitted clients may be applied: TooLarge, Conflict (a gap), Invalid."""
        if update.blocks and self.loading_s > limits.MOST_LOADING_S:
            raise TooLarge("this document takes too long to load: let it begin anew", field="update")
        self._check_newcomers(user_id, update)
        lacking = missing(update, self._known.clocks)
        if lacking is not None:
            raise gap(lacking)
        check_profile(update, self._known)
        check_deletions(update, self._known, self._gone)

    def _check_newcomers(self, user_id: str, update: Update) -> None:
        """Raise TooLarge for more client ids than a document has, or, where they get few, than one person does."""
        newcomers = sum(client not in self._owners for client in update.blocks)
        taken = len(self._owners) + newcomers
        if not newcomers or taken <= limits.MOST_EDITORS // 2:
            return
        if taken > limits.MOST_EDITORS:
            raise TooLarge(
                f"a document is written in by at most {limits.MOST_EDITORS:,} editors: let it begin anew",
                field="update",
            )
        if newcomers + sum(owner == user_id for owner in self._owners.values()) > limits.MOST_EDITORS_OF_ONE:
            raise TooLarge(
                f"you have written here with {limits.MOST_EDITORS_OF_ONE:,} editors: go on with one of them",
                field="update",
            )

    def _gone(self) -> list[tuple[int, int, int]]:
        """Return what was deleted so far: client, and the units from, up to and without."""
        rest = self.doc.get_update(self.doc.get_state())
        return read_update(rest, most_structs=MOST_CLOCK, most_clients=MOST_CLOCK).deletes

    def take(self, user_id: str, update: Update, raw: bytes) -> None:
        """Apply an edit that was checked. Raises Broken."""
        self._apply(update, raw)
        for client in update.blocks:
            self._owners.setdefault(client, user_id)
        self.writing.add(raw)

    def settled(self, raw: bytes) -> None:
        """Note that an edit of this node is written, or never will be."""
        self.writing.discard(raw)

    def hear(self, offset: int, raw: bytes | None, user_id: str | None) -> None:
        """Take the next event of the stream; `raw` of an edit. Raises Broken, also when something is missing."""
        if offset != self.offset + 1:
            raise Broken(f"heard of {offset} after {self.offset}")
        self.offset = offset
        if not raw:  # another event, or an edit that was taken back
            return
        self.tail += 1
        self.tail_bytes += len(raw)
        if raw in self.writing:
            return
        try:
            # It was checked where it was made; here it is only noted where everything belongs.
            update = read_update(raw, most_structs=MOST_CLOCK, most_clients=MOST_CLOCK)
        except Invalid as error:
            raise Broken(f"an edit of another node cannot be read: {error}") from error
        lacking = missing(update, self._known.clocks)
        if lacking is not None:
            raise Broken(f"an edit of another node stands on what is not here: {lacking}")
        self._apply(update, raw)
        for client in update.blocks:
            self._owners.setdefault(client, user_id or "")

    def _apply(self, update: Update, raw: bytes) -> None:
        try:
            note_applied(update, self._known)
            began = thread_time()
            apply(self.doc, update, raw)
            self.loading_s += limits.noted(thread_time() - began)
        except BaseException as error:  # pycrdt's panics are no Exception
            if isinstance(error, KeyboardInterrupt | SystemExit):
                raise
            raise Broken(f"an edit could not be applied: {error!r}") from error
        self.size += len(raw) + limits.LEFT_BY_RANGE * len(update.deletes)
        self.has_shrunk = self.has_shrunk or bool(update.deletes)

    def owner_of(self, client_id: int) -> str | None:
        """Return who has written with a client id; None: nobody yet."""
        return self._owners.get(client_id)

    def is_worth_measuring(self, after: int) -> bool:
        """Whether so many bytes have come since it was measured, or it never was."""
        return self._measured < 0 or self.size - self._measured >= after

    def measure(self) -> int:
        """Return how many bytes the document is, encoded: milliseconds for a large one."""
        self.size = self._measured = len(self.doc.get_update())
        self.has_shrunk = False
        return self.size

    def compacted(self, prepared: Prepared) -> None:
        """Hear that there is a snapshot."""
        if prepared.epoch == self.epoch:
            # None too few, when it was loaded again since the snapshot was made.
            self.tail = max(0, self.tail - prepared.edits)
            self.tail_bytes = max(0, self.tail_bytes - prepared.edit_bytes)
            self.size = len(prepared.snapshot.state) + self.tail_bytes
            self.loading_s = prepared.loading_s

    def diff(self, state_vector: bytes) -> bytes:
        """Return what somebody lacks who has this (a checked one; nothing for a newcomer)."""
        return self.doc.get_update(state_vector) if state_vector else self.doc.get_update()

    def state_vector(self) -> bytes:
        """Return how far it is."""
        return self.doc.get_state()
