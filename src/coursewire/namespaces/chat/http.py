"""Rooms and messages over HTTP: the same commands, with the same rights."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Path, Query, Response
from pydantic import Field, ValidationError

from coursewire.errors import Forbidden
from coursewire.identity.access import WorkOf, good_for
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
from coursewire.realtime.contract import Command
from coursewire.realtime.validation import invalid_from
from coursewire.vocabulary import ID_PATTERN, CourseId, Line, MessageId, Model, Text, UserId, new_id

NAMESPACE = "/chat"

C = TypeVar("C", bound=Command)

RoomPath = Annotated[str, Path(pattern=ID_PATTERN, description="The id of the room.")]
IdQuery = Annotated[str | None, Query(pattern=ID_PATTERN)]


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


def _command(kind: type[C], /, **fields: Any) -> C:
    try:
        return kind.model_validate(fields)
    except ValidationError as error:
        raise invalid_from(error) from None


router = APIRouter(prefix="/v1/rooms", tags=["chat"], dependencies=[good_for(NAMESPACE)])


@router.get("", response_model_exclude_none=True)
async def list_rooms(
    work: WorkOf,
    course_id: IdQuery = None,
    cursor: Annotated[str | None, Query(min_length=1, max_length=512)] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 100,
) -> RoomPage:
    """Return the caller's rooms."""
    command = _command(ListRooms, course_id=course_id, cursor=cursor, limit=limit)
    return await work.read(NAMESPACE, lambda tx: service.list_rooms(tx, work.caller, command))


@router.post("", response_model=OneRoom, status_code=201)
async def open_room(body: RoomBody, work: WorkOf) -> Response:
    """Make a room."""
    command = _command(OpenRoom, key=new_id(), **body.model_dump())

    def run(tx: Any) -> OneRoom:
        return service.open_room(tx, work.caller, command)

    return await work.write(NAMESPACE, run, status=201)


@router.get("/{room_id}/messages", response_model_exclude_none=True)
async def read_history(
    room_id: RoomPath,
    work: WorkOf,
    before: IdQuery = None,
    after: IdQuery = None,
    around: IdQuery = None,
    thread_id: IdQuery = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
) -> History:
    """Return a page of a room."""
    command = _command(
        ReadHistory,
        room_id=room_id,
        before=before,
        after=after,
        around=around,
        thread_id=thread_id,
        limit=limit,
    )
    return await work.read(NAMESPACE, lambda tx: service.read_history(tx, work.caller, command))


@router.post("/{room_id}/messages", response_model=OneMessage, status_code=201)
async def send_message(room_id: RoomPath, body: MessageBody, work: WorkOf) -> Response:
    """Say something in a room."""
    if body.user_id is not None and not work.caller.is_service:
        raise Forbidden("only the LMS itself writes in somebody's name", field="user_id")
    command = _command(SendMessage, key=new_id(), room_id=room_id, **body.model_dump(exclude={"user_id"}))

    def run(tx: Any) -> OneMessage:
        author = service.somebody(tx, body.user_id) if body.user_id else work.caller
        return service.send_message(tx, author, command)

    return await work.write(NAMESPACE, run, status=201)
