"""Rooms and messages over HTTP: the same commands, with the same rights."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response
from pydantic import Field

from coursewire.errors import Forbidden
from coursewire.identity.access import WorkOf
from coursewire.namespaces.chat import service
from coursewire.namespaces.chat.contract import (
    History,
    ListRooms,
    OneMessage,
    OneRoom,
    OpenRoom,
    ReadHistory,
    RoomKind,
    RoomPage,
    SendMessage,
)
from coursewire.vocabulary import ID_PATTERN, CourseId, Line, MessageId, Model, Text, UserId, new_id

NAMESPACE = "/chat"

RoomPath = Annotated[str, Path(pattern=ID_PATTERN, description="The id of the room.")]
MessageQuery = Annotated[str | None, Query(pattern=ID_PATTERN)]


class RoomBody(Model):
    """As `room.open`; the request's `Idempotency-Key` is its key."""

    kind: RoomKind
    course_id: CourseId | None = None
    title: Line | None = None
    member_ids: Annotated[list[UserId], Field(max_length=200)] = Field(default_factory=list)


class MessageBody(Model):
    """As `message.send`; the request's `Idempotency-Key` is its key."""

    user_id: UserId | None = None
    """In whose name: server-to-server only."""
    text: Annotated[Text, Field(min_length=1, max_length=8_000)]
    reply_to: MessageId | None = None
    thread_id: MessageId | None = None
    mentions: Annotated[list[UserId], Field(max_length=50)] = Field(default_factory=list)
    anonymous: bool = False


router = APIRouter(prefix="/v1/rooms", tags=["chat"])


@router.get("", response_model_exclude_none=True)
async def list_rooms(
    work: WorkOf, course_id: str | None = None, cursor: str | None = None, limit: int = 100
) -> RoomPage:
    """Return the caller's rooms."""
    command = ListRooms(course_id=course_id, cursor=cursor, limit=limit)
    return await work.read(NAMESPACE, lambda tx: service.list_rooms(tx, work.caller, command))


@router.post("", response_model=OneRoom, status_code=201)
async def open_room(body: RoomBody, work: WorkOf) -> Response:
    """Make a room."""
    command = OpenRoom(key=new_id(), **body.model_dump())

    def run(tx: Any) -> OneRoom:
        return service.open_room(tx, work.caller, command)

    return await work.write(NAMESPACE, run, status=201)


@router.get("/{room_id}/messages", response_model_exclude_none=True)
async def read_history(
    room_id: RoomPath,
    work: WorkOf,
    before: MessageQuery = None,
    after: MessageQuery = None,
    around: MessageQuery = None,
    thread_id: MessageQuery = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
) -> History:
    """Return a page of a room."""
    command = ReadHistory(
        room_id=room_id, before=before, after=after, around=around, thread_id=thread_id, limit=limit
    )
    return await work.read(NAMESPACE, lambda tx: service.read_history(tx, work.caller, command))


@router.post("/{room_id}/messages", response_model=OneMessage, status_code=201)
async def send_message(room_id: RoomPath, body: MessageBody, work: WorkOf) -> Response:
    """Say something in a room."""
    if body.user_id is not None and not work.caller.is_service:
        raise Forbidden("only the LMS itself writes in somebody's name", field="user_id")
    command = SendMessage(key=new_id(), room_id=room_id, **body.model_dump(exclude={"user_id"}))

    def run(tx: Any) -> OneMessage:
        author = service.somebody(tx, body.user_id) if body.user_id else work.caller
        return service.send_message(tx, author, command)

    return await work.write(NAMESPACE, run, status=201)
