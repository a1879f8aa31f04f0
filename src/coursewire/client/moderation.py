"""How order is kept in /chat: reports, and what staff do about them."""

from __future__ import annotations

from typing import Literal

from coursewire.client.namespace import NamespaceClient
from coursewire.namespaces.chat import contract as chat


class ModerationCommands(NamespaceClient):
    """Everybody may report; the rest is for staff of the room's course, and kept in its audit trail.

    Raises Forbidden for others. `note` says why, for the audit trail.
    """

    namespace = "/chat"
    events = chat.EVENTS

    async def report(
        self, message_id: str, reason: chat.Reason, note: str | None = None, *, key: str | None = None
    ) -> str:
        """Tell staff about a message, once; return the report's id."""
        answer = await self.run(
            chat.ReportMessage,
            chat.OneReport,
            key=key,
            message_id=message_id,
            reason=reason,
            note=note,
        )
        return answer.report_id

    async def reports(
        self,
        *,
        course_id: str | None = None,
        room_id: str | None = None,
        state: Literal["open", "resolved"] = "open",
    ) -> list[chat.Report]:
        """Return the reports of the courses in which one is staff, the newest first."""
        reports: list[chat.Report] = []
        cursor: str | None = None
        while True:
            page = await self.run(
                chat.ListReports,
                chat.ReportPage,
                course_id=course_id,
                room_id=room_id,
                state=state,
                cursor=cursor,
                limit=100,
            )
            reports += page.items
            cursor = page.next_cursor
            if cursor is None:
                return reports

    async def hide(self, message: chat.Message, note: str | None = None) -> chat.Message:
        """Hide a message from everybody; it keeps its place, also in replays (LOG5)."""
        return await self._show(message, "hide", note)

    async def restore(self, message: chat.Message, note: str | None = None) -> chat.Message:
        """Show a hidden message again."""
        return await self._show(message, "restore", note)

    async def _show(
        self, message: chat.Message, action: Literal["hide", "restore"], note: str | None
    ) -> chat.Message:
        moderated = await self._moderate(message.room_id, action, message_id=message.id, note=note)
        return moderated.message or message

    async def mute(
        self, room_id: str, user_id: str, *, seconds: int | None = None, note: str | None = None
    ) -> chat.RoomSummary:
        """Let somebody only read in a room: for some seconds, or until unmuted."""
        return (await self._moderate(room_id, "mute", user_id=user_id, seconds=seconds, note=note)).room

    async def unmute(self, room_id: str, user_id: str, *, note: str | None = None) -> chat.RoomSummary:
        """Let somebody write again."""
        return (await self._moderate(room_id, "unmute", user_id=user_id, note=note)).room

    async def lock(self, room_id: str, *, note: str | None = None) -> chat.RoomSummary:
        """Let only staff write in a room."""
        return (await self._moderate(room_id, "lock", note=note)).room

    async def unlock(self, room_id: str, *, note: str | None = None) -> chat.RoomSummary:
        """Let everybody write again."""
        return (await self._moderate(room_id, "unlock", note=note)).room

    async def slow_mode(self, room_id: str, seconds: int, *, note: str | None = None) -> chat.RoomSummary:
        """Let everybody but staff wait that long between two messages, 3600 at most; 0 ends it."""
        return (await self._moderate(room_id, "slow_mode", seconds=seconds, note=note)).room

    async def reveal(self, message_id: str) -> chat.Author:
        """Ask who wrote an anonymous message; that one asked is kept in the audit trail."""
        answer = await self.run(chat.RevealMessage, chat.Revealed, message_id=message_id)
        return answer.author

    async def audit(self, room_id: str) -> list[chat.AuditEntry]:
        """Return what staff did in a room, the newest first."""
        entries: list[chat.AuditEntry] = []
        cursor: str | None = None
        while True:
            page = await self.run(chat.ListAudit, chat.AuditPage, room_id=room_id, cursor=cursor, limit=100)
            entries += page.items
            cursor = page.next_cursor
            if cursor is None:
                return entries

    async def _moderate(
        self,
        room_id: str,
        action: chat.Action,
        *,
        message_id: str | None = None,
        user_id: str | None = None,
        seconds: int | None = None,
        note: str | None = None,
    ) -> chat.Moderated:
        return await self.run(
            chat.ModerateRoom,
            chat.Moderated,
            room_id=room_id,
            action=action,
            message_id=message_id,
            user_id=user_id,
            seconds=seconds,
            note=note,
        )
