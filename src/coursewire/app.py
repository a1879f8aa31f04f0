"""The composition root: settings -> storage, bus, hub, namespaces, HTTP."""

from __future__ import annotations

import asyncio
import functools
import importlib.util
import logging
import pkgutil
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeVar, runtime_checkable

from fastapi import APIRouter
from starlette.types import Receive, Scope, Send

from coursewire import log, namespaces
from coursewire.bus.memory import MemoryBus
from coursewire.bus.port import BusMessage, Committed
from coursewire.contracts.asyncapi import asyncapi
from coursewire.edge.server import Server
from coursewire.edge.settings import EdgeSettings
from coursewire.http import create_app
from coursewire.identity import http as identity_http
from coursewire.identity.caller import Caller
from coursewire.identity.keys import JwksKeys
from coursewire.identity.tokens import Issuer, Verifier
from coursewire.operations import catalogue
from coursewire.operations.health import Health, health_router
from coursewire.operations.lag import LoopLag
from coursewire.operations.metrics import Metrics, metrics_router
from coursewire.pages import Pages
from coursewire.realtime.background import Backgrounds
from coursewire.realtime.claims import Claims
from coursewire.realtime.contract import Limits
from coursewire.realtime.dispatch import Dispatcher
from coursewire.realtime.door import Door, DoorSettings
from coursewire.realtime.feed import Feed
from coursewire.realtime.here import Here
from coursewire.realtime.http import events_router
from coursewire.realtime.hub import Hub
from coursewire.realtime.limits import Rate
from coursewire.realtime.live import Live
from coursewire.realtime.namespace import Namespace
from coursewire.realtime.positions import Positions
from coursewire.realtime.transaction import Transaction
from coursewire.settings import Settings
from coursewire.storage import Storage

logger = logging.getLogger(__name__)

T = TypeVar("T")


@runtime_checkable
class Counted(Protocol):
    """A namespace with numbers of its own for `/metrics`: name -> (help, labels, how to read them)."""

    @property
    def counters(self) -> Mapping[str, tuple[str, tuple[str, ...], Callable[[], Any]]]:
        """Return numbers that only grow."""


TRIM_EVERY_S = 60.0


class Node:
    """One server: everything that belongs together, from the database to the port."""

    def __init__(self, settings: Settings, storage: Storage, routers: tuple[APIRouter, ...] = ()) -> None:
        self.settings = settings
        self.storage = storage
        self.bus = MemoryBus()
        found, namespace_routers = _namespaces()
        self.reactions = _reactions(found)
        self._counted = [namespace for namespace in found.values() if isinstance(namespace, Counted)]
        self.hub = Hub(
            storage,
            self.bus,
            found,
            self.reactions,
            max_subscriptions=settings.max_subscriptions,
            replay_events=settings.replay_events,
        )
        self.positions = Positions(self.hub, storage)
        self.feed = Feed(self.bus)
        self.backgrounds = Backgrounds(found.values(), storage, self.bus, self.reactions, settings)
        here = Here(self.hub, self.bus, found)
        here.live = {path: Live(path, self.bus, here) for path in found}
        storage.committed = self._publish
        self.verifier, self.issuer = _identity(settings)
        self.claims = Claims(storage, self.reactions)
        self.door = Door(
            hub=self.hub,
            here=here,
            claims=self.claims,
            authenticate=self.verifier.authenticate,
            settings=_door_settings(settings),
        )
        self.bus.subscribe(self.door.hear)
        self.dispatcher = Dispatcher(
            hub=self.hub,
            here=here,
            door=self.door,
            storage=storage,
            namespaces=found,
            reactions=self.reactions,
        )
        self.server = Server(self.dispatcher, _edge_settings(settings))
        self.lag = LoopLag()
        # A write of nothing takes the database's lock, which a read would not miss.
        self.health = Health(lambda: storage.write(lambda _: None), self.lag)
        self._api = create_app(
            verifier=self.verifier,
            runner=self,
            issuer=self.issuer,
            routers=(
                identity_http.router,
                *namespace_routers,
                events_router(found, self.feed),
                health_router(self.health),
                metrics_router(self._metrics()),
                _contracts_router(),
                *routers,
            ),
            allowed_origins=settings.allowed_origins,
            max_body_bytes=settings.max_body_bytes,
            docs=not settings.is_production,
        )
        self._pages = Pages()
        self._trimming: asyncio.Task[None] | None = None

    # What runs on a transaction for somebody: `identity.access.Runner`

    async def read(self, namespace: str, caller: Caller, fn: Callable[[Any], T]) -> T:
        """Run `fn` on a snapshot."""
        await self.claims.sync(caller)
        return await self.storage.read(lambda raw: fn(Transaction(raw, namespace, caller, self.reactions)))

    async def write(self, namespace: str, caller: Caller, fn: Callable[[Any], T]) -> T:
        """Run `fn` in a transaction and return its value once that is committed."""
        await self.claims.sync(caller)
        return await self.storage.write(lambda raw: fn(Transaction(raw, namespace, caller, self.reactions)))

    # ASGI

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Give a request to Socket.IO's polling, to the API, or to the pages."""
        path = scope.get("path", "")
        if path.startswith(self.server.settings.path.rstrip("/")):
            await self.server.asgi(scope, receive, send)
        elif self._pages.has(scope):
            await self._pages(scope, receive, send)
        else:
            await self._api(scope, receive, send)

    # Running

    def start(self) -> None:
        """Begin what runs beside the requests."""
        self.lag.start()
        self.positions.start()
        self.backgrounds.start()
        self._trimming = asyncio.ensure_future(self._trim())

    async def drain(self) -> None:
        """Tell everybody to come back later, and let nobody in."""
        self.health.draining = True
        self.feed.close()
        self.door.dismiss_all("the server is restarting", retry_after_ms=500)
        await self.server.close()

    async def close(self) -> None:
        """Finish what was accepted."""
        if self._trimming is not None:
            self._trimming.cancel()
        await self.backgrounds.close()
        self.lag.stop()
        await self.positions.close()
        await self.dispatcher.close()
        await self.hub.close()
        await self.claims.close()
        await self.verifier.close()
        await self.storage.close()

    def _publish(self, effects: list[Any]) -> None:
        """Put what a commit group says on the bus: events of one channel that follow each other as one message."""
        messages: list[BusMessage] = []
        open_at: dict[tuple[str, str], int] = {}
        for effect in effects:
            if not isinstance(effect, Committed):
                messages.append(effect)
                continue
            key = (effect.namespace, effect.channel)
            index = open_at.get(key)
            if index is None:
                open_at[key] = len(messages)
                messages.append(effect)
                continue
            before = messages[index]
            assert isinstance(before, Committed)  # noqa: S101 - `open_at` holds no other
            if before.epoch == effect.epoch:
                messages[index] = Committed(
                    before.namespace,
                    before.channel,
                    before.epoch,
                    before.first,
                    before.events + effect.events,
                )
            else:
                open_at[key] = len(messages)
                messages.append(effect)
        for message in messages:
            self.bus.publish(message)

    async def _trim(self) -> None:
        keep_ms = int(self.settings.log_days * 86_400_000)
        while True:
            await asyncio.sleep(TRIM_EVERY_S)
            try:
                now = time.time_ns() // 1_000_000
                await log.sweep(self.storage, now, keep_events=self.settings.log_events, keep_ms=keep_ms)
            except Exception:
                logger.exception("trimming the log failed; it is tried again")

    def _metrics(self) -> Metrics:
        metrics = Metrics()
        catalogue.add_process(metrics, self.lag)
        catalogue.add_edge(metrics, self.server.statistics, lambda: len(self.server.sessions))
        catalogue.add_realtime(
            metrics,
            commands=lambda: self.dispatcher.figures.commands,
            sessions=lambda: self.hub.session_count,
            channels=lambda: self.hub.channel_count,
            replays=lambda: self.hub.recovery.reads,
            lost=lambda: self.positions.found,
        )
        catalogue.add_storage(metrics, lambda: self.storage.waiting)
        for counted in self._counted:
            for name, (help_text, labels, read) in counted.counters.items():
                metrics.counter(name, help_text, read, labels)
        return metrics


def _namespaces() -> tuple[dict[str, Namespace], list[APIRouter]]:
    """Return every namespace that there is a folder for, and the routes of those that have some."""
    found: dict[str, Namespace] = {}
    routers: list[APIRouter] = []
    for folder in pkgutil.iter_modules(namespaces.__path__):
        name = f"{namespaces.__name__}.{folder.name}"
        namespace: Namespace = importlib.import_module(f"{name}.namespace").make()
        found[namespace.path] = namespace
        if importlib.util.find_spec(f"{name}.http") is not None:
            routers.append(importlib.import_module(f"{name}.http").router)
    return found, routers


def _contracts_router() -> APIRouter:
    router = APIRouter(tags=["contracts"])
    document = functools.cache(asyncapi)

    @router.get("/asyncapi.json")
    async def read() -> dict[str, Any]:
        """Return what travels over Socket.IO, as AsyncAPI."""
        return document()

    return router


def _reactions(namespaces: dict[str, Namespace]) -> dict[type[Any], list[tuple[str, Any]]]:
    reactions: dict[type[Any], list[tuple[str, Any]]] = defaultdict(list)
    for path, namespace in namespaces.items():
        for kind, react in namespace.reactions.items():
            reactions[kind].append((path, react))
    return dict(reactions)


def _identity(settings: Settings) -> tuple[Verifier, Issuer | None]:
    secret = settings.signing_secret
    issuer, audience = settings.jwt_issuer, settings.jwt_audience
    verifier = Verifier(
        secret=secret,
        jwks=JwksKeys(settings.jwks_url) if settings.jwks_url else None,
        issuer=issuer,
        audience=audience,
        leeway_s=settings.jwt_leeway_s,
    )
    return verifier, Issuer(secret, issuer=issuer, audience=audience) if secret else None


def _door_settings(settings: Settings) -> DoorSettings:
    rate = Rate(settings.commands_per_second, settings.commands_burst) if settings.rate_limits else None
    return DoorSettings(
        limits=Limits(
            payload_bytes=settings.max_payload,
            commands_per_second=settings.commands_per_second,
            commands_burst=settings.commands_burst,
            subscriptions=settings.max_subscriptions,
            replay_events=settings.replay_events,
            outbox_bytes=settings.outbox_bytes,
        ),
        rate=rate,
        flags=dict(settings.flags),
    )


def _edge_settings(settings: Settings) -> EdgeSettings:
    origins = settings.allowed_origins
    return EdgeSettings(
        ping_interval_ms=settings.ping_interval_ms,
        ping_timeout_ms=settings.ping_timeout_ms,
        connect_timeout_ms=settings.connect_timeout_ms,
        stall_timeout_s=settings.stall_timeout_s,
        request_timeout_s=settings.request_timeout_s,
        max_payload=settings.max_payload,
        outbox_bytes=settings.outbox_bytes,
        max_sessions=settings.max_sessions,
        allowed_origins="*" if "*" in origins else origins,
    )
