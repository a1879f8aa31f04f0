"""Taking something back: the payloads change in place, the offsets stay (LOG5)."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import orjson
from sqlalchemy import LargeBinary, bindparam, case, literal, select, update

from coursewire.log.schema import events, remembered, streams
from coursewire.storage import Prepared, Transaction

_IN_NAMESPACE = select(streams.c.id).where(streams.c.namespace == bindparam("namespace"))

_FIND_EVENTS = Prepared(
    select(events.c.stream_id, events.c.offset, events.c.data, streams.c.channel)
    .join(streams, streams.c.id == events.c.stream_id)
    .where(events.c.subject == bindparam("subject"), streams.c.namespace == bindparam("namespace"))
)
_FIND_CHANNELS = Prepared(
    select(streams.c.channel)
    .join(events, streams.c.id == events.c.stream_id)
    .where(events.c.subject == bindparam("subject"), streams.c.namespace == bindparam("namespace"))
    .distinct()
)
_REWRITE_EVENT = Prepared(
    update(events)
    .where(events.c.stream_id == bindparam("in_stream"), events.c.offset == bindparam("at_offset"))
    .values(
        data=bindparam("data"),
        size=bindparam("size"),
        attachment=case((events.c.attachment.is_not(None), literal(b"", LargeBinary))),
    )
)
_FIND_RESULTS = Prepared(
    select(remembered.c.caller, remembered.c.key, remembered.c.result).where(
        remembered.c.subject == bindparam("subject"), remembered.c.namespace == bindparam("namespace")
    )
)
_REWRITE_RESULT = Prepared(
    update(remembered)
    .where(
        remembered.c.caller == bindparam("of_caller"),
        remembered.c.namespace == bindparam("in_namespace"),
        remembered.c.key == bindparam("of_key"),
    )
    .values(result=bindparam("result"))
)


def channels_about(tx: Transaction, namespace: str, subject: str) -> frozenset[str]:
    """Return the channels that have logged events about a subject."""
    return frozenset(row.channel for row in tx.all(_FIND_CHANNELS, namespace=namespace, subject=subject))


def redact(
    tx: Transaction,
    namespace: str,
    subject: str,
    data: bytes | Callable[[bytes], bytes],
    *,
    field: str = "id",
    channels: Collection[str] | None = None,
) -> frozenset[str]:
    """Give every logged event of a subject new data, and return the channels in which something changed.

    `data` is the JSON that replaces each payload, or a pure function from the old JSON to the new one where
    they differ (a person's coming and going in many rooms). What it leaves as it is stays; where a payload is
    replaced, its attachment becomes empty: it cannot be rewritten, and handlers find as many arguments as ever. Answers
    remembered for the subject's commands are rewritten as well: an object in them whose `field` is the subject becomes
    the new data.

    With `channels` only the events of these are, and only the answers of callers whose own `user:<id>` is one of them.
    """
    rewrite = data if callable(data) else lambda _: data
    found = [
        row
        for row in tx.all(_FIND_EVENTS, namespace=namespace, subject=subject)
        if channels is None or row.channel in channels
    ]
    rewritten = [(row.stream_id, row.offset, row.data, rewrite(row.data)) for row in found]
    tx.many(
        _REWRITE_EVENT,
        [
            {"in_stream": stream_id, "at_offset": offset, "data": new, "size": len(new)}
            for stream_id, offset, old, new in rewritten
            if new != old or not callable(data)
        ],
    )
    for row in tx.all(_FIND_RESULTS, namespace=namespace, subject=subject):
        if channels is not None and f"user:{row.caller}" not in channels:
            continue
        result = orjson.dumps(_replace(orjson.loads(row.result), field, subject, rewrite))
        tx.run(_REWRITE_RESULT, of_caller=row.caller, in_namespace=namespace, of_key=row.key, result=result)
    return frozenset(row.channel for row in found)


def _replace(value: Any, field: str, subject: str, rewrite: Callable[[bytes], bytes]) -> Any:
    if isinstance(value, dict):
        if value.get(field) == subject:
            return orjson.loads(rewrite(orjson.dumps(value)))
        return {key: _replace(item, field, subject, rewrite) for key, item in value.items()}
    if isinstance(value, list):
        return [_replace(item, field, subject, rewrite) for item in value]
    return value
