"""Into a namespace and out of it: the handshake, what was asked to be resumed, and a token's end."""

from __future__ import annotations

import functools
import logging
import random
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson
from pydantic import ValidationError

from coursewire.bus.port import BusMessage, SessionsOver
from coursewire.errors import (
    AuthExpired,
    AuthInvalid,
    AuthMissing,
    CoursewireError,
    Disabled,
    Forbidden,
    Internal,
    Unavailable,
)
from coursewire.realtime.attachments import Answer
from coursewire.realtime.contract import (
    AuthExpiring,
    Expiring,
    Handshake,
    Limits,
    NamespaceClosing,
    NamespaceGone,
    SessionReady,
)
from coursewire.realtime.deadlines import SLOTS_PER_S, Deadlines
from coursewire.realtime.eager import STEP
from coursewire.realtime.encoding import encode_json
from coursewire.realtime.hub import Hub, send_event
from coursewire.realtime.joined import Joined
from coursewire.realtime.lane import Lane
from coursewire.realtime.limits import Bucket, Rate
from coursewire.realtime.session import Session
from coursewire.realtime.validation import invalid_from
from coursewire.vocabulary import iso

if TYPE_CHECKING:
    from coursewire.edge.connection import Socket
    from coursewire.identity.caller import Caller
    from coursewire.realtime.claims import Claims
    from coursewire.realtime.here import Here
    from coursewire.realtime.namespace import Namespace
    from coursewire.vocabulary import Position
    from coursewire.wire.frames import Encoded

logger = logging.getLogger(__name__)

KEPT_BUCKETS = 10_000
"""Callers who have left and whose bucket is kept, so that to leave and to come again makes nobody faster. Whoever left
longest ago is forgotten: by then their bucket is full again."""

EXPIRING_AHEAD_S = 60.0
EXPIRING_JITTER_S = 10.0
"""`auth.expiring` comes 60 s ahead, plus or minus this: a class that came together does not refresh together."""
EXPIRING_AGAIN_S = 5.0
"""When it comes again at the earliest after a refresh by a token that ends no later: to come each time that half of
what is left has passed would be some twenty times for nothing."""
EXPIRED_GRACE_S = 25.0
"""How long after `exp` a namespace is kept, for a refresh that is on its way (SES2)."""

LANE = 512
"""Commands of one session that may wait or run; beyond it they are answered with `overloaded`."""


@dataclass(frozen=True, slots=True)
class DoorSettings:
    """What every session is told and held to."""

    limits: Limits
    rate: Rate | None
    """None switches limits off, for load tests."""
    flags: Mapping[str, bool] = field(default_factory=dict)
    """Feature flags that clients are told; `namespace.<name>: false` closes a namespace."""


class Door:
    """Lets sessions in, keeps their tokens fresh, and lets them out."""

    def __init__(
        self,
        *,
        hub: Hub,
        here: Here,
        claims: Claims,
        authenticate: Callable[[object, int], Awaitable[Caller]],
        settings: DoorSettings,
    ) -> None:
        self._hub = hub
        self._here = here
        self._claims = claims
        self._authenticate = authenticate
        self._settings = settings
        # The same for everybody, so written once.
        self._flags = orjson.Fragment(orjson.dumps(dict(settings.flags)))
        self._limits = orjson.Fragment(settings.limits.model_dump_json())
        self._random = random.Random()  # noqa: S311 - jitter is no secret
        self._expiries: Deadlines[Session] = Deadlines(self._expire)
        self._left_buckets: OrderedDict[tuple[str, str], Bucket] = OrderedDict()
        self.on_crowded: Callable[[Session], None] = lambda _session: None
        """Called when a session's lane is not crowded any more."""

    # In

    async def open(self, socket: Socket, namespace: Namespace, auth: Any) -> None:
        """Let somebody in, replay what they missed, and say `session.ready` (SES1, SUB4).

        In steps, for who comes with others: see `eager.start_together`.
        """
        try:
            handshake = _read_handshake(auth)
            caller = await self._identify(namespace, handshake.token)
            await STEP
            await self._claims.sync(caller)
            await STEP
        except CoursewireError as error:
            socket.refuse(error.as_wire())
            return
        except Exception:
            logger.exception("a handshake failed")
            socket.refuse(Internal("something went wrong on our side").as_wire())
            return
        if not socket.pending:
            return
        session = self._seat(socket, namespace, caller)
        if handshake.resume:
            # What was missed is written while it is read. Otherwise there is one write for both answers.
            socket.accept()
        wanted: dict[str, Position | None] = {f"user:{caller.user_id}": None, **handshake.resume}
        try:
            answers = await self._hub.subscribe(session, wanted)
        except CoursewireError as error:
            self.dismiss(session, error.code, retryable=True, retry_after_ms=error.retry_after_ms)
        except Exception:
            logger.exception("a session could not be opened")
            self.dismiss(session, Internal.code, retryable=True)
        else:
            await STEP
            ready = self._compose_ready(session, answers)
            if ready is not None:
                if not handshake.resume:
                    # In between others begin to live. What goes out at once then would be neither in this answer
                    # nor come after it; but in a person's own channel, the only one here, they publish nothing.
                    await STEP
                self._say_ready(session, ready, answers)

    async def _identify(self, namespace: Namespace, token: str) -> Caller:
        caller = await self._authenticate(token, _now())
        self._check_entry(namespace, caller)
        return caller

    def _check_entry(self, namespace: Namespace, caller: Caller) -> None:
        if not caller.may_enter(namespace.path):
            raise Forbidden(f"this token is not good for {namespace.path}")
        if not self._settings.flags.get(f"namespace.{namespace.path.removeprefix('/')}", True):
            raise Disabled(f"{namespace.path} is switched off", retry_after_ms=60_000)

    def hear(self, message: BusMessage) -> None:
        """End the sessions of whom the bus says so, those that are about to begin too (SES2)."""
        if not isinstance(message, SessionsOver):
            return
        self._claims.end(message.user_id, message.ended_at)
        for session in self._hub.sessions_of(message.user_id):
            if session.caller.issued_at <= message.ended_at:
                self.dismiss(session, AuthExpired.code, retryable=AuthExpired.retryable)

    def _seat(self, socket: Socket, namespace: Namespace, caller: Caller) -> Session:
        bucket = None
        if self._settings.rate is not None:
            # A caller's sessions share one bucket: more tabs do not make one faster.
            others = self._hub.users_of(namespace.path).get(caller.user_id)
            left = self._left_buckets.pop((namespace.path, caller.user_id), None)
            bucket = next(iter(others)).bucket if others else left
            bucket = bucket or Bucket(self._settings.rate, time.monotonic())
        session = Session(socket, namespace, caller, bucket)
        session.lane = Lane(LANE, functools.partial(self.on_crowded, session))
        socket.state = session
        self._hub.add(session)
        self._here.arrived(session)
        return session

    def _compose_ready(
        self, session: Session, answers: Mapping[str, Joined | CoursewireError]
    ) -> Encoded | None:
        """Return `session.ready`, or None when the session has ended."""
        if session.is_closed:
            return None
        caller = session.caller
        own = answers[f"user:{caller.user_id}"]
        if isinstance(own, Joined) and not own.is_open:
            # Nobody asks for this channel by name, so nobody would ask for it again.
            self.dismiss(session, Unavailable.code, retryable=True)
            return None
        user = {"id": caller.user_id, "name": caller.name}
        if caller.avatar_url is not None:
            user["avatar_url"] = caller.avatar_url
        data = orjson.dumps(
            {
                "user": user,
                "roles": sorted(caller.roles.union(*caller.courses.values())),
                "namespace": session.namespace.path,
                "expires_at": iso(caller.expires_at),
                "server_time": iso(_now()),
                "flags": self._flags,
                "limits": self._limits,
                "resumed": _resumed(answers),
            }
        )
        return encode_json(session.namespace.path, SessionReady.event, data)

    def _say_ready(
        self, session: Session, ready: Encoded, answers: Mapping[str, Joined | CoursewireError]
    ) -> None:
        if session.socket.pending:
            session.socket.accept(ready)
        else:
            session.socket.send(ready)
        session.is_ready = True
        for answer in answers.values():
            if isinstance(answer, Joined):
                self._hub.start(answer.subscription)
        self._await_expiry(session)

    # A token's end (SES2)

    def _await_expiry(self, session: Session, not_before_s: float = 0.0) -> None:
        self._forget_expiry(session)
        left_s = (session.caller.expires_at - _now()) / 1000
        jitter_s = self._random.uniform(-EXPIRING_JITTER_S + 1 / SLOTS_PER_S, EXPIRING_JITTER_S)
        ahead_s = EXPIRING_AHEAD_S + jitter_s
        # Tokens of less than a minute would be renewed without a pause: half of what is left must pass.
        ahead_s = min(ahead_s, left_s / 2)
        session.expiry_was_told = False
        session.expiry = self._expiries.put(session, max(not_before_s, left_s - ahead_s))

    def _expire(self, session: Session) -> None:
        session.expiry = None
        if session.expiry_was_told:
            self.dismiss(session, "auth_expired", retryable=True)
            return
        expires_at = session.caller.expires_at
        send_event(session, AuthExpiring(Expiring(expires_at=iso(expires_at))))
        left_s = (expires_at - _now()) / 1000 + EXPIRED_GRACE_S
        session.expiry_was_told = True
        session.expiry = self._expiries.put(session, left_s)

    def _forget_expiry(self, session: Session) -> None:
        if session.expiry is not None:
            self._expiries.take_out(session, session.expiry)
            session.expiry = None

    async def refresh(self, session: Session, token: str) -> Answer:
        """Renew a session's token in place; rights that the new one lacks end at once."""
        caller = await self._identify(session.namespace, token)
        await self._claims.sync(caller)
        if caller.user_id != session.caller.user_id:
            raise AuthInvalid("the new token belongs to somebody else", field="token")
        if not session.is_closed:
            brings_time = caller.expires_at > session.caller.expires_at
            session.caller = caller
            self._await_expiry(session, 0.0 if brings_time else EXPIRING_AGAIN_S)
            await self._hub.decide_again(session)
        return Answer(orjson.dumps({"expires_at": iso(caller.expires_at)}))

    # Out

    def close(self, session: Session) -> None:
        """Forget a session that has ended."""
        if session.is_closed:
            return
        session.is_closed = True
        self._forget_expiry(session)
        session.lane.clear()
        self._here.left(session, self._hub.remove(session))
        path, user_id = session.namespace.path, session.caller.user_id
        if session.bucket is not None and user_id not in self._hub.users_of(path):
            self._left_buckets[path, user_id] = session.bucket
            if len(self._left_buckets) > KEPT_BUCKETS:
                self._left_buckets.popitem(last=False)

    def dismiss(
        self, session: Session, reason: str, *, retryable: bool, retry_after_ms: int | None = None
    ) -> None:
        """Disconnect a session's namespace and say why; its connection and the other namespaces stay (SES1)."""
        gone = NamespaceGone(reason=reason, retryable=retryable, retry_after_ms=retry_after_ms)
        session.socket.accept()  # if that was still to come: nothing else lets it hear why
        send_event(session, NamespaceClosing(gone))
        session.socket.disconnect()
        self.close(session)

    def dismiss_all(self, reason: str, retry_after_ms: int) -> None:
        """Disconnect everybody, to come back later."""
        for session in self._hub.all_sessions():
            self.dismiss(session, reason, retryable=True, retry_after_ms=retry_after_ms)


def _resumed(answers: Mapping[str, Joined | CoursewireError]) -> dict[str, Any]:
    """Return the `resumed` of `session.ready`. What may be tried again is left out: its client subscribes anew."""
    resumed: dict[str, Any] = {}
    for name, answer in answers.items():
        if isinstance(answer, Joined):
            if answer.is_open:
                resumed[name] = answer.as_wire()
        elif not answer.retryable:
            resumed[name] = {"epoch": "", "offset": 0, "recovered": False, "reason": "forbidden"}
    return resumed


def _read_handshake(auth: Any) -> Handshake:
    if not isinstance(auth, dict) or not auth.get("token"):
        raise AuthMissing("connect with auth = {token}", field="token")
    if not isinstance(auth["token"], str):
        raise AuthInvalid("the token must be a string", field="token")
    try:
        return Handshake.model_validate(auth)
    except ValidationError as error:
        raise invalid_from(error) from None


def _now() -> int:
    return time.time_ns() // 1_000_000
