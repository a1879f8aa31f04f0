"""The ways out of one node: made from its settings when it starts, or not at all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from pydantic import SecretStr

from coursewire.namespaces.notifications.delivery.couriers import MailCourier, PushCourier
from coursewire.namespaces.notifications.delivery.lane import Lane
from coursewire.namespaces.notifications.delivery.mail import Sender
from coursewire.namespaces.notifications.delivery.smtp import Mailer, Security, SmtpServer
from coursewire.namespaces.notifications.delivery.vapid import Vapid
from coursewire.namespaces.notifications.delivery.webpush import Pusher

if TYPE_CHECKING:
    from coursewire.namespaces.notifications.channels import OutgoingChannels
    from coursewire.realtime.background import Background


Counters = Mapping[str, tuple[str, tuple[str, ...], Callable[[], Any]]]
"""Numbers that only grow: name -> (help, labels, how to read them)."""


class SmtpAddress(Protocol):
    """What a setting says about the SMTP server."""

    host: str
    port: int
    security: Security
    username: str | None
    password: str | None


class Wanted(Protocol):
    """The settings that matter here; they were checked when they were read."""

    public_url: str | None
    smtp_server: SmtpAddress | None
    mail_from: str | None
    vapid_private_key: SecretStr | None
    vapid_contact: str | None
    push_private_addresses: bool
    time_zone: str
    digest_hour: int


class Ways:
    """Mail and push of one node, each a background work of its own: a slow server of one holds nothing of the other."""

    def __init__(self, channels: OutgoingChannels) -> None:
        self._channels = channels
        self._messages: dict[str, Counter[str]] = {"email": Counter(), "push": Counter()}
        self._pushed: Counter[str] = Counter()

    @property
    def counters(self) -> Counters:
        """Numbers for `/metrics`."""
        return {
            "delivery_messages": (
                "Mails and push messages, by way and outcome: sent, unwanted, postponed, held, given_up.",
                ("channel", "outcome"),
                self._by_channel,
            ),
            "push_requests": (
                "Requests to push services, by outcome: sent, later, held, refused, gone, dropped.",
                ("outcome",),
                lambda: self._pushed,
            ),
        }

    async def mail(self, work: Background) -> None:
        """Send mails for ever; nothing where no SMTP server is set."""
        settings: Wanted = work.settings
        server = settings.smtp_server
        if server is None or settings.mail_from is None or settings.public_url is None:
            return
        known = SmtpServer(server.host, server.port, server.security, server.username, server.password)
        courier = MailCourier(Mailer(known), Sender.parse(settings.mail_from))
        self._tell_when(settings)
        self._channels.configured.add("email")
        await Lane(work, courier, settings.public_url, self._messages["email"]).run()

    async def push(self, work: Background) -> None:
        """Send push messages for ever; nothing where no VAPID key is set."""
        settings: Wanted = work.settings
        key, contact = settings.vapid_private_key, settings.vapid_contact
        if key is None or contact is None or settings.public_url is None:
            return
        vapid = Vapid(key.get_secret_value(), contact)
        pusher = Pusher(vapid, allow_private=settings.push_private_addresses)
        self._tell_when(settings)
        self._channels.push_public_key = vapid.public_key
        self._channels.private_endpoints = settings.push_private_addresses
        self._channels.configured.add("push")
        courier = PushCourier(pusher, self._pushed)
        await Lane(work, courier, settings.public_url, self._messages["push"]).run()

    def _tell_when(self, settings: Wanted) -> None:
        self._channels.time_zone = settings.time_zone
        self._channels.digest_hour = settings.digest_hour

    def _by_channel(self) -> dict[tuple[str, str], int]:
        return {
            (channel, outcome): count
            for channel, outcomes in self._messages.items()
            for outcome, count in outcomes.items()
        }
