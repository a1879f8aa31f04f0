"""A node without a port: the whole realtime line on a private database, for guests in memory."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from types import SimpleNamespace
from typing import Any, TypeVar, cast

from tests.unit.realtime import notes
from tests.unit.realtime.guest import Guest, Heard

from coursewire.app import Node
from coursewire.bus.memory import MemoryBus
from coursewire.bus.port import Bus
from coursewire.edge.server import Server
from coursewire.edge.settings import EdgeSettings
from coursewire.errors import AuthExpired, AuthInvalid
from coursewire.identity import membership
from coursewire.identity.caller import Caller
from coursewire.identity.membership import Enrolment
from coursewire.realtime.claims import Claims
from coursewire.realtime.contract import Limits
from coursewire.realtime.dispatch import Dispatcher
from coursewire.realtime.door import Door, DoorSettings
from coursewire.realtime.here import Here
from coursewire.realtime.hub import Hub
from coursewire.realtime.limits import Rate
from coursewire.realtime.live import Live
from coursewire.realtime.namespace import Namespace
from coursewire.realtime.positions import Positions
from coursewire.realtime.transaction import Transaction
from coursewire.storage import Storage

T = TypeVar("T")

HOUR_MS = 3_600_000
STILL_S = 60.0
LIMITS = Limits(
    payload_bytes=1_000_000,
    commands_per_second=10,
    commands_burst=20,
    subscriptions=200,
    replay_events=1_000,
    outbox_bytes=1 << 20,
)


class Keys:
    """Stands for the verifier: a token is a caller's name here, and worth what the test says."""

    def __init__(self) -> None:
        self._callers: dict[str, Caller] = {}
        self.gate: asyncio.Event | None = None
        """While set and not open, nobody's token is checked yet."""

    def token(self, user: str, **claims: Any) -> str:
        """Return a token, good for an hour unless `expires_at` says otherwise."""
        claims.setdefault("expires_at", time.time_ns() // 1_000_000 + HOUR_MS)
        token = f"token-{len(self._callers)}-of-{user}"
        self._callers[token] = Caller(user, user.title(), **claims)
        return token

    async def authenticate(self, token: object, now: int) -> Caller:
        """Check a token."""
        if self.gate is not None:
            await self.gate.wait()
        caller = self._callers.get(str(token))
        if caller is None:
            raise AuthInvalid("the token is forged")
        if caller.expires_at <= now:
            raise AuthExpired("the token has ended")
        return caller


class House:
    """One node. Build as many as a test needs on one storage; `publish` gives commits to all of them."""

    def __init__(
        self,
        storage: Storage,
        *,
        namespaces: Iterable[Namespace] | None = None,
        bus: Bus | None = None,
        rate: Rate | None = None,
        flags: Mapping[str, bool] | None = None,
        outbox_bytes: int = 1 << 20,
        replay_events: int = 1_000,
        keys: Keys | None = None,
    ) -> None:
        self.storage = storage
        self.keys = keys or Keys()
        self.bus: Bus = bus or MemoryBus()
        self.namespaces = {namespace.path: namespace for namespace in namespaces or (notes.make(),)}
        found: dict[type[Any], list[tuple[str, Any]]] = defaultdict(list)
        for path, namespace in self.namespaces.items():
            for kind, react in namespace.reactions.items():
                found[kind].append((path, react))
        self.reactions = dict(found)
        self.hub = Hub(storage, self.bus, self.namespaces, self.reactions, replay_events=replay_events)
        self.positions = Positions(self.hub, storage)
        """Not started: a test that is about them does it."""
        self.here = Here(self.hub, self.bus, self.namespaces)
        self.here.live = {path: Live(path, self.bus, self.here) for path in self.namespaces}
        self.claims = Claims(storage, self.reactions)
        self.door = Door(
            hub=self.hub,
            here=self.here,
            claims=self.claims,
            authenticate=self.keys.authenticate,
            settings=DoorSettings(limits=LIMITS, rate=rate, flags=flags or {}),
        )
        self.bus.subscribe(self.door.hear)
        self.dispatcher = Dispatcher(
            hub=self.hub,
            here=self.here,
            door=self.door,
            storage=storage,
            namespaces=self.namespaces,
            reactions=self.reactions,
        )
        # Hearts beat once an hour: no test waits for one.
        settings = EdgeSettings(
            ping_interval_ms=HOUR_MS,
            ping_timeout_ms=HOUR_MS,
            outbox_bytes=outbox_bytes,
            stall_timeout_s=3_600,
        )
        self.server = Server(self.dispatcher, settings)

    @classmethod
    async def open(cls, **options: Any) -> House:
        """Build a node on a private database of its own."""
        storage = await Storage.open("sqlite://")
        await storage.migrate()
        house = cls(storage, **options)
        storage.committed = house.publish
        return house

    def publish(self, effects: list[Any]) -> None:
        """Put what was committed on the bus, as the composition root does."""
        Node._publish(cast("Node", SimpleNamespace(bus=self.bus)), effects)

    async def close(self) -> None:
        """End it all."""
        await self.server.close()
        await self.positions.close()
        await self.dispatcher.close()
        await self.hub.close()
        await self.storage.close()

    # What tests do

    def guest(self, user: str = "ada") -> Guest:
        """Open a connection."""
        return Guest(self.server, user)

    async def visitor(self, user: str = "ada", *channels: str, **entry: Any) -> Guest:
        """Open a connection, enter the namespace, and listen to channels."""
        guest = self.guest(user)
        guest.enter(entry.pop("token", None) or self.keys.token(user), **entry)
        await guest.event("session.ready")
        for channel in channels:
            await guest.ask("subscribe", channel=channel)
        return guest

    async def visitors(self, count: int, channel: str) -> list[Guest]:
        """Let so many listen to a channel, and all be told who is here: that goes to none of them later on."""
        guests = [await self.visitor("ada", channel) for _ in range(count)]
        await Clock(self).advance(1)
        return guests

    async def write(self, work: Callable[[Transaction], T]) -> T:
        """Run a work in the namespace, for nobody in particular."""
        return await self.storage.write(lambda raw: work(Transaction(raw, notes.PATH, None, self.reactions)))

    async def enrol(self, board: str, *users: str) -> None:
        """Put people into a course, making it first."""
        await self.write(lambda tx: enrol(tx, board, *users))

    async def expel(self, board: str, user: str) -> None:
        """Take somebody out of a course."""
        await self.write(lambda tx: expel(tx, board, user))

    async def add(self, board: str, *texts: str) -> list[str]:
        """Append a note each, in one transaction, and return their ids."""

        def work(tx: Transaction) -> list[str]:
            ids = []
            for text in texts:
                note = notes.Note(id=f"{board}-{text}", board=board, text=text)
                tx.append(notes.board_channel(board), notes.NoteAdded(note))
                ids.append(note.id)
            return ids

        return await self.write(work)

    async def settle(self) -> None:
        """Let everything happen that can happen now: tasks, and what they ask of the storage."""
        quiet = 0
        while quiet < 5:
            quiet = quiet + 1 if self._idle else 0
            await asyncio.sleep(0)

    @property
    def _idle(self) -> bool:
        loop: Any = asyncio.get_running_loop()
        return self.storage._room == {"write": 10_000, "read": 10_000} and len(loop._ready) == 0


def enrol(tx: Transaction, board: str, *users: str) -> None:
    """Put people into a course, making it first."""
    learner = frozenset({"learner"})
    enrolments = [Enrolment(user, user.title(), cast("Any", learner)) for user in users]
    if membership.roster_of(tx.raw, board) == {}:
        membership.put_course(tx.raw, board, board.upper())
    for fact in membership.put_members(tx.raw, board, enrolments):
        tx.tell(fact)


def expel(tx: Transaction, board: str, user: str) -> None:
    """Take somebody out of a course."""
    for fact in membership.remove_member(tx.raw, board, user):
        tx.tell(fact)


def texts(heard: Iterable[Heard]) -> list[str]:
    """Return what the notes say."""
    return [one.data["text"] for one in heard]


class Clock:
    """Moves the time of an event loop ahead; its timers then fire as if that had passed.

    It does not go on by itself, however busy the machine is, unless it `runs`. For a test that hangs it does so after
    a minute, and `asyncio.timeout` ends that.
    """

    def __init__(self, house: House, *, runs: bool = False) -> None:
        self._house = house
        self._ahead = 0.0
        loop = asyncio.get_running_loop()
        real = loop.time
        began = real()
        loop.time = lambda: (  # type: ignore[method-assign]
            self._ahead + (real() if runs else began + max(0.0, real() - began - STILL_S))
        )

    async def advance(self, seconds: float) -> None:
        """Let time pass, then everything that is due happen."""
        self._ahead += seconds
        await self._house.settle()
