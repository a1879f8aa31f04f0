"""Forgetting in slices, so that the writer is never held long: streams keep a bounded tail (LOG4)."""

from __future__ import annotations

from functools import partial

from sqlalchemy import bindparam, delete, func, or_, select, update

from coursewire.log.schema import events, remembered, streams
from coursewire.storage import Prepared, Storage, Transaction

KEEP_EVENTS = 10_000
KEEP_MS = 7 * 24 * 3600 * 1000
SLICE = 500
"""Rows deleted by one work: a few milliseconds of the writer."""

_OVERDUE = Prepared(
    # A scan of all streams (there is no index: it would cost every append). `sweep` does it in a reader.
    select(streams.c.id)
    .where(
        streams.c.id > bindparam("after"),
        or_(
            streams.c.top - streams.c.first + 1 > bindparam("keep"),
            streams.c.first_at < bindparam("before"),
        ),
    )
    .order_by(streams.c.id)
    .limit(bindparam("limit"))
)
_STREAM = Prepared(select(streams.c.top, streams.c.first).where(streams.c.id == bindparam("stream_id")))
_OLDEST = Prepared(
    select(events.c.offset, events.c.at)
    .where(events.c.stream_id == bindparam("stream_id"))
    .order_by(events.c.offset)
    .limit(bindparam("limit"))
)
_CUT = Prepared(
    delete(events).where(
        events.c.stream_id == bindparam("stream_id"), events.c.offset < bindparam("new_first")
    )
)
_MOVE_FIRST = Prepared(
    update(streams)
    .where(streams.c.id == bindparam("stream_id"))
    .values(first=bindparam("new_first"), first_at=bindparam("new_first_at"))
)
_OLDEST_ANSWERS = select(remembered.c.seq).order_by(remembered.c.seq).limit(bindparam("limit"))
_FORGET = Prepared(
    delete(remembered).where(remembered.c.seq.in_(_OLDEST_ANSWERS), remembered.c.at < bindparam("before"))
)

_NEXT_ANSWERS = (
    select(remembered.c.seq, remembered.c.at)
    .where(remembered.c.seq > bindparam("after"))
    .order_by(remembered.c.seq)
    .limit(bindparam("limit"))
    .subquery()
)
_LAST_AHEAD = Prepared(
    select(func.max(_NEXT_ANSWERS.c.seq).label("seq")).where(_NEXT_ANSWERS.c.at > bindparam("now"))
)
_DATE_BACK = Prepared(
    update(remembered)
    .where(
        remembered.c.seq > bindparam("after"),
        remembered.c.seq <= bindparam("last"),
        remembered.c.at > bindparam("now"),
    )
    .values(at=bindparam("now"))
)


def overdue(tx: Transaction, before_ms: int, keep: int, *, after: int = 0, limit: int = 100) -> list[int]:
    """Return the ids, from `after` on, of at most `limit` streams that `trim` would shorten."""
    return [row.id for row in tx.all(_OVERDUE, before=before_ms, keep=keep, after=after, limit=limit)]


def trim(
    tx: Transaction,
    before_ms: int,
    keep: int,
    *,
    limit: int = SLICE,
    among: list[int] | None = None,
) -> int:
    """Forget the oldest events of streams that hold more than `keep`, or any from before `before_ms`.

    Deletes at most `limit` events and returns how many: less than `limit` when nothing is left to do. What
    goes is always the beginning of a stream. `among` are stream ids from `overdue`, to spare the writer the
    search.
    """
    left = limit
    for stream_id in overdue(tx, before_ms, keep, limit=limit) if among is None else among:
        if left == 0:
            break
        left -= _shorten(tx, stream_id, before_ms, keep, left)
    return limit - left


def _shorten(tx: Transaction, stream_id: int, before_ms: int, keep: int, limit: int) -> int:
    row = tx.one(_STREAM, stream_id=stream_id)
    if row is None:
        return 0
    surplus = row.top - row.first + 1 - keep
    new_first, new_first_at = row.first, None
    # One more than may go, to learn when the new first one happened.
    for offset, at in tx.all(_OLDEST, stream_id=stream_id, limit=limit + 1):
        new_first, new_first_at = offset, at
        gone = offset - row.first
        if gone == limit or (at >= before_ms and gone >= surplus):
            break
    else:
        new_first, new_first_at = row.top + 1, None
    if new_first > row.first:
        tx.run(_CUT, stream_id=stream_id, new_first=new_first)
        tx.run(_MOVE_FIRST, stream_id=stream_id, new_first=new_first, new_first_at=new_first_at)
    return int(new_first - row.first)


def forget(tx: Transaction, before_ms: int, *, limit: int = SLICE) -> int:
    """Forget at most `limit` answers given before `before_ms`, and return how many it were."""
    return tx.run(_FORGET, before=before_ms, limit=limit)


def date_back(tx: Transaction, now: int, *, after: int = 0, limit: int = SLICE) -> int | None:
    """Let answers from a time to come, of the next `limit` after `after`, count as given now.

    Returns the last of them, to go on from; None where there is none. They come first once a clock that was ahead was
    set back: until then nothing that came after them would be forgotten.
    """
    row = tx.one(_LAST_AHEAD, now=now, after=after, limit=limit)
    if row is None or row.seq is None:
        return None
    tx.run(_DATE_BACK, now=now, after=after, last=row.seq)
    return int(row.seq)


async def sweep(
    storage: Storage, now: int, *, keep_events: int = KEEP_EVENTS, keep_ms: int = KEEP_MS
) -> None:
    """Apply retention once to everything; other writes run between the slices. Call it every minute or so."""
    before, after = now - keep_ms, 0
    while due := await storage.read(partial(overdue, before_ms=before, keep=keep_events, after=after)):
        while await storage.write(partial(trim, before_ms=before, keep=keep_events, among=due)) == SLICE:
            pass
        after = due[-1]  # not again from the start: streams in use grow meanwhile, and this would never end
    while await storage.write(partial(forget, before_ms=before)) == SLICE:
        pass
    last: int | None = 0
    while last is not None:
        last = await storage.write(partial(date_back, now=now, after=last))
