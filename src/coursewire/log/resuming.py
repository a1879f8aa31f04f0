"""Whether a position can be resumed, and with what (SUB2, SUB3): decided here and nowhere else."""

from __future__ import annotations

from typing import Literal, NamedTuple

from sqlalchemy import bindparam, func, select

from coursewire.log.schema import events, streams
from coursewire.log.streams import Logged, position, read_after
from coursewire.storage import Prepared, Transaction

REPLAY_EVENTS = 1_000
REPLAY_BYTES = 1024 * 1024
"""Beyond either, a snapshot is the cheaper way to catch up."""

Reason = Literal["epoch", "trimmed", "ahead", "limit"]
"""Why the log cannot resume a position. (`forbidden` is decided before anybody asks the log.)"""


class Resumed(NamedTuple):
    """Where the stream stands, and every event after the position: all of them, or none and the reason."""

    epoch: str
    offset: int
    recovered: bool
    reason: Reason | None
    events: list[Logged]


_SIZE_AFTER = Prepared(
    select(func.coalesce(func.sum(events.c.size), 0).label("size"))
    .join(streams, streams.c.id == events.c.stream_id)
    .where(
        streams.c.namespace == bindparam("namespace"),
        streams.c.channel == bindparam("channel"),
        events.c.offset > bindparam("after"),
    )
)


def resume(
    tx: Transaction,
    namespace: str,
    channel: str,
    since: tuple[str, int],
    limit: int = REPLAY_EVENTS,
    *,
    limit_bytes: int = REPLAY_BYTES,
) -> Resumed:
    """Return every event after `since` (epoch, offset), or none and the reason why that is impossible.

    Never a part of them. `limit` counts events, `limit_bytes` the bytes of their data and attachments.
    """
    epoch, offset = since
    stream = position(tx, namespace, channel)

    def impossible(reason: Reason) -> Resumed:
        return Resumed(stream.epoch, stream.offset, recovered=False, reason=reason, events=[])

    if epoch != stream.epoch:
        return impossible("epoch")
    if offset > stream.offset:
        return impossible("ahead")
    if offset < stream.first - 1:
        return impossible("trimmed")
    if stream.offset - offset > limit:
        return impossible("limit")
    found: list[Logged] = []
    if offset < stream.offset:
        # The sizes first: so many large payloads must not come into memory only to be refused.
        if tx.all(_SIZE_AFTER, namespace=namespace, channel=channel, after=offset)[0].size > limit_bytes:
            return impossible("limit")
        found = read_after(tx, namespace, channel, offset, limit)
    return Resumed(stream.epoch, stream.offset, recovered=True, reason=None, events=found)
