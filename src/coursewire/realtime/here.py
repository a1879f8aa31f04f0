"""Tells the listeners of a channel which of them are here: presence on the hub."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from coursewire.bus.port import Unlogged
from coursewire.errors import CoursewireError
from coursewire.realtime.presence import GRACE_S, TOLD_UP_TO, Presence, Standing, Status
from coursewire.realtime.visit import Visit
from coursewire.vocabulary import new_id

if TYPE_CHECKING:
    from coursewire.bus.port import Bus
    from coursewire.realtime.channels import Channel
    from coursewire.realtime.hub import Hub
    from coursewire.realtime.live import Live
    from coursewire.realtime.namespace import Namespace
    from coursewire.realtime.session import Session

logger = logging.getLogger(__name__)


class Here:
    """Follows sessions and subscriptions, and publishes how their users are shown."""

    def __init__(self, hub: Hub, bus: Bus, namespaces: Mapping[str, Namespace]) -> None:
        self._hub = hub
        self._bus = bus
        self._namespaces = namespaces
        self._presence = {path: Presence() for path in namespaces}
        self.live: dict[str, Live] = {}
        """What `departed` of each namespace gets."""
        hub.on_listening = self._listening
        hub.on_granted = self._granted
        hub.on_left = self._left
        hub.on_refused = self._refused
        self._tasks: set[asyncio.Task[None]] = set()

    def arrived(self, session: Session) -> None:
        """Count a session in."""
        self._presence[session.namespace.path].arrived(session.caller.user_id, _now())

    def left(self, session: Session, channels: Iterable[Channel]) -> None:
        """Count a session out; it listened to these channels."""
        path, user_id = session.namespace.path, session.caller.user_id
        absence = self._presence[path].left(user_id, _now())
        if absence is not None:
            names = [channel.name for channel in channels]
            asyncio.get_running_loop().call_later(GRACE_S, self._gone, session, absence, names)
            if session.namespace.departed is not None:
                session.namespace.departed(self.live[path], user_id)

    def _gone(self, session: Session, absence: int, names: list[str]) -> None:
        path, user_id = session.namespace.path, session.caller.user_id
        presence = self._presence[path]
        names += presence.shown_in(user_id)
        if presence.gone(user_id, absence) and (told := self._told_in(path, dict.fromkeys(names))):
            task = asyncio.ensure_future(self._tell_gone(session, told))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _tell_gone(self, session: Session, names: list[str]) -> None:
        """Tell that somebody has gone. Where they may not listen any more nobody who comes next is told of them."""
        path, user_id = session.namespace.path, session.caller.user_id
        try:
            grants = await self._hub.rights.decide(session, names)
        except Exception as error:
            logger.warning("the rights of who has gone could not be read; they are shown", exc_info=error)
            grants = {}
        gone = Standing("offline", _now())
        if self._presence[path].standing(user_id, _now()).status == "offline":  # and not back by now
            for name in names:
                refused = isinstance(grants.get(name), CoursewireError)
                self._tell(path, user_id, [name], gone, is_last=refused)

    def _told_in(self, path: str, names: Iterable[str]) -> list[str]:
        """Return those of these channels that are told who is here."""
        namespace = self._namespaces[path]
        return [
            name
            for name in names
            if self._hub.find(path, name) is not None and namespace.kind_of(name)[0].present is not None
        ]

    def _refused(self, session: Session, name: str) -> None:
        """Show somebody as gone where they have lost the right to be, to whoever is there, and to nobody who comes."""
        path, user_id = session.namespace.path, session.caller.user_id
        self._tell(path, user_id, [name], Standing("offline", _now()), is_last=True)

    def set_status(self, path: str, user_id: str, status: Status) -> Standing:
        """Choose how a user is shown, and tell whoever shares a channel with them."""
        presence = self._presence[path]
        standing = presence.set(user_id, status, _now())
        sessions = self._hub.users_of(path).get(user_id, ())
        names = {name for session in sessions for name in session.subscriptions}
        if standing.status == "offline":
            names.update(presence.shown_in(user_id))
        self._tell(path, user_id, sorted(names), standing)
        return standing

    def _listening(self, session: Session, channel: Channel) -> None:
        if channel.crowded and len(channel.subscriptions) > TOLD_UP_TO:
            return
        if session.namespace.kind_of(channel.name)[0].present is None:
            return
        path, user_id = session.namespace.path, session.caller.user_id
        standing = self._presence[path].standing(user_id, _now())
        if standing.status != "offline":
            self._tell(path, user_id, [channel.name], standing)

    def _granted(self, session: Session, name: str, grant: Any) -> None:
        kind, channel_id = session.namespace.kind_of(name)
        if kind.granted is not None:
            kind.granted(self.visit(session), channel_id, grant)

    def _left(self, session: Session, name: str) -> None:
        kind, channel_id = session.namespace.kind_of(name)
        if kind.left is not None:
            kind.left(self.visit(session), channel_id)

    def visit(self, session: Session) -> Visit:
        """Return a session as its namespace sees it."""
        return Visit(self.live[session.namespace.path], session.caller, session.id)

    def leave(self, path: str, visit: Visit, is_meant: Callable[[str], bool]) -> None:
        """End the subscriptions of one session to the channels that are meant."""
        for session in self._hub.users_of(path).get(visit.caller.user_id, ()):
            if session.id == visit.session_id:
                for name in filter(is_meant, list(session.subscriptions)):
                    self._hub.unsubscribe(session, name)

    def _tell(
        self, path: str, user_id: str, names: Iterable[str], standing: Standing, *, is_last: bool = False
    ) -> None:
        namespace = self._namespaces[path]
        for name in names:
            channel = self._hub.find(path, name)
            if channel is None:
                continue
            kind, _ = namespace.kind_of(name)
            if kind.present is None:
                continue
            if len(channel.subscriptions) > TOLD_UP_TO:
                if not channel.crowded:
                    # What was told until now is not kept up any more.
                    channel.crowded = True
                    channel.forget_latest(kind.present(user_id, standing).event)
                continue
            channel.crowded = False
            if standing.status == "offline":
                self._presence[path].hide(user_id, name)
            else:
                self._presence[path].show(user_id, name)
            event = kind.present(user_id, standing)
            data = event.data.as_json()
            self._bus.publish(
                Unlogged(path, name, new_id(), event.event, data, _now(), None, user_id, is_last=is_last)
            )


def _now() -> int:
    return time.time_ns() // 1_000_000
