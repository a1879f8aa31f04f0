"""Taking a person out of the log: what was told about them, what they did, what they were answered (LOG5)."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from sqlalchemy import bindparam, delete, select, update

from coursewire.log.redaction import redact
from coursewire.log.schema import events, remembered, streams
from coursewire.log.streams import position, reset
from coursewire.storage import Prepared, Transaction

_IN_NAMESPACE = select(streams.c.id).where(streams.c.namespace == bindparam("namespace"))

_ABOUT = Prepared(
    select(events.c.stream_id, events.c.offset, events.c.data).where(
        events.c.subject == bindparam("person"), events.c.stream_id.in_(_IN_NAMESPACE)
    )
)
_UNNAME_EVENT = Prepared(
    update(events)
    .where(events.c.stream_id == bindparam("in_stream"), events.c.offset == bindparam("at_offset"))
    .values(subject=None)
)
_UNNAME_RESULTS = Prepared(
    update(remembered)
    .where(remembered.c.subject == bindparam("person"), remembered.c.namespace == bindparam("namespace"))
    .values(subject=None)
)
_UNNAME_ACTOR = Prepared(
    update(events)
    .where(
        events.c.stream_id.in_(_IN_NAMESPACE.where(streams.c.channel == bindparam("channel"))),
        events.c.actor == bindparam("person"),
    )
    .values(actor=None)
)
_FORGET_RESULTS = Prepared(
    delete(remembered).where(
        remembered.c.namespace == bindparam("namespace"), remembered.c.caller == bindparam("person")
    )
)


def forget_person(
    tx: Transaction,
    namespace: str,
    person: str,
    *,
    own: Iterable[str],
    others: Iterable[str],
    rewrite: Callable[[bytes], bytes],
) -> frozenset[str]:
    """Take a person out of a namespace's log, and return the channels in which something changed.

    Events that have them as their subject get the payload that `rewrite` makes of theirs, and no subject; one that it
    leaves as it is has something of the same id as its subject, and keeps it. What they did in the channels `others`
    has no actor any more; their `own` channels begin anew, empty; and the answers to their commands are forgotten. The
    events of `others` are looked through one by one: there is no index by actor, which every append would pay for.
    """
    about = tx.all(_ABOUT, namespace=namespace, person=person)
    theirs = [(row.stream_id, row.offset) for row in about if rewrite(row.data) != row.data]
    changed = set(redact(tx, namespace, person, rewrite))
    tx.many(_UNNAME_EVENT, [{"in_stream": stream_id, "at_offset": offset} for stream_id, offset in theirs])
    tx.run(_UNNAME_RESULTS, namespace=namespace, person=person)
    for channel in changed.union(others):
        if tx.run(_UNNAME_ACTOR, namespace=namespace, channel=channel, person=person):
            changed.add(channel)
    for channel in own:
        if position(tx, namespace, channel).offset:
            reset(tx, namespace, channel)
            changed.add(channel)
    tx.run(_FORGET_RESULTS, namespace=namespace, person=person)
    return frozenset(changed)
