"""Streams: appending to one, reading it in order, beginning it anew."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import count as count_from
from itertools import starmap
from typing import NamedTuple

from sqlalchemy import and_, bindparam, delete, func, insert, select, update

from coursewire.log.schema import database, events, streams
from coursewire.storage import Prepared, Row, Transaction


class Position(NamedTuple):
    """How far a stream has got, or was read."""

    epoch: str
    offset: int


class Extent(NamedTuple):
    """What a stream retains: the offsets `first`..`offset`, none when `first` is `offset` + 1."""

    epoch: str
    offset: int
    first: int


class Logged(NamedTuple):
    """One event of a stream. `data` is JSON; `at` is milliseconds since 1970.

    `attachment` is what was given beside the JSON; empty once the event was taken back.
    """

    offset: int
    id: str
    event: str
    data: bytes
    at: int
    actor: str | None
    attachment: bytes | None = None


_THIS_STREAM = (streams.c.namespace == bindparam("namespace"), streams.c.channel == bindparam("channel"))

# Not one `UPDATE .. RETURNING`: SQLite makes a table for what it returns, which costs more than a second statement
# (ADR 0014). Where several nodes write, the row is locked from here on.
_STREAM = Prepared(
    select(streams.c.id, streams.c.epoch, streams.c.top).where(*_THIS_STREAM).with_for_update()
)
_ADVANCE = Prepared(
    update(streams)
    .where(streams.c.id == bindparam("of_id"))
    .values(top=bindparam("new_top"), first_at=func.coalesce(streams.c.first_at, bindparam("at")))
)
_BEGIN = Prepared(
    insert(streams)
    .from_select(
        ["namespace", "channel", "epoch", "top", "first", "first_at"],
        select(
            bindparam("namespace", type_=streams.c.namespace.type),
            bindparam("channel", type_=streams.c.channel.type),
            func.coalesce(bindparam("epoch", type_=streams.c.epoch.type), database.c.epoch),
            bindparam("top", type_=streams.c.top.type),
            bindparam("first", 1, type_=streams.c.first.type),
            bindparam("at", type_=streams.c.first_at.type),
        ).select_from(database),
    )
    .returning(streams.c.id, streams.c.epoch, streams.c.top)
)
_INSERT_EVENT = Prepared(insert(events))
_ADVANCE_MANY = Prepared(
    update(streams)
    .where(
        streams.c.namespace == bindparam("namespace"),
        streams.c.channel.in_(bindparam("channels", expanding=True)),
    )
    .values(top=streams.c.top + 1, first_at=func.coalesce(streams.c.first_at, bindparam("at")))
    .returning(streams.c.channel, streams.c.id, streams.c.epoch, streams.c.top)
)
_ADVANCE_FURTHER = Prepared(
    update(streams)
    .where(streams.c.id == bindparam("stream_id"))
    .values(top=streams.c.top + bindparam("more"))
)
_BEGIN_EMPTY = Prepared(
    insert(streams).from_select(
        ["namespace", "channel", "epoch", "top", "first"],
        select(
            bindparam("namespace", type_=streams.c.namespace.type),
            bindparam("channel", type_=streams.c.channel.type),
            database.c.epoch,
            bindparam("top", 0, type_=streams.c.top.type),
            bindparam("first", 1, type_=streams.c.first.type),
        ).select_from(database),
    )
)
_EXTENT = Prepared(
    select(
        func.coalesce(streams.c.epoch, database.c.epoch),
        func.coalesce(streams.c.top, 0),
        func.coalesce(streams.c.first, 1),
    ).select_from(database.outerjoin(streams, and_(*_THIS_STREAM)))
)
_POSITIONS = Prepared(
    select(streams.c.channel, streams.c.epoch, streams.c.top).where(
        streams.c.namespace == bindparam("namespace"),
        streams.c.channel.in_(bindparam("channels", expanding=True)),
    )
)
_READ_AFTER = Prepared(
    select(
        events.c.offset,
        events.c.id,
        events.c.event,
        events.c.data,
        events.c.at,
        events.c.actor,
        events.c.attachment,
    )
    .join(streams, streams.c.id == events.c.stream_id)
    .where(*_THIS_STREAM, events.c.offset > bindparam("after"))
    .order_by(events.c.offset)
    .limit(bindparam("limit"))
)
_RESTART = Prepared(
    update(streams)
    .where(*_THIS_STREAM)
    .values(epoch=bindparam("new_epoch"), top=0, first=1, first_at=None)
    .returning(streams.c.id)
)
_EMPTY = Prepared(delete(events).where(events.c.stream_id == bindparam("stream_id")))


def append(
    tx: Transaction,
    namespace: str,
    channel: str,
    *,
    event: str,
    data: bytes,
    id: str,  # noqa: A002 - the name on the wire
    at: int,
    actor: str | None = None,
    subject: str | None = None,
    attachment: bytes | None = None,
) -> Position:
    """Append an event to a channel's stream and return its position: the offset after the last one (LOG2).

    The event exists if the transaction commits (LOG1). `data` is its JSON, `attachment` what goes with it as bytes;
    `subject` names the thing by which both can be taken back (LOG5).
    """
    stream = _advance(tx, namespace, channel, 1, at)
    tx.run(
        _INSERT_EVENT,
        stream_id=stream[0],
        offset=stream[2],
        id=id,
        event=event,
        data=data,
        attachment=attachment,
        size=_size(data, attachment),
        at=at,
        actor=actor,
        subject=subject,
    )
    return Position(stream[1], stream[2])


class Entry(NamedTuple):
    """One event to append with others: the channel it goes to, its type, its JSON, its id and its attachment."""

    channel: str
    event: str
    data: bytes
    id: str
    subject: str | None = None
    attachment: bytes | None = None
    actor: str | None = None
    """Where it is another one than that of all."""


def append_many(
    tx: Transaction, namespace: str, entries: Sequence[Entry], *, at: int, actor: str | None = None
) -> list[Position]:
    """Append events to many channels, as `append` does, in a few statements for all of them.

    Returns the positions in the order of the entries, in which those of one channel follow each other.
    """
    if not entries:
        return []
    counts = Counter(entry.channel for entry in entries)
    advanced: Mapping[str, Row | _Advanced]
    if len(counts) == 1:
        [(channel, count)] = counts.items()
        row = _advance(tx, namespace, channel, count, at)
        advanced = {channel: row}
        next_offset = {channel: count_from(row.top - count + 1)}
    else:
        advanced = _advance_all(tx, namespace, counts, at)
        next_offset = {channel: count_from(row.top) for channel, row in advanced.items()}
    positions = [
        Position(advanced[entry.channel].epoch, next(next_offset[entry.channel])) for entry in entries
    ]
    tx.many(
        _INSERT_EVENT,
        [
            {
                "stream_id": advanced[entry.channel].id,
                "offset": offset,
                "id": entry.id,
                "event": entry.event,
                "data": entry.data,
                "attachment": entry.attachment,
                "size": _size(entry.data, entry.attachment),
                "at": at,
                "actor": entry.actor or actor,
                "subject": entry.subject,
            }
            for entry, (_, offset) in zip(entries, positions, strict=True)
        ],
    )
    return positions


class _Advanced(NamedTuple):
    id: int
    epoch: str
    top: int


def _advance(tx: Transaction, namespace: str, channel: str, by: int, at: int) -> _Advanced:
    """Make space for so many events in a stream, and return it with its last offset."""
    row = tx.one(_STREAM, namespace=namespace, channel=channel)
    if row is None:
        return _Advanced(*tx.all(_BEGIN, namespace=namespace, channel=channel, epoch=None, top=by, at=at)[0])
    stream_id, epoch, top = row
    tx.run(_ADVANCE, of_id=stream_id, new_top=top + by, at=at)
    return _Advanced(stream_id, epoch, top + by)


def _advance_all(tx: Transaction, namespace: str, counts: Mapping[str, int], at: int) -> dict[str, Row]:
    """Make space for so many events in each stream, and return these with the offset of the first of them."""
    channels = list(counts)
    found = tx.all(_ADVANCE_MANY, namespace=namespace, channels=channels, at=at)
    known = {row.channel for row in found}
    new = [channel for channel in channels if channel not in known]
    if new:
        tx.many(_BEGIN_EMPTY, [{"namespace": namespace, "channel": channel} for channel in new])
        found += tx.all(_ADVANCE_MANY, namespace=namespace, channels=new, at=at)
    advanced = {row.channel: row for row in found}
    further = {channel: count - 1 for channel, count in counts.items() if count > 1}
    tx.many(
        _ADVANCE_FURTHER,
        [{"stream_id": advanced[channel].id, "more": more} for channel, more in further.items()],
    )
    return advanced


def position(tx: Transaction, namespace: str, channel: str) -> Extent:
    """Return how far a stream has got and what it retains; at first 0, in the database's epoch."""
    return Extent(*tx.all(_EXTENT, namespace=namespace, channel=channel)[0])


def positions(tx: Transaction, namespace: str, channels: Sequence[str]) -> dict[str, Position]:
    """Return how far these streams have got, by channel; those that were never written are left out."""
    rows = tx.all(_POSITIONS, namespace=namespace, channels=channels)
    return {row[0]: Position(row[1], row[2]) for row in rows}


def read_after(tx: Transaction, namespace: str, channel: str, offset: int, limit: int) -> list[Logged]:
    """Return at most `limit` retained events after `offset`, in order."""
    rows = tx.all(_READ_AFTER, namespace=namespace, channel=channel, after=offset, limit=limit)
    return list(starmap(Logged, rows))


def reset(tx: Transaction, namespace: str, channel: str) -> Position:
    """Begin a stream anew, with a new epoch: no old position resumes (LOG4), offsets start from 1 again.

    Deletes the retained events in this one transaction; retention bounds how many there are.
    """
    epoch = secrets.token_hex(8)
    row = tx.one(_RESTART, namespace=namespace, channel=channel, new_epoch=epoch)
    if row is None:
        tx.all(_BEGIN, namespace=namespace, channel=channel, epoch=epoch, top=0, at=None)
    else:
        tx.run(_EMPTY, stream_id=row.id)
    return Position(epoch, 0)


def _size(data: bytes, attachment: bytes | None) -> int:
    return len(data) if attachment is None else len(data) + len(attachment)
