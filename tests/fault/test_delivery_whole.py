"""A server process that mails and pushes: what is said arrives, people can stop it, and `kill -9` loses nothing."""

from __future__ import annotations

import asyncio
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
from tests.fault.plain_client import PlainClient
from tests.fault.server_process import SECRET, ServerProcess
from tests.integration.mail_server import Mailbox, mail_server
from tests.integration.push_service import Browser, push_service

from coursewire.identity.tokens import Issuer
from coursewire.namespaces.notifications.delivery.lane import AT_ONCE
from coursewire.namespaces.notifications.delivery.vapid import make_key_pair
from coursewire.vocabulary import new_id

PRIVATE, PUBLIC = make_key_pair()
NOTIFICATIONS = "/notifications"


def token(user_id: str, **claims: Any) -> str:
    return Issuer(SECRET).issue(user_id, user_id.title(), **claims)[0]


@asynccontextmanager
async def serving(folder: Path, mailbox: Mailbox) -> AsyncIterator[tuple[ServerProcess, httpx.AsyncClient]]:
    server = ServerProcess(
        folder,
        smtp_url=f"smtp+plain://campus:sentinel%21@127.0.0.1:{mailbox.port}",
        mail_from="Campus <no-reply@example.edu>",
        public_url="http://campus.example.edu",
        vapid_private_key=PRIVATE,
        vapid_contact="mailto:ops@example.edu",
        push_private_addresses="on",
    )
    headers = {"Authorization": f"Bearer {token('lms', roles=['service'])}"}
    # Each request on a connection of its own: after 5 s without one, the server closes it, also under the next.
    limits = httpx.Limits(max_keepalive_connections=0)
    async with (
        server,
        httpx.AsyncClient(base_url=server.url, headers=headers, limits=limits, timeout=30) as lms,
    ):
        yield server, lms


async def enrol(lms: httpx.AsyncClient, *user_ids: str) -> None:
    assert (await lms.put("/v1/courses/cs101", json={"title": "Computing"})).status_code == 200
    members = [
        {"user_id": user_id, "name": user_id.title(), "email": f"{user_id}@example.edu"}
        for user_id in user_ids
    ]
    reply = await lms.put("/v1/courses/cs101/members", json={"members": members})
    assert reply.status_code == 200, reply.text


async def notify(lms: httpx.AsyncClient, title: str, *user_ids: str) -> None:
    said = {"audience": {"users": list(user_ids)}, "category": "system", "title": title, "body": "Hello"}
    reply = await lms.post("/v1/notifications", json=said)
    assert reply.status_code == 201, reply.text


async def preferences(person: PlainClient) -> Any:
    return (await person.ask("preferences.read"))["preferences"]


async def subscribe(person: PlainClient, endpoint: str, keys: dict[str, str]) -> Any:
    """Return the whole answer."""
    ack = await person.say("push.subscribe", key=new_id(), endpoint=endpoint, keys=keys)
    await person.until(lambda: ack in person.answers)
    return person.answers[ack]


async def check_refusals(person: PlainClient, browser: Browser) -> None:
    """Nothing is kept of what cannot be a subscription, and the field is named."""
    for endpoint, keys, field in (
        (browser.endpoint, {"p256dh": "x", "auth": "x"}, "keys.p256dh"),
        (browser.endpoint, browser.keys | {"auth": "x"}, "keys.auth"),
        ("ftp://push.example.org/x", browser.keys, "endpoint"),
    ):
        answer = await subscribe(person, endpoint, keys)
        assert (answer["ok"], answer["error"]["field"]) == (False, field)


async def counted(lms: httpx.AsyncClient) -> dict[str, float]:
    lines = (await lms.get("/metrics")).text.splitlines()
    return {
        name: float(value)
        for name, _, value in (line.rpartition(" ") for line in lines if line.startswith("coursewire_"))
        if "delivery_messages" in name or "push_requests" in name
    }


async def test_a_notification_is_mailed_and_pushed_until_it_is_stopped(tmp_path: Path) -> None:
    async with (
        mail_server(password="sentinel!") as mailbox,
        push_service() as pushes,
        serving(tmp_path, mailbox) as (server, lms),
    ):
        await enrol(lms, "ben")
        browser, old = pushes.browser("ben"), pushes.browser("old")
        async with await PlainClient.open(server.port, token("ben"), namespace=NOTIFICATIONS) as ben:
            await ben.ready()
            told = await preferences(ben)
            assert told["channels"] == ["email", "push"]
            assert told["push_public_key"] == PUBLIC
            for made in (browser, old):
                answer = await subscribe(ben, made.endpoint, made.keys)
                assert answer["ok"], answer
            await check_refusals(ben, browser)

            pushes.answer("old", 410)
            await notify(lms, "Exam moved", "ben")
            await mailbox.count(1)
            await pushes.count(2)
            [read] = [browser.read(one.body) for one in pushes.arrived if one.path == "/push/ben"]
            assert (read["title"], read["body"], read["category"]) == ("Exam moved", "Hello", "system")

            # One click in a mail program; a look at the page before changes nothing.
            [(recipient, mail)] = mailbox.arrived
            assert (recipient, mail["Subject"]) == ("ben@example.edu", "Exam moved")
            link = httpx.URL(mail["List-Unsubscribe"].strip("<>"))
            async with httpx.AsyncClient(base_url=server.url, timeout=30) as anybody:
                page = await anybody.get(link.raw_path.decode())
                assert page.status_code == 200
                assert "Stop mails about system" in page.text
                assert "default-src 'none'" in page.headers["content-security-policy"]
                forged = await anybody.post(f"{link.path}?token=abc.def")
                assert (forged.status_code, forged.json()["field"]) == (422, "token")
                before = await preferences(ben)
                assert before["categories"]["system"]["email"] == "immediate"
                done = await anybody.post(link.raw_path.decode(), data={"List-Unsubscribe": "One-Click"})
                assert done.status_code == 200
            after = await preferences(ben)
            assert after["categories"]["system"]["email"] == "off"
            assert after["categories"]["grade"] == before["categories"]["grade"]

            await notify(lms, "Room changed", "ben")
            await pushes.count(3)
            assert pushes.arrived[-1].path == "/push/ben", "the other browser is gone"
            assert browser.read(pushes.arrived[-1].body)["title"] == "Room changed"
        assert len(mailbox.arrived) == 1
        sent = 'coursewire_delivery_messages_total{{channel="{}",outcome="sent"}}'
        async with asyncio.timeout(30):
            while (figures := await counted(lms)).get(sent.format("push")) != 2 or not figures.get(
                sent.format("email")
            ):
                pass
        assert figures[sent.format("email")] == 1
        assert figures['coursewire_push_requests_total{outcome="gone"}'] == 1
        await server.kill()
        assert b"sentinel" not in server.said
        assert PRIVATE.encode() not in server.said


async def test_kill_9_loses_no_mail_and_doubles_few(tmp_path: Path) -> None:
    """[SES4] What was claimed by the dead is due again when its lease is over; a double carries the same Message-ID."""
    people = [f"p{number}" for number in range(100)]
    async with mail_server(password="sentinel!") as mailbox, serving(tmp_path, mailbox) as (server, lms):
        await enrol(lms, *people)
        mailbox.pause_after = 20
        mailbox.hold = asyncio.Event()
        mailbox.hold.set()
        await notify(lms, "Exam moved", *people)
        await mailbox.count(20)
        await server.kill()
        mailbox.hold.set()
        mailbox.pause_after = None
        # The lease of those that were under way is over: five minutes have passed.
        database = sqlite3.connect(tmp_path / "campus.db")
        with database:
            database.execute("UPDATE notification_outgoing SET not_before = 0")
        database.close()
        await server.start()
        async with asyncio.timeout(30):
            while len({recipient for recipient, _ in mailbox.arrived}) < len(people):
                await mailbox.count(len(mailbox.arrived) + 1)
    times = Counter(recipient for recipient, _ in mailbox.arrived)
    assert set(times) == {f"{user_id}@example.edu" for user_id in people}
    doubles = [recipient for recipient, count in times.items() if count > 1]
    assert len(doubles) <= AT_ONCE
    for double in doubles:
        assert len({mail["Message-ID"] for recipient, mail in mailbox.arrived if recipient == double}) == 1
