"""The client of an LMS's backend: courses, members, tokens, rooms, messages and notifications over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from types import TracebackType
from typing import Self

import httpx
from pydantic import ValidationError

from coursewire.client.failures import invalid
from coursewire.client.http import Requests, path_part
from coursewire.client.service_analytics import AnalyticsRoutes
from coursewire.client.service_documents import DocumentRoutes
from coursewire.client.token import Token
from coursewire.identity.bodies import (
    CourseReply,
    CourseView,
    GroupList,
    GroupReply,
    GroupSummary,
    GroupView,
    MemberBody,
    MemberPage,
    MembersReply,
    MemberView,
    TokenReply,
)
from coursewire.namespaces.chat import contract as chat
from coursewire.namespaces.notifications import contract as notifications
from coursewire.vocabulary import Role, new_id


class ServiceClient(AnalyticsRoutes, DocumentRoutes):
    """What a backend says to the server, with a token of role `service`.

    `async with ServiceClient(url, token) as lms: await lms.put_course("cs101", "Computer Science")`.

    `token` is a JWT or a function (plain or async) that gets a fresh one; it is asked again when one has expired. Every
    write carries an `Idempotency-Key`: `key`, or one that is made for the call. While the server is away, or asks to
    wait, a request is repeated with that key for `patience` seconds; then the call raises Unavailable, RateLimited,
    Overloaded or Internal, and the same `key` may be used again later.
    """

    def __init__(
        self,
        url: str,
        token: Token,
        *,
        patience: float = 30.0,
        timeout: float = 10.0,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """`timeout`: seconds without a sign of the server after which an attempt has failed."""
        self._requests = Requests(url, token, patience_s=patience, timeout_s=timeout, transport=transport)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._requests.close()

    # Courses and members

    async def put_course(self, course_id: str, title: str, *, key: str | None = None) -> CourseView:
        """Make a course, or give it another title."""
        reply = await self._requests.run(
            "PUT",
            f"/v1/courses/{path_part('course_id', course_id)}",
            CourseReply,
            body={"title": title},
            key=key or new_id(),
        )
        return reply.course

    async def course(self, course_id: str) -> CourseView:
        """Return a course. Raises NotFound."""
        return (
            await self._requests.run("GET", f"/v1/courses/{path_part('course_id', course_id)}", CourseReply)
        ).course

    async def put_members(
        self,
        course_id: str,
        members: Iterable[MemberBody],
        *,
        replace: bool = False,
        key: str | None = None,
    ) -> MembersReply:
        """Add members to a course or update them, 10,000 at most; with `replace` everybody else leaves."""
        return await self._requests.run(
            "PUT",
            f"/v1/courses/{path_part('course_id', course_id)}/members",
            MembersReply,
            body={"members": list(members)},
            query={"replace": "true" if replace else None},
            key=key or new_id(),
        )

    async def members(self, course_id: str) -> list[MemberView]:
        """Return everybody of a course, in the order of their ids."""
        members: list[MemberView] = []
        cursor: str | None = None
        while True:
            page = await self._requests.run(
                "GET",
                f"/v1/courses/{path_part('course_id', course_id)}/members",
                MemberPage,
                query={"cursor": cursor, "limit": 1_000},
            )
            members += page.items
            cursor = page.next_cursor
            if cursor is None:
                return members

    async def remove_member(self, course_id: str, user_id: str, *, key: str | None = None) -> MembersReply:
        """Take somebody out of a course."""
        path = f"/v1/courses/{path_part('course_id', course_id)}/members/{path_part('user_id', user_id)}"
        return await self._requests.run("DELETE", path, MembersReply, key=key or new_id())

    async def put_group(
        self,
        course_id: str,
        group_id: str,
        user_ids: Iterable[str],
        *,
        title: str | None = None,
        key: str | None = None,
    ) -> GroupView:
        """Make a group of people of a course, or change it: these are all of it."""
        reply = await self._requests.run(
            "PUT",
            _group_path(course_id, group_id),
            GroupReply,
            body={"title": title, "user_ids": list(user_ids)},
            key=key or new_id(),
        )
        return reply.group

    async def groups(self, course_id: str) -> list[GroupSummary]:
        """Return the groups of a course, in the order of their ids."""
        path = f"/v1/courses/{path_part('course_id', course_id)}/groups"
        return (await self._requests.run("GET", path, GroupList)).items

    async def group(self, course_id: str, group_id: str) -> GroupView:
        """Return a group, and who of the course is in it. Raises NotFound."""
        return (await self._requests.run("GET", _group_path(course_id, group_id), GroupReply)).group

    async def remove_group(self, course_id: str, group_id: str, *, key: str | None = None) -> None:
        """Dissolve a group: nobody has a right by it any more."""
        await self._requests.run_silent("DELETE", _group_path(course_id, group_id), key=key or new_id())

    # People

    async def issue_token(
        self,
        user_id: str,
        name: str,
        *,
        avatar_url: str | None = None,
        email: str | None = None,
        roles: Iterable[Role] = (),
        courses: Mapping[str, Sequence[str]] | None = None,
        namespaces: Sequence[str] | None = None,
        ttl_s: int = 3_600,
    ) -> TokenReply:
        """Get a token made for somebody. Raises Disabled when the server has no secret to sign with.

        `email` is where mails of notifications go, once the token is used.
        """
        body = {
            "user_id": user_id,
            "name": name,
            "avatar_url": avatar_url,
            "email": email,
            "roles": list(roles),
            "courses": None if courses is None else {course: list(of) for course, of in courses.items()},
            "namespaces": None if namespaces is None else list(namespaces),
            "ttl_s": ttl_s,
        }
        return await self._requests.run("POST", "/v1/tokens", TokenReply, body=body)

    async def end_sessions(self, user_id: str, *, key: str | None = None) -> None:
        """Force somebody off: only a token issued after this opens a session again."""
        await self._requests.run_silent(
            "DELETE", f"/v1/users/{path_part('user_id', user_id)}/sessions", key=key or new_id()
        )

    async def erase_user(self, user_id: str, *, key: str | None = None) -> None:
        """Erase somebody: name, memberships, and what they said."""
        await self._requests.run_silent(
            "DELETE", f"/v1/users/{path_part('user_id', user_id)}", key=key or new_id()
        )

    # Rooms and messages

    async def rooms(self, course_id: str | None = None) -> list[chat.RoomSummary]:
        """Return the rooms that the token's user sees: all those of a course, for the service."""
        rooms: list[chat.RoomSummary] = []
        cursor: str | None = None
        while True:
            query = {"course_id": course_id, "cursor": cursor}
            page = await self._requests.run("GET", "/v1/rooms", chat.RoomPage, query=query)
            rooms += page.items
            cursor = page.next_cursor
            if cursor is None:
                return rooms

    async def open_room(
        self,
        kind: chat.RoomKind,
        member_ids: Sequence[str] = (),
        *,
        title: str | None = None,
        course_id: str | None = None,
        key: str | None = None,
    ) -> chat.RoomSummary:
        """Make a room."""
        body = {"kind": kind, "course_id": course_id, "title": title, "member_ids": list(member_ids)}
        return (
            await self._requests.run("POST", "/v1/rooms", chat.OneRoom, body=body, key=key or new_id())
        ).room

    async def send(
        self,
        room_id: str,
        text: str,
        *,
        user_id: str | None = None,
        reply_to: str | None = None,
        thread_id: str | None = None,
        mentions: Sequence[str] = (),
        anonymous: bool = False,
        key: str | None = None,
    ) -> chat.Message:
        """Say something in a room, in the name of `user_id`, or in the service's own without."""
        body = {
            "user_id": user_id,
            "text": text,
            "reply_to": reply_to,
            "thread_id": thread_id,
            "mentions": list(mentions),
            "anonymous": anonymous,
        }
        path = f"/v1/rooms/{path_part('room_id', room_id)}/messages"
        return (
            await self._requests.run("POST", path, chat.OneMessage, body=body, key=key or new_id())
        ).message

    async def history(
        self,
        room_id: str,
        *,
        before: str | None = None,
        after: str | None = None,
        around: str | None = None,
        thread_id: str | None = None,
        limit: int = 50,
    ) -> chat.History:
        """Read a page of messages: the newest, or before, after or around a message; 100 at most."""
        query = {
            "before": before,
            "after": after,
            "around": around,
            "thread_id": thread_id,
            "limit": limit,
        }
        return await self._requests.run(
            "GET", f"/v1/rooms/{path_part('room_id', room_id)}/messages", chat.History, query=query
        )

    # Notifications

    async def notify(
        self,
        audience: notifications.Audience,
        category: notifications.Category,
        title: str,
        body: str = "",
        *,
        priority: notifications.Priority = "normal",
        course_id: str | None = None,
        action: notifications.Action | None = None,
        group_key: str | None = None,
        dedupe_key: str | None = None,
        expires_at: str | None = None,
        mandatory: bool = False,
        key: str | None = None,
    ) -> notifications.DeliveryStarted:
        """Notify some users, a course or everyone; it reaches each of them once, and goes on without the caller.

        `body` is Markdown-lite; `course_id` says what it is about when the audience does not. `group_key` makes one
        item of several; whoever has had one with this `dedupe_key` gets no other. `mandatory` passes all preferences.
        """
        given = {
            "audience": audience,
            "category": category,
            "title": title,
            "body": body,
            "priority": priority,
            "course_id": course_id,
            "action": action,
            "group_key": group_key,
            "dedupe_key": dedupe_key,
            "expires_at": expires_at,
            "mandatory": mandatory,
        }
        try:
            checked = notifications.NotificationBody.model_validate(given)
        except ValidationError as error:
            raise invalid(error) from error
        return await self._requests.run(
            "POST", "/v1/notifications", notifications.DeliveryStarted, body=checked, key=key or new_id()
        )

    async def delivery(self, delivery_id: str) -> notifications.DeliveryProgress:
        """Return how far a notification has got."""
        path = f"/v1/notifications/deliveries/{path_part('delivery_id', delivery_id)}"
        return await self._requests.run("GET", path, notifications.DeliveryProgress)

    async def follow(
        self, delivery_id: str, *, every: float = 0.5
    ) -> AsyncGenerator[notifications.DeliveryProgress]:
        """Yield how far a notification has got, now and each `every` seconds, until it has reached everybody."""
        while True:
            progress = await self.delivery(delivery_id)
            yield progress
            if progress.state == "finished":
                return
            await asyncio.sleep(every)


def _group_path(course_id: str, group_id: str) -> str:
    return f"/v1/courses/{path_part('course_id', course_id)}/groups/{path_part('group_id', group_id)}"
