"""The logged events of a channel over plain HTTP, for those who hold no socket open."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Awaitable, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import orjson
from fastapi import APIRouter, Path, Query, Response
from pydantic import Field

from coursewire import log
from coursewire.errors import Forbidden, Invalid, NotFound
from coursewire.identity.access import WorkOf
from coursewire.realtime.contract import CHANNEL_PATTERN, Channel, Meta, Reason
from coursewire.vocabulary import Model, iso

if TYPE_CHECKING:
    from coursewire.realtime.feed import Feed
    from coursewire.realtime.namespace import Namespace

MAX_WAIT_S = 30.0
"""Below the 60 s after which proxies give up."""


class LoggedView(Model):
    """One logged event, as a socket would get it."""

    event: str
    data: dict[str, Any]
    attachment: Annotated[
        str | None,
        Field(
            description="The bytes that a socket gets between data and meta, in base64 (RFC 4648, section 4)."
        ),
    ] = None
    meta: Meta


class EventPage(Model):
    """Every event after the position that was asked for, or none and the reason (SUB3); where to go on from."""

    channel: Channel
    epoch: str
    offset: int
    recovered: bool
    reason: Reason | None = None
    items: list[LoggedView]


def events_router(namespaces: Mapping[str, Namespace], feed: Feed) -> APIRouter:
    """Return the route that reads channels of these namespaces, with the rights that a subscription needs."""
    router = APIRouter(tags=["events"])

    @router.get("/v1/{namespace}/channels/{channel}/events", response_model=EventPage)
    async def read_events(
        namespace: Annotated[str, Path(max_length=64, description="Without its slash: `chat`.")],
        channel: Annotated[str, Path(pattern=CHANNEL_PATTERN, description="As on a socket: `room:42`.")],
        work: WorkOf,
        epoch: Annotated[str | None, Query(max_length=128)] = None,
        offset: Annotated[int | None, Query(ge=0, le=2**53)] = None,
        wait: Annotated[
            float, Query(ge=0, le=MAX_WAIT_S, description="Seconds to wait for something new.")
        ] = 0,
    ) -> Response:
        """Return the events after a position (SUB2); without one, the position to begin from."""
        path, caller = f"/{namespace}", work.caller
        declared = namespaces.get(path)
        if declared is None:
            raise NotFound(f"there is no namespace {namespace!r}", field="namespace")
        if not caller.may_enter(path):
            raise Forbidden(f"this token is not good for {path}")
        if (epoch is None) != (offset is None):
            raise Invalid("give both epoch and offset, or neither", field="offset" if epoch else "epoch")
        kind, channel_id = declared.kind_of(channel)

        def look(tx: Any) -> log.Resumed:
            kind.rule(tx, caller, channel_id)
            if epoch is None or offset is None:
                stands = log.position(tx.raw, path, channel)
                return log.Resumed(stands.epoch, stands.offset, recovered=False, reason=None, events=[])
            return log.resume(tx.raw, path, channel, (epoch, offset))

        def read() -> Awaitable[log.Resumed]:
            return work.read(path, look)

        found = await feed.read(
            path, channel, wait, read, person=None if caller.is_service else caller.user_id
        )
        return Response(_page(channel, found), media_type="application/json")

    return router


def _page(channel: str, found: log.Resumed) -> bytes:
    page: dict[str, Any] = {
        "channel": channel,
        "epoch": found.epoch,
        "offset": found.offset,
        "recovered": found.recovered,
    }
    if found.reason is not None:
        page["reason"] = found.reason
    page["items"] = [_item(channel, found.epoch, event) for event in found.events]
    return orjson.dumps(page)


def _item(channel: str, epoch: str, event: log.Logged) -> dict[str, Any]:
    meta = {"channel": channel, "id": event.id, "at": iso(event.at), "epoch": epoch, "offset": event.offset}
    if event.actor is not None:
        meta["actor"] = event.actor
    item = {"event": event.event, "data": orjson.Fragment(event.data)}
    if event.attachment is not None:
        item["attachment"] = b64encode(event.attachment).decode("ascii")
    return {**item, "meta": meta}
