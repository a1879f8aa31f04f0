"""What sessions ask of documents that are open on this node. All of it runs on the event loop."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from time import thread_time
from typing import TYPE_CHECKING, Final

from coursewire.errors import Conflict, Invalid, RateLimited, TooLarge, Unavailable
from coursewire.namespaces.collaboration.contract import (
    DocumentClosed,
    DocumentLimits,
    DocumentOpened,
    SyncAnswer,
)
from coursewire.namespaces.collaboration.contract.awareness import MOST_AWARENESS
from coursewire.namespaces.collaboration.contract.values import MOST_UPDATE
from coursewire.namespaces.collaboration.encoding.joining import is_worth_joining, join
from coursewire.namespaces.collaboration.encoding.reading import read_update
from coursewire.namespaces.collaboration.encoding.rendering import html_of
from coursewire.namespaces.collaboration.encoding.vectors import read_state_vector
from coursewire.namespaces.collaboration.rooms.people import Guest
from coursewire.namespaces.collaboration.rooms.replica import Broken
from coursewire.namespaces.collaboration.rooms.room import RETRY_MS, State, answering
from coursewire.namespaces.collaboration.rules import limits, modes
from coursewire.namespaces.collaboration.rules.annotations import MOST_OF_DOCUMENT
from coursewire.namespaces.collaboration.rules.audiences import document_channel
from coursewire.namespaces.collaboration.service.editing import check_epoch, save_update, somebody_elses
from coursewire.namespaces.collaboration.service.opening import read_beginning
from coursewire.realtime.contract import Nothing
from coursewire.vocabulary import iso

if TYPE_CHECKING:
    from collections.abc import Awaitable, Mapping

    from coursewire.identity.caller import Caller
    from coursewire.namespaces.collaboration.contract import (
        CloseDocument,
        OpenDocument,
        SetAwareness,
        SyncDocument,
        UpdateDocument,
        UpdateSaved,
    )
    from coursewire.namespaces.collaboration.encoding.reading import Update
    from coursewire.namespaces.collaboration.rooms.replica import Replica
    from coursewire.namespaces.collaboration.rooms.room import Room
    from coursewire.namespaces.collaboration.rooms.rooms import Rooms
    from coursewire.realtime.limits import Bucket
    from coursewire.realtime.transaction import Transaction
    from coursewire.realtime.visit import Visit
    from coursewire.vocabulary import Position

TOO_MANY_EDITS: Final = "too many edits: send what is typed meanwhile together"
OPENED_TOO_OFTEN: Final = "documents are opened too often: keep them open"


async def open_document(
    rooms: Rooms, visit: Visit, command: OpenDocument, positions: Mapping[str, Position]
) -> DocumentOpened:
    """Enter a document: what it is as of the positions, or newer, and being seen in it (SUB3)."""
    read_state_vector(command.state_vector)
    bucket = rooms.bucket(visit.caller.user_id, visit.live.now)
    _check_rate(bucket, len(command.state_vector) + limits.STATE_COST, visit.live.now, OPENED_TOO_OFTEN)
    work = rooms.work
    async with rooms.held(command.document_id, visit.live, visit.caller.user_id) as room:
        caller = visit.caller
        beginning = await work.read(lambda tx: read_beginning(tx, caller, command))
        if room.replica is not None and room.replica.epoch != beginning.epoch:
            room.drop("it has begun anew, or is another document of the same id")
        is_too_old = command.layout < beginning.layout
        html: list[str] = []

        def answer(replica: Replica) -> State:
            if not is_too_old:
                return answering(command.state_vector, command.epoch or "")(replica)
            html[:] = [html_of(replica.doc)]
            return State(replica.epoch, b"", b"")

        state = await room.state_for(answer, positions[document_channel(command.document_id)].offset)
        grant = rooms.grant_of(visit.session_id, command.document_id)
        if grant is None or set(grant.channels) != positions.keys():
            raise Unavailable(
                "the document was left, or your groups have changed, before it was entered: open it again",
                retry_after_ms=RETRY_MS,
            )
        mode = modes.at_most(grant.mode, "comment") if is_too_old else grant.mode
        _check_client(room, visit.caller, command.client_id)
        room.company.come(
            Guest(
                session_id=visit.session_id,
                caller=caller,
                mode=mode,
                client_id=command.client_id,
                is_too_old=is_too_old,
                since=iso(rooms.now_ms()),
                bucket=bucket,
            )
        )
    return DocumentOpened(
        document=beginning.document.model_copy(update={"mode": mode}),
        epoch=state.epoch,
        mode=mode,
        layout=beginning.layout,
        html=html[0] if html else None,
        update=state.update,
        state_vector=state.state_vector,
        awareness=room.company.carets.all(),
        annotations=beginning.annotations,
        annotations_cursor=beginning.annotations_cursor,
        positions=dict(positions),
        groups=beginning.groups,
        participants=room.company.people.all(),
        limits=DocumentLimits(
            update_bytes=MOST_UPDATE,
            document_bytes=limits.MOST_DOCUMENT,
            updates_per_second=limits.UPDATES_PER_SECOND,
            awareness_bytes=MOST_AWARENESS,
            annotations=MOST_OF_DOCUMENT,
        ),
    )


def _check_client(room: Room, caller: Caller, client_id: int) -> None:
    """Refuse a client id that somebody else has, who is here and may not have written yet."""
    user_id = room.company.people.user_of(client_id)
    if user_id is not None and user_id != caller.user_id:
        error = somebody_elses(client_id)
        error.field = "client_id"
        raise error


def prepare_update(rooms: Rooms, visit: Visit, command: UpdateDocument) -> Editing:
    """Read an edit and apply it, before it is written: so nothing is logged that could not be loaded again."""
    room, guest = _entered(rooms, visit, command.document_id)
    replica = room.present()
    check_epoch(replica.epoch, command.epoch)
    modes.check_may_edit(guest.mode)
    _check_rest(rooms, guest, visit.live.now)
    _check_rate(guest.bucket, max(len(command.update), limits.LEAST_COST), visit.live.now)
    began = thread_time()
    try:
        return _prepare(rooms, visit, (room, replica, guest), command.update)
    finally:
        spent = thread_time() - began
        if spent > limits.NOTED_S and guest.bucket is not None:
            now, user_id = visit.live.now, guest.caller.user_id
            rooms.paid[user_id] = max(now, rooms.paid.get(user_id, now)) + spent / limits.SHARE


def _prepare(rooms: Rooms, visit: Visit, entered: tuple[Room, Replica, Guest], raw: bytes) -> Editing:
    room, replica, guest = entered
    if raw[0]:
        _check_size(replica, guest, 0, visit.live.now)  # it writes, and there is no more space
    update = read_update(raw, admit=partial(_admit, room, replica, guest.caller))
    if is_worth_joining(update):
        raw = join(raw)
        update = read_update(raw)
    replica.check(guest.caller.user_id, update)
    walked = update.placed.steps // limits.STEPS_PER_BYTE if update.placed is not None else 0
    cost = max(walked, len(update.deletes) * limits.RANGE_COST)
    if cost > max(len(raw), limits.LEAST_COST):
        _check_rate(guest.bucket, cost, visit.live.now)
    if update.blocks:
        _check_size(replica, guest, len(raw), visit.live.now)
    left = limits.LEFT_BY_RANGE * len(update.deletes)
    if left > sum(end - start for _, start, end in update.deletes):
        _check_size(replica, guest, left, visit.live.now, limits.MOST_IN_PIECES)
    try:
        replica.take(guest.caller.user_id, update, raw)
    except Broken as broken:
        room.drop(str(broken))
        rooms.counts["refused_by_document"] += 1
        rooms.resting[guest.caller.user_id] = visit.live.now + limits.BREAKING_REST_S
        raise Invalid("must be an edit of this document", field="update") from None
    room.begin()
    return Editing(room, replica, guest.client_id, update, raw)


def _admit(room: Room, replica: Replica, caller: Caller, client: int, start: int) -> None:
    """Refuse what is written as somebody else, or stands on what is not here, before all of it is read."""
    replica.admit(caller.user_id, client, start)
    _check_client(room, caller, client)


@dataclass(frozen=True, slots=True)
class Editing:
    """One edit between memory and the database."""

    room: Room
    replica: Replica
    client_id: int
    update: Update
    raw: bytes

    def run(self, tx: Transaction, caller: Caller, command: UpdateDocument) -> UpdateSaved:
        """Write it."""
        return save_update(tx, caller, command, self.client_id, self.update, self.raw)

    def settled(self, error: BaseException | None) -> None:
        """Let the room know that it is committed, or why not."""
        self.room.end(self.replica, self.raw, error)


def sync_document(rooms: Rooms, visit: Visit, command: SyncDocument) -> Awaitable[SyncAnswer]:
    """Compare states: answer with what the caller lacks, all of it committed."""
    room, guest = _entered(rooms, visit, command.document_id)
    read_state_vector(command.state_vector)
    if guest.is_too_old:
        raise Conflict("this editor is too old for the document: open it again", details={"reason": "open"})
    _check_rate(guest.bucket, len(command.state_vector) + limits.STATE_COST, visit.live.now)

    async def answer() -> SyncAnswer:
        room.holds += 1
        try:
            state = await room.state_for(answering(command.state_vector, command.epoch))
        finally:
            room.holds -= 1
        return SyncAnswer(epoch=state.epoch, update=state.update, state_vector=state.state_vector)

    return answer()


def close_document(visit: Visit, command: CloseDocument) -> DocumentClosed:
    """Leave a document: its channels end, and with them everything that its guest is."""
    whole, parts = f"document:{command.document_id}", f"document:{command.document_id}:"
    visit.live.leave(visit, lambda channel: channel == whole or channel.startswith(parts))
    return DocumentClosed(document_id=command.document_id)


def set_awareness(rooms: Rooms, visit: Visit, command: SetAwareness) -> Nothing:
    """Show where one's caret stands."""
    room, guest = _entered(rooms, visit, command.document_id)
    room.company.move_caret(guest, command.awareness)
    return Nothing()


def _entered(rooms: Rooms, visit: Visit, document_id: str) -> tuple[Room, Guest]:
    """Return a document that this session has opened. Raises Conflict: it is to open it."""
    room = rooms.find(document_id)
    guest = room.company.people.find(visit.session_id) if room is not None else None
    if room is None or guest is None:
        raise Conflict(
            "open the document first: document.open", field="document_id", details={"reason": "open"}
        )
    return room, guest


def _check_rest(rooms: Rooms, guest: Guest, now: float) -> None:
    user_id = guest.caller.user_id
    until = max(rooms.resting.get(user_id, now), rooms.paid.get(user_id, now) - limits.ON_CREDIT_S)
    if until > now:
        raise RateLimited(
            "your last edits broke the document, or took very long",
            retry_after_ms=int((until - now) * 1000) + 1,
        )


def _check_rate(bucket: Bucket | None, size: int, now: float, why: str = TOO_MANY_EDITS) -> None:
    if bucket is None:
        return
    wait_s = bucket.take(size, now)
    if wait_s > 0:
        raise RateLimited(why, retry_after_ms=int(wait_s * 1000) + 1)


def _check_size(replica: Replica, guest: Guest, size: int, now: float, most: int | None = None) -> None:
    """Refuse what makes a document larger than it may be, or than `most`."""
    most = limits.MOST_DOCUMENT if most is None else most
    if replica.size + size <= most:
        return
    is_due = replica.is_worth_measuring(limits.MEASURED_AGAIN)
    if not is_due and replica.has_shrunk:
        # Somebody has made room. How much is only known by measuring, and that is not for nothing.
        _check_rate(guest.bucket, limits.MEASURING_COST, now)
        is_due = True
    if is_due and replica.measure() + size <= most:
        return
    raise TooLarge(f"a document has at most {most:,} bytes: begin another one", field="update")
