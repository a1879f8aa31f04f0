"""Hands mails to an SMTP server (RFC 5321): a few connections that are kept while there is something to send."""

from __future__ import annotations

import asyncio
import logging
import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, Literal

import aiosmtplib

from coursewire.namespaces.notifications.delivery.breaker import Breaker
from coursewire.namespaces.notifications.delivery.outcome import Held, Later, NoAnswer, NotSent, Refused

logger = logging.getLogger(__name__)

CONNECTIONS: Final = 4
"""At once to one server. Who wants to send meanwhile waits; the worker's own bound says how many that are."""
TIMEOUT_S: Final = 30.0
"""For each answer of the server."""
CONNECT_S: Final = 15.0
"""To be connected, encrypted and known."""
_SERVER: Final = "the server"
_PERMANENT: Final = 500
"""RFC 5321, 4.2.1: replies from here on do not change when the same is tried again."""

Security = Literal["tls", "starttls", "plain"]


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """Where mails are handed in, and how."""

    host: str
    port: int
    security: Security = "starttls"
    """`starttls` is demanded, not only tried: without it nothing is sent, and no password is told."""
    username: str | None = None
    password: str | None = field(default=None, repr=False)


class Mailer:
    """Sends mails from one loop. A connection serves many of them, one after the other."""

    def __init__(
        self,
        server: SmtpServer,
        *,
        tls: ssl.SSLContext | None = None,
        connections: int = CONNECTIONS,
        timeout_s: float = TIMEOUT_S,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`tls` says whom to trust; without it the machine's own certificates."""
        self._reached = Breaker(1, clock)
        self._server = server
        self._tls = tls
        self._timeout_s = timeout_s
        self._room = asyncio.Semaphore(connections)
        self._idle: list[aiosmtplib.SMTP] = []
        """At most as many as `connections`: each was taken by a holder of `_room`."""

    async def send(self, data: bytes, *, sender: str, recipient: str) -> None:
        """Hand in a mail, ready for the wire, for one recipient, by bare addresses.

        Raises Refused when the server will never take it for this recipient, Held when the server is not there, or
        refuses our own name or password, which an operator can put right, and Later for everything else.
        """
        async with self._room:
            client = await self._connected()
            try:
                await self._hand_in(client, sender, recipient, data)
            except NotSent as failure:
                if not client.is_connected or isinstance(failure, Later):
                    await _close(client)
                else:
                    self._idle.append(client)
                raise
            except BaseException:  # cancelled half-way: nobody knows what the server would hear next
                client.close()
                raise
            self._idle.append(client)

    @property
    def wait_s(self) -> float | None:
        """How long to leave the server alone: 0 when one mail may try whether it is back, None when all is well."""
        return self._reached.wait_s(_SERVER)

    async def rest(self) -> None:
        """Close the connections that nobody uses: there is nothing more to send for now."""
        while self._idle:
            await _close(self._idle.pop())

    async def _connected(self) -> aiosmtplib.SMTP:
        while self._idle:
            client = self._idle.pop()
            if client.is_connected:
                return client
        try:
            with self._reached.attempt(_SERVER):
                return await self._connect()
        except NoAnswer as failure:
            logger.warning("the mail server is not reached: %s", failure.reason)
            # No mail is at fault, and none has used up an attempt.
            raise Held(failure.reason, self.wait_s) from None

    async def _connect(self) -> aiosmtplib.SMTP:
        server = self._server
        client = aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            username=server.username,
            password=server.password,
            use_tls=server.security == "tls",
            start_tls=server.security == "starttls",
            tls_context=self._tls,
            timeout=self._timeout_s,
        )
        try:
            async with asyncio.timeout(CONNECT_S):
                await client.connect()
        except _FAILURES as error:
            client.close()
            raise NoAnswer(_name(error)) from None
        except BaseException:
            client.close()
            raise
        return client

    async def _hand_in(self, client: aiosmtplib.SMTP, sender: str, recipient: str, data: bytes) -> None:
        """Say MAIL, RCPT and DATA. Raises Later and Refused; after Refused the connection is good for the next mail."""
        try:
            await client.sendmail(sender, [recipient], data)
        except aiosmtplib.SMTPRecipientsRefused as error:
            code = max((refusal.code for refusal in error.recipients), default=0)
            raise _by_code(code, f"recipient refused ({code})") from None
        except aiosmtplib.SMTPDataError as error:
            raise _by_code(error.code, f"mail refused ({error.code})") from None
        except _FAILURES as error:
            raise Later(_name(error)) from None


_FAILURES: Final = (aiosmtplib.SMTPException, OSError, TimeoutError, ValueError)
"""ValueError: the library's word for an answer that is no SMTP."""


def _by_code(code: int, reason: str) -> NotSent:
    return Refused(reason) if code >= _PERMANENT else Later(reason)


def _name(error: BaseException) -> str:
    """Say what failed without the server's text, which may hold addresses."""
    name = type(error).__name__
    return f"{name} ({error.code})" if isinstance(error, aiosmtplib.SMTPResponseException) else name


async def _close(client: aiosmtplib.SMTP) -> None:
    with suppress(*_FAILURES):
        if client.is_connected:
            await client.quit()
    client.close()
