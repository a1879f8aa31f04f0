"""Mails are handed in to a real SMTP server: what it takes, refuses, drops, and when it hears of a password."""

from __future__ import annotations

import asyncio
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import pytest
from tests.integration.certificates import tls_contexts
from tests.integration.mail_server import mail_server, server_at

from coursewire.namespaces.notifications.delivery.outcome import Later, Refused
from coursewire.namespaces.notifications.delivery.smtp import Mailer, Security, SmtpServer

SENDER = "campus@example.edu"


def mail(text: str = "Hello") -> bytes:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = SENDER, "ada@example.edu", text
    message.set_content(text)
    return message.as_bytes(policy=SMTP)


async def send(mailer: Mailer, recipient: str = "ada@example.edu", text: str = "Hello") -> None:
    await mailer.send(mail(text), sender=SENDER, recipient=recipient)


async def test_one_connection_serves_many_mails_and_is_closed_at_rest() -> None:
    async with mail_server() as mailbox:
        mailer = Mailer(server_at(mailbox))
        for number in range(3):
            await send(mailer, f"p{number}@example.edu", f"Mail {number}")
        await mailer.rest()
        await send(mailer, text="after the rest")
        await mailer.rest()
    assert [recipient for recipient, _ in mailbox.arrived[:3]] == [f"p{i}@example.edu" for i in range(3)]
    assert [found["Subject"] for _, found in mailbox.arrived][-1] == "after the rest"
    assert mailbox.connections == 2


async def test_no_more_connections_than_allowed() -> None:
    async with mail_server() as mailbox:
        mailbox.hold = asyncio.Event()
        mailer = Mailer(server_at(mailbox), connections=2)
        sending = [asyncio.create_task(send(mailer)) for _ in range(6)]
        await mailbox.greeted.wait()
        mailbox.hold.set()
        await asyncio.gather(*sending)
        await mailer.rest()
    assert len(mailbox.arrived) == 6
    assert mailbox.connections == 2


@pytest.mark.parametrize(
    ("replies", "outcome"),
    [
        (["550 5.1.1 no such user ada@example.edu"], Refused),
        (["451 4.3.0 try later"], Later),
    ],
)
async def test_a_recipient_that_is_refused(replies: list[str], outcome: type[Exception]) -> None:
    async with mail_server() as mailbox:
        mailbox.rcpt_replies = replies
        mailer = Mailer(server_at(mailbox))
        with pytest.raises(outcome) as caught:
            await send(mailer)
        assert "ada" not in str(caught.value), "reasons are logged: no address in them"
        await send(mailer, text="the next one")
        await mailer.rest()
    assert [found["Subject"] for _, found in mailbox.arrived] == ["the next one"]


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [("554 5.6.0 spam", Refused), ("452 4.3.1 disk full", Later), ("drop", Later)],
)
async def test_a_mail_that_is_refused_or_dropped(reply: str, outcome: type[Exception]) -> None:
    async with mail_server() as mailbox:
        mailbox.data_replies = [reply]
        mailer = Mailer(server_at(mailbox))
        with pytest.raises(outcome):
            await send(mailer)
        await send(mailer, text="the next one")
        await mailer.rest()
    assert [found["Subject"] for _, found in mailbox.arrived] == ["the next one"]


async def test_nobody_there_and_nobody_who_answers(closed_port: int) -> None:
    with pytest.raises(Later):
        await send(Mailer(SmtpServer("127.0.0.1", closed_port, "plain")))
    held: list[asyncio.StreamWriter] = []
    silent = await asyncio.start_server(lambda _, writer: held.append(writer), "127.0.0.1", 0)
    async with silent:
        port = silent.sockets[0].getsockname()[1]
        with pytest.raises(Later):
            await send(Mailer(SmtpServer("127.0.0.1", port, "plain"), timeout_s=0.05))
        for writer in held:
            writer.close()


async def test_starttls_comes_before_the_password(tmp_path: Path) -> None:
    serving, trusting = tls_contexts(tmp_path)
    async with mail_server(tls=serving, security="starttls", password="right") as mailbox:
        known = server_at(mailbox, "starttls", username="campus", password="right")
        mailer = Mailer(known, tls=trusting)
        await send(mailer)
        await mailer.rest()
    assert mailbox.logins == [("campus", "right", True)]
    assert len(mailbox.arrived) == 1
    assert "right" not in repr(known)


async def test_tls_from_the_first_byte(tmp_path: Path) -> None:
    serving, trusting = tls_contexts(tmp_path)
    async with mail_server(tls=serving, security="tls") as mailbox:
        mailer = Mailer(server_at(mailbox, "tls"), tls=trusting)
        await send(mailer)
        await mailer.rest()
    assert len(mailbox.arrived) == 1


# asyncio's server leaves the socket of a failed handshake to the collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_a_certificate_that_nobody_vouches_for(tmp_path: Path, security: Security) -> None:
    serving, _ = tls_contexts(tmp_path)
    async with mail_server(tls=serving, security=security, password="right") as mailbox:
        mailer = Mailer(server_at(mailbox, security, username="campus", password="right"))
        with pytest.raises(Later):
            await send(mailer)
    assert (mailbox.logins, mailbox.arrived) == ([], [])


async def test_a_server_without_starttls_hears_no_password() -> None:
    async with mail_server(password="right") as mailbox:
        mailer = Mailer(server_at(mailbox, "starttls", username="campus", password="right"))
        with pytest.raises(Later):
            await send(mailer)
    assert (mailbox.logins, mailbox.arrived) == ([], [])


async def test_a_wrong_password_is_our_fault_and_is_tried_again(tmp_path: Path) -> None:
    serving, trusting = tls_contexts(tmp_path)
    async with mail_server(tls=serving, security="starttls", password="right") as mailbox:
        mailer = Mailer(server_at(mailbox, "starttls", username="campus", password="wrong"), tls=trusting)
        with pytest.raises(Later) as caught:
            await send(mailer)
    assert "wrong" not in str(caught.value)


async def test_who_is_cancelled_half_way_leaves_no_connection_behind() -> None:
    async with mail_server() as mailbox:
        mailbox.hold = asyncio.Event()
        mailer = Mailer(server_at(mailbox), connections=1)
        sending = asyncio.create_task(send(mailer))
        await mailbox.greeted.wait()
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        mailbox.hold.set()
        await send(mailer, text="the next one")
        await mailer.rest()
    assert mailbox.connections == 2
    assert mailbox.arrived[-1][1]["Subject"] == "the next one"
