"""A real SMTP server on a free port, which takes, refuses or hangs up as a test wants it."""

from __future__ import annotations

import asyncio
import email
import email.policy
import ssl
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from coursewire.namespaces.notifications.delivery.smtp import Security, SmtpServer


@dataclass
class Mailbox:
    """What arrived, and what the server says next."""

    port: int = 0
    arrived: list[tuple[str, EmailMessage]] = field(default_factory=list)
    """Recipient and mail, in the order of arrival."""
    news: asyncio.Event = field(default_factory=asyncio.Event)
    connections: int = 0
    rcpt_replies: list[str] = field(default_factory=list)
    """Said to the next recipients, one after the other; then all are taken."""
    data_replies: list[str] = field(default_factory=list)
    """The same for mails. `drop` hangs up without a word, `taken, then drop` after the mail was taken."""
    logins: list[tuple[str, str, bool]] = field(default_factory=list)
    """Name, password, and whether that came through TLS."""
    greeted: asyncio.Event = field(default_factory=asyncio.Event)
    hold: asyncio.Event | None = None
    """Mails are answered only when this is set."""
    pause_after: int | None = None
    """When so many have arrived, `hold` is cleared."""

    async def count(self, wanted: int, within_s: float = 20.0) -> None:
        """Wait until so many have arrived."""
        async with asyncio.timeout(within_s):
            while len(self.arrived) < wanted:
                self.news.clear()
                await self.news.wait()

    # What aiosmtpd calls

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        del server, session, options
        if self.rcpt_replies:
            reply = self.rcpt_replies.pop(0)
            if not reply.startswith("250"):
                return reply
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        del session
        self.greeted.set()
        if self.hold is not None:
            await self.hold.wait()
        reply = self.data_replies.pop(0) if self.data_replies else "250 OK"
        if reply in {"drop", "taken, then drop"}:
            assert server.transport is not None
            if reply != "drop":
                self._take(envelope)
            server.transport.close()
            return "421 gone"
        if reply.startswith("250"):
            self._take(envelope)
        return reply

    def _take(self, envelope: Envelope) -> None:
        content = envelope.content
        assert isinstance(content, bytes)
        message = email.message_from_bytes(content, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        self.arrived.append((envelope.rcpt_tos[0], message))
        if self.hold is not None and len(self.arrived) == self.pause_after:
            self.hold.clear()
        self.news.set()


class _Kept(SMTP):
    """One conversation, whose socket the test closes: aiosmtpd forgets one whose handshake failed."""

    def __init__(self, transports: list[asyncio.Transport], *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._transports = transports

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transports.append(transport)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        if self.session is not None:  # a handshake that failed: there was no conversation
            super().connection_lost(error)


@asynccontextmanager
async def mail_server(
    *, tls: ssl.SSLContext | None = None, security: Security = "plain", password: str | None = None
) -> AsyncIterator[Mailbox]:
    """Serve until the end of the block. With `password` only who knows it (and anybody's name) may send."""
    mailbox = Mailbox()
    transports: list[asyncio.Transport] = []

    def login(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        del server, envelope, mechanism
        assert isinstance(data, LoginPassword)
        mailbox.logins.append((data.login.decode(), data.password.decode(), session.ssl is not None))
        return AuthResult(success=data.password.decode() == password, handled=False)

    def make() -> SMTP:
        mailbox.connections += 1
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it dislikes a password without TLS, which one test wants
            return _Kept(
                transports,
                mailbox,
                hostname="mail.example",
                tls_context=tls if security == "starttls" else None,
                require_starttls=security == "starttls",
                authenticator=login if password else None,
                auth_required=password is not None,
                auth_require_tls=security == "starttls",
                loop=asyncio.get_running_loop(),
            )

    server = await asyncio.get_running_loop().create_server(
        make, "127.0.0.1", 0, ssl=tls if security == "tls" else None
    )
    mailbox.port = server.sockets[0].getsockname()[1]
    try:
        yield mailbox
    finally:
        server.close()
        for transport in transports:
            if not transport.is_closing():
                transport.abort()
        await server.wait_closed()
        await asyncio.sleep(0)  # the loop closes them in its next turn


def server_at(mailbox: Mailbox, security: Security = "plain", **login: str) -> SmtpServer:
    """Return how to reach a mailbox."""
    return SmtpServer("127.0.0.1", mailbox.port, security, **login)
