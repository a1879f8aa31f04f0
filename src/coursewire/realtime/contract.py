"""What travels: commands, events and their classes, the envelope, and what every namespace says and hears."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Generic, Literal, TypeVar, get_args

from pydantic import Field, StringConstraints

from coursewire.realtime.declaring import check_declared, has_bytes
from coursewire.vocabulary import Clean, Model, Position, Role, Time, UserId

CHANNEL_PATTERN = r"^[A-Za-z0-9._:@\-]{1,300}$"
"""Longer than an id: `document:<id>:group:<group>` has two of them in it."""

Channel = Annotated[str, StringConstraints(pattern=CHANNEL_PATTERN)]
"""What a client subscribes to inside a namespace: `room:42`, `user:ada`."""


class Delivery(enum.Enum):
    """The class of an event type: what is promised about it."""

    LOGGED = "logged"
    """Stored with an offset; ordered, replayed, never lost once acknowledged."""
    LATEST = "latest"
    """Only the newest value per key matters: conflated to a rate; the final value is always sent."""
    EPHEMERAL = "ephemeral"
    """Best effort, and first to go under pressure."""


class Mode(enum.Enum):
    """How a command runs."""

    READ = "read"
    """In a storage reader, on a snapshot."""
    WRITE = "write"
    """In the storage writer; may append events. With a `key` it runs once (LOG3)."""
    SIGNAL = "signal"
    """On the event loop, without storage; reaches only who is here now."""


class Result(Model):
    """What a command answers, as the `data` of its ack."""


class Once(Result):
    """The answer of a command with a key."""

    duplicate: bool = False
    """True when the key was used before: this is the first answer again (LOG3)."""


class Nothing(Result):
    """An empty answer."""


class Command(Model):
    """An intention of a caller, in the imperative: `message.send`.

    A subclass names itself and what it answers:
    `class SendMessage(Command, name="message.send", mode=Mode.WRITE, returns=SentMessage)`.
    """

    command: ClassVar[str]
    mode: ClassVar[Mode]
    returns: ClassVar[type[Result]]
    cost: ClassVar[float]
    """Tokens it takes from the caller's bucket."""
    attachment: ClassVar[str | None]
    """The field of type bytes that travels after the payload: `[command, payload without it, bytes]`. Never with a
    `key`: a command that is repeated for its key waits in an outbox, which holds JSON."""

    def __init_subclass__(
        cls,
        *,
        name: str = "",
        mode: Mode = Mode.READ,
        returns: type[Result] = Nothing,
        cost: float = 1.0,
        attachment: str | None = None,
        **options: Any,
    ) -> None:
        super().__init_subclass__(**options)
        cls.command, cls.mode, cls.returns, cls.cost, cls.attachment = name, mode, returns, cost, attachment

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:
        """Check what `__init_subclass__` has read, now that the fields are known. Raises TypeError."""
        check_declared(cls.__name__, cls, cls.attachment)
        if "key" in cls.model_fields and (cls.attachment is not None or has_bytes(cls.returns)):
            raise TypeError(f"{cls.__name__}: a command with a key, and its remembered answer, have no bytes")


PayloadT = TypeVar("PayloadT", bound=Model)


@dataclass(frozen=True, slots=True)
class Event(Generic[PayloadT]):
    """Something that happened, in the past tense: `message.sent`. Its payload is the `data` on the wire.

    A subclass names itself: `class MessageSent(Event[Message], name="message.sent", delivery=LOGGED)`.
    """

    data: PayloadT

    event: ClassVar[str]
    delivery: ClassVar[Delivery]
    per: ClassVar[str | None]
    """LATEST only: the payload field whose value is the key."""
    rate: ClassVar[float]
    """LATEST only: at most this many per second and key."""
    early: ClassVar[float]
    """LATEST only: a part of an interval, under 1, by which values may be ahead of the rate, which is a mean then."""
    subject: ClassVar[str | None]
    """LOGGED only: the payload field that names the thing, by which its events can be taken back (LOG5)."""
    attachment: ClassVar[str | None]
    """Not LATEST: the payload field of type bytes that travels by itself: `[event, data without it, bytes, meta]`."""
    payload: ClassVar[type[Model]]

    def __init_subclass__(
        cls,
        *,
        name: str = "",
        delivery: Delivery = Delivery.LOGGED,
        per: str | None = None,
        rate: float = 1.0,
        early: float = 0.0,
        subject: str | None = None,
        attachment: str | None = None,
    ) -> None:
        cls.event, cls.delivery, cls.per, cls.rate, cls.subject = name, delivery, per, rate, subject
        cls.early, cls.attachment = early, attachment
        for base in getattr(cls, "__orig_bases__", ()):
            for argument in get_args(base):
                if isinstance(argument, type):
                    cls.payload = argument
                    check_declared(cls.__name__, argument, attachment)
        if attachment is not None and delivery is Delivery.LATEST:
            # The newest values come in the answer to `subscribe`, as JSON, and are compared as JSON.
            raise TypeError(f"{cls.__name__}: an event of class latest carries no attachment")


class Error(Model):
    """What went wrong; `retryable` says whether the same again can succeed."""

    code: Literal[
        "auth_missing",
        "auth_invalid",
        "auth_expired",
        "forbidden",
        "not_found",
        "invalid",
        "conflict",
        "rate_limited",
        "too_large",
        "disabled",
        "unavailable",
        "overloaded",
        "unknown_command",
        "internal",
    ]
    message: str
    retryable: bool
    field: str | None = None
    retry_after_ms: int | None = None
    details: dict[str, Any] | None = None


class Meta(Model):
    """The last argument of every event."""

    channel: str
    id: str
    at: Time
    epoch: str | None = None
    offset: int | None = None
    actor: UserId | None = None


class LatestValue(Model):
    """One current value of a channel, as its event would carry it."""

    event: str
    data: dict[str, Any]


Reason = Literal["epoch", "trimmed", "ahead", "limit", "forbidden"]
"""Why a position could not be resumed (SUB3)."""


class Recovered(Model):
    """Where a subscription stands. Without `since`, `recovered` is false and there is no reason."""

    epoch: str
    offset: int
    recovered: bool
    reason: Reason | None = None
    latest: list[LatestValue] | None = None


# What every namespace hears.


class Subscription(Result, Recovered):
    """The answer to `subscribe`; the replayed events came before it."""

    channel: Channel


class Subscribe(Command, name="subscribe", returns=Subscription):
    """Listen to a channel; with `since`, from that position on."""

    channel: Channel
    since: Position | None = None


class Unsubscribed(Result):
    """The answer to `unsubscribe`."""

    channel: Channel


class Unsubscribe(Command, name="unsubscribe", mode=Mode.SIGNAL, returns=Unsubscribed):
    """Stop listening to a channel."""

    channel: Channel


class Refreshed(Result):
    """The answer to `auth.refresh`."""

    expires_at: Time


class RefreshAuth(Command, name="auth.refresh", returns=Refreshed):
    """Renew this namespace's token in place (SES2)."""

    token: Annotated[str, StringConstraints(min_length=1, max_length=16_384)]


class Pong(Result):
    """The answer to `ping`."""

    sent_at: int | float | Annotated[Clean, StringConstraints(max_length=64)]
    server_time: Time


class Ping(Command, name="ping", mode=Mode.SIGNAL, returns=Pong):
    """Measure the round trip; `sent_at` comes back as it was sent."""

    sent_at: int | float | Annotated[Clean, StringConstraints(max_length=64)]


COMMON_COMMANDS: tuple[type[Command], ...] = (Subscribe, Unsubscribe, RefreshAuth, Ping)


# What every namespace says. These go to one socket, not to a channel.


class User(Model):
    """Who a session belongs to."""

    id: UserId
    name: str
    avatar_url: str | None = None


class Limits(Model):
    """The bounds that a client should keep on its own."""

    payload_bytes: int
    commands_per_second: float
    commands_burst: int
    subscriptions: int
    replay_events: int
    outbox_bytes: int


class Ready(Model):
    """The first event of a session, after the replayed ones."""

    user: User
    roles: list[Role]
    namespace: str
    expires_at: Time
    server_time: Time
    flags: dict[str, bool]
    limits: Limits
    resumed: dict[str, Recovered]


class Expiring(Model):
    """The token ends soon."""

    expires_at: Time


class ChannelGone(Model):
    """Why a channel ended. After `lagging` (more was missed than is replayed) subscribe again from one's position."""

    reason: Literal["forbidden", "deleted", "disabled", "lagging"]


class NamespaceGone(Model):
    """Why a namespace is about to be disconnected, and whether to come back."""

    reason: str
    retryable: bool
    retry_after_ms: int | None = None


class SessionReady(Event[Ready], name="session.ready", delivery=Delivery.EPHEMERAL):
    """The session stands; everything asked for in `auth.resume` has been replayed."""


class AuthExpiring(Event[Expiring], name="auth.expiring", delivery=Delivery.EPHEMERAL):
    """Send `auth.refresh` before `expires_at`."""


class ChannelClosed(Event[ChannelGone], name="channel.closed", delivery=Delivery.EPHEMERAL):
    """This channel delivers nothing more."""


class NamespaceClosing(Event[NamespaceGone], name="namespace.closing", delivery=Delivery.EPHEMERAL):
    """The server disconnects this namespace next."""


COMMON_EVENTS: tuple[type[Event[Any]], ...] = (SessionReady, AuthExpiring, ChannelClosed, NamespaceClosing)


class ClientInfo(Model):
    """Which client this is, for the operator's figures."""

    name: Annotated[str, StringConstraints(max_length=64)] = ""
    version: Annotated[str, StringConstraints(max_length=64)] = ""


class Handshake(Model):
    """The `auth` payload of CONNECT."""

    token: Annotated[str, StringConstraints(min_length=1, max_length=16_384)]
    resume: Annotated[dict[Channel, Position], Field(max_length=100, default_factory=dict)]
    client: ClientInfo | None = None
