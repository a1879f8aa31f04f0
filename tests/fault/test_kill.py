"""A server that is killed in the middle of its work loses nothing that it has acknowledged."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
from tests.fault.plain_client import Json, PlainClient
from tests.fault.server_process import SECRET, START_S, ServerProcess

from coursewire.identity.tokens import Issuer
from coursewire.vocabulary import new_id

MESSAGES = 120
WINDOW = 16
"""Messages of one sender that are on their way at a time."""


def token(user: str, **claims: Any) -> str:
    return Issuer(SECRET).issue(user, user.title(), **claims)[0]


async def enrol(server: ServerProcess, *users: str) -> None:
    headers = {"Authorization": f"Bearer {token('lms', roles=['service'])}"}
    async with httpx.AsyncClient(base_url=server.url, headers=headers, timeout=30) as lms:
        await lms.put("/v1/courses/math", json={"title": "Mathematics"})
        members = [{"user_id": user, "name": user.title(), "roles": ["instructor"]} for user in users]
        reply = await lms.put("/v1/courses/math/members", json={"members": members})
        assert reply.status_code == 200, reply.text


class Sender:
    """Sends its messages in order, each with one key, until all are acknowledged."""

    def __init__(self, user: str, room_id: str) -> None:
        self.user = user
        self.room_id = room_id
        self.waiting = [(new_id(), f"{user} {number}") for number in range(MESSAGES)]
        self.acknowledged: dict[str, Json] = {}
        """Text -> message."""
        self.progress = asyncio.Event()
        """Set at each acknowledgement, and at the end."""

    async def work(self, port: int) -> None:
        """Send what is not acknowledged yet, until that is all or the server is gone."""
        async with await PlainClient.open(port, token(self.user)) as client:
            await client.begun()
            sent: dict[int, tuple[str, str]] = {}
            queue = list(self.waiting)
            while (queue or sent) and not client.gone:
                while queue and len(sent) < WINDOW:
                    key, text = queue.pop(0)
                    ack = await client.say("message.send", key=key, room_id=self.room_id, text=text)
                    sent[ack] = (key, text)
                await client.until(lambda: any(ack in client.answers for ack in sent))
                for ack in [ack for ack in sent if ack in client.answers]:
                    self._take(sent.pop(ack), client.answers[ack])

    def _take(self, sent: tuple[str, str], answer: Json) -> None:
        assert answer["ok"], answer
        self.waiting.remove(sent)
        self.acknowledged[sent[1]] = answer["data"]["message"]
        self.progress.set()


class Reader:
    """Listens through all of it, resuming from its last position each time."""

    def __init__(self, channel: str) -> None:
        self.channel = channel
        self.position: Json = {}
        self.offsets: list[int] = []
        self.texts: list[str] = []
        self.resumes = 0
        self.here = asyncio.Event()
        """Set while it listens."""

    async def work(self, port: int, stop: asyncio.Event) -> None:
        resume = {self.channel: self.position} if self.position else None
        async with await PlainClient.open(port, token("eve"), resume=resume) as client:
            ready = await client.ready()
            if resume:
                assert ready["resumed"][self.channel]["recovered"], ready["resumed"]
                self.resumes += 1
            else:
                answer = await client.ask("subscribe", channel=self.channel)
                self.position = {"epoch": answer["epoch"], "offset": answer["offset"]}
            self.here.set()
            stopping = asyncio.ensure_future(stop.wait())
            stopping.add_done_callback(lambda _: client._changed.set())
            await client.until(stop.is_set)
            stopping.cancel()
            if not client.gone:
                await client.ask("ping", sent_at=0)
            for name, data, meta in client.events:
                if meta["channel"] == self.channel and "offset" in meta:
                    self.position = {"epoch": meta["epoch"], "offset": meta["offset"]}
                    self.offsets.append(meta["offset"])
                    if name == "message.sent":
                        self.texts.append(data["text"])


async def test_kill_9_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    """[SES4] [LOG2] [LOG3] [SUB4] Three times, in the middle of acknowledgements."""
    async with ServerProcess(tmp_path) as server:
        await enrol(server, "ada", "bob", "eve")
        async with await PlainClient.open(server.port, token("ada")) as ada:
            await ada.ready()
            opened = await ada.ask("room.open", key=new_id(), kind="course", course_id="math", title="Forum")
            room_id = opened["room"]["id"]
        senders = [Sender(user, room_id) for user in ("ada", "bob")]
        reader = Reader(f"room:{room_id}")
        for killed in (1, 2, 3, None):
            stop = asyncio.Event()
            reader.here.clear()
            reading = asyncio.create_task(reader.work(server.port, stop))
            sending = [asyncio.create_task(sender.work(server.port)) for sender in senders]
            if killed is not None:
                await _until_acknowledged(senders, sending, killed * MESSAGES // 2)
                async with asyncio.timeout(START_S):
                    await reader.here.wait()
                await server.kill()
            await asyncio.gather(*sending)
            stop.set()
            await reading
            if killed is not None:
                await server.start()

    everything = [f"{sender.user} {number}" for sender in senders for number in range(MESSAGES)]
    assert sorted(reader.texts) == sorted(everything)
    assert reader.offsets == list(range(reader.offsets[0], reader.offsets[0] + len(reader.offsets)))
    for sender in senders:
        assert sender.waiting == []
        mine = [text for text in reader.texts if text.startswith(sender.user)]
        assert mine == [f"{sender.user} {number}" for number in range(MESSAGES)]
    numbers = [sender.acknowledged[text]["number"] for sender in senders for text in sender.acknowledged]
    assert len(set(numbers)) == len(everything)
    assert reader.resumes == 3


async def _until_acknowledged(senders: list[Sender], tasks: list[asyncio.Task[None]], number: int) -> None:
    """Wait until so many messages were acknowledged to all senders together."""
    progress = senders[0].progress
    for sender in senders:
        sender.progress = progress
    for task in tasks:
        task.add_done_callback(lambda _: progress.set())
    while sum(len(sender.acknowledged) for sender in senders) < number:
        assert not all(task.done() for task in tasks), "they were done before the server was killed"
        progress.clear()
        await progress.wait()
