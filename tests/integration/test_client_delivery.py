"""What the client promises about messages, against a peer whose faults are commanded."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from pathlib import Path

import orjson
import pytest
from tests.integration.chat_peer import Peer, serving
from tests.integration.client_states import States
from tests.integration.tcp_proxy import Proxy

from coursewire.client import ChatClient, ClientOptions, Gap, LinkOptions, Meta
from coursewire.errors import AuthExpired, Conflict, Forbidden, Invalid, Overloaded, Unavailable
from coursewire.namespaces.chat.contract import Message, MessageSent

OPTIONS = ClientOptions(link=LinkOptions(open_timeout_s=30))


@pytest.fixture
async def network() -> AsyncIterator[tuple[Peer, Proxy]]:
    peer = Peer()
    async with serving(peer) as port, Proxy(port) as proxy:
        yield peer, proxy


async def take(messages: AsyncIterator[Message], count: int) -> list[str]:
    async with asyncio.timeout(30):
        return [(await anext(messages)).text for _ in range(count)]


async def test_handlers_run_in_order_and_advance_the_position(network: tuple[Peer, Proxy]) -> None:
    """[CLI1] The position that the application sees is that of the last event handled."""
    peer, proxy = network
    seen: list[tuple[str, int | None]] = []
    all_seen = asyncio.Event()
    async with ChatClient(proxy.url, "t", options=OPTIONS) as chat:

        @chat.on(MessageSent)
        async def note(message: Message, meta: Meta) -> None:
            await asyncio.sleep(0)
            handled = chat.position("room:1")
            seen.append((message.text, None if handled is None else handled.offset))
            assert meta.actor is None
            if len(seen) == 3:
                all_seen.set()

        @chat.on("message.sent")
        def fail(_message: Message) -> None:
            raise RuntimeError("a handler that fails stops nobody")

        assert (await chat.subscribe("1")).offset == 0
        for text in ("one", "two", "three"):
            peer.say("1", text)
        await asyncio.wait_for(all_seen.wait(), 30)
        chat.off(MessageSent, note)
        peer.say("1", "four")
        await chat.send("1", "five")
        assert seen == [("one", None), ("two", 1), ("three", 2)]


async def test_a_handler_may_answer(network: tuple[Peer, Proxy]) -> None:
    """Handlers run beside the reader, so that one can await the answer to a command."""
    peer, proxy = network
    async with ChatClient(proxy.url, "t", options=OPTIONS) as chat:

        @chat.on(MessageSent)
        async def reply(message: Message) -> None:
            if message.text == "ping":
                await chat.send("1", "pong")

        await chat.subscribe("1")
        messages = chat.messages("1", history=1)
        peer.say("1", "ping")
        assert await take(messages, 2) == ["ping", "pong"]
        await messages.aclose()


async def test_a_cut_connection_resumes_without_loss_or_repeat(network: tuple[Peer, Proxy]) -> None:
    """[SUB2] [SUB4] [CLI3] What was said meanwhile is replayed with the CONNECT; nothing comes twice."""
    peer, proxy = network
    chat = ChatClient(proxy.url, "t", options=OPTIONS)
    states = States(chat)
    async with chat, aclosing(chat.messages("1", history=10)) as messages:
        for round_ in range(5):
            peer.say("1", f"live {round_}")
            assert await take(messages, 1) == [f"live {round_}"]
            proxy.cut()
            await states.until("reconnecting")
            peer.say("1", f"missed {round_}")
            await states.until("connected")
            peer.say("1", f"again {round_}")
            assert await take(messages, 2) == [f"missed {round_}", f"again {round_}"]
    assert len(peer.connects) == 6
    assert [auth["resume"]["room:1"]["offset"] for _, auth in peer.connects[1:]] == [1, 4, 7, 10, 13]
    assert [command for command, _ in peer.commands].count("subscribe") == 1


async def test_commands_given_offline_are_sent_after_the_resume_in_order(network: tuple[Peer, Proxy]) -> None:
    """[CLI2] [LOG3]"""
    _, proxy = network
    chat = ChatClient(proxy.url, "t", options=OPTIONS)
    states = States(chat)
    async with chat:
        proxy.down = True
        proxy.cut()
        await states.until("reconnecting")
        sends = [asyncio.create_task(chat.send("1", f"offline {number}")) for number in range(20)]
        await asyncio.sleep(0)
        assert chat.diagnostics.queued == 20
        await chat.set_typing("1")  # would come too late: it is not kept
        assert chat.diagnostics.queued == 20
        proxy.down = False
        sent = await asyncio.gather(*sends)
        assert [message.text for message in sent] == [f"offline {number}" for number in range(20)]
        assert [message.number for message in sent] == list(range(1, 21))
        assert chat.diagnostics.queued == 0


async def test_a_loop_that_was_cut_off_as_it_began_goes_on(network: tuple[Peer, Proxy]) -> None:
    """[SUB2] A bot that starts while the server restarts must not end by it."""
    peer, proxy = network
    async with ChatClient(proxy.url, "t", options=OPTIONS) as chat, aclosing(chat.messages("1")) as messages:
        peer.lost_answers = ["history.read"]
        taking = asyncio.create_task(take(messages, 1))
        while peer.lost_answers:
            await chat.send("2", "a round trip")
        proxy.cut()
        await chat.subscribe("1")
        await chat.history("1")
        peer.say("1", "one")
        assert await taking == ["one"]


async def test_a_lost_answer_does_not_say_it_twice(network: tuple[Peer, Proxy]) -> None:
    """[LOG3] [CLI2] The same key goes out again after the reconnect, and the answer is the first one."""
    peer, proxy = network
    async with ChatClient(proxy.url, "t", options=OPTIONS) as chat:
        peer.lost_answers = ["message.send"]
        sending = asyncio.create_task(chat.send("1", "once"))
        async with aclosing(chat.messages("1", history=1)) as messages:
            assert await take(messages, 1) == ["once"]
            proxy.cut()
            assert (await asyncio.wait_for(sending, 30)).number == 1
        keys = [payload["key"] for command, payload in peer.commands if command == "message.send"]
        assert len(keys) == 2
        assert len(set(keys)) == 1
        assert len(peer.logs["room:1"]) == 1


async def test_the_outbox_survives_the_program(network: tuple[Peer, Proxy], tmp_path: Path) -> None:
    """[CLI2] What was not answered is in the file, and the next client sends it with the same key."""
    peer, proxy = network
    outbox = tmp_path / "ada" / "outbox.json"
    proxy.down = True
    chat = ChatClient(proxy.url, "t", outbox=outbox, patience=None, options=OPTIONS)
    async with chat:
        sends = [
            asyncio.create_task(chat.send("1", "written offline", key="k-1")),
            asyncio.create_task(chat.send("1", "cancelled while waiting", key="k-2")),
        ]
        reading = asyncio.create_task(chat.history("1"))
        await asyncio.sleep(0)
        sends[1].cancel()
        reading.cancel()
    with pytest.raises(Unavailable, match="stopped"):
        await sends[0]
    assert [entry["payload"]["key"] for entry in orjson.loads(outbox.read_bytes())] == ["k-1", "k-2"]

    proxy.down = False
    again = ChatClient(proxy.url, "t", outbox=outbox, options=OPTIONS)
    other = ChatClient(proxy.url, "t", outbox=outbox, options=OPTIONS)
    async with again, aclosing(again.messages("1", history=2)) as messages:
        assert await take(messages, 2) == ["written offline", "cancelled while waiting"]
        with pytest.raises(ValueError, match="another client"):
            other.start()
        await again.send("1", "and on")
    assert orjson.loads(outbox.read_bytes()) == []
    assert [message["key"] for message in peer.logs["room:1"]][:2] == ["k-1", "k-2"]


async def test_a_command_of_an_earlier_run_that_is_refused_is_logged(
    network: tuple[Peer, Proxy], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """[CLI2] Nobody waits for its answer any more: without a word in the log it would be gone without a trace."""
    peer, proxy = network
    outbox = tmp_path / "outbox.json"
    payload = {"key": "k-1", "room_id": "1", "text": "written yesterday"}
    outbox.write_bytes(orjson.dumps([{"ref": "r", "command": "message.send", "payload": payload}]))
    peer.failures = [{"code": "forbidden", "message": "the room is locked", "retryable": False}]
    async with ChatClient(proxy.url, "t", outbox=outbox, options=OPTIONS) as chat:
        await chat.history("1")
    assert "the room is locked" in caplog.text
    assert orjson.loads(outbox.read_bytes()) == []


async def test_a_full_outbox_refuses(network: tuple[Peer, Proxy]) -> None:
    """[CLI2] The bound of the outbox."""
    _, proxy = network
    proxy.down = True
    options = ClientOptions(link=OPTIONS.link, outbox_limit=2)
    async with ChatClient(proxy.url, "t", patience=None, options=options) as chat:
        waiting = [asyncio.create_task(chat.send("1", str(number))) for number in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(Overloaded):
            await chat.send("1", "one too many")
        assert not any(task.done() for task in waiting)
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(result) for result in results] == [Unavailable, Unavailable]


async def test_a_slow_handler_loses_nothing(network: tuple[Peer, Proxy]) -> None:
    """[CLI1] [FAN3] The bound of the inbox: what does not fit is dropped, and replayed once there is room."""
    peer, proxy = network
    options = ClientOptions(link=OPTIONS.link, inbox_limit=4)
    seen: list[int] = []
    complete = asyncio.Event()
    gate = asyncio.Event()
    async with ChatClient(proxy.url, "t", options=options) as chat:

        @chat.on(MessageSent)
        async def slow(message: Message) -> None:
            await gate.wait()
            seen.append(message.number)
            if message.number == 50:
                complete.set()

        await chat.subscribe("1")
        for number in range(50):
            peer.say("1", str(number))
        # The answer comes behind the fifty events, while the handler still has the first in hand.
        assert (await chat.history("1", limit=1)).items[0].number == 50
        assert seen == []
        gate.set()
        await asyncio.wait_for(complete.wait(), 30)
    assert seen == list(range(1, 51))
    assert [command for command, _ in peer.commands].count("subscribe") > 1


async def test_a_trimmed_log_is_bridged_by_history(network: tuple[Peer, Proxy]) -> None:
    """[SUB3] [CLI1] The loop gets every message once; handlers of `gap` get them page by page: no gap is held whole."""
    peer, proxy = network
    chat = ChatClient(proxy.url, "t", options=OPTIONS)
    states = States(chat)
    gaps: list[Gap] = []
    stands: list[tuple[int, int]] = []

    @chat.on("gap")
    def note(gap: Gap) -> None:
        gaps.append(gap)
        handled = chat.position("room:1")
        reads = sum(command == "history.read" and "after" in given for command, given in peer.commands)
        stands.append((reads, handled.offset if handled else 0))

    async with chat, aclosing(chat.messages("1", history=1)) as messages:
        peer.say("1", "0")
        assert await take(messages, 1) == ["0"]
        proxy.down = True
        proxy.cut()
        await states.until("reconnecting")
        for number in range(1, 250):
            peer.say("1", str(number))
        peer.trimmed["room:1"] = 200
        proxy.down = False
        assert await take(messages, 249) == [str(number) for number in range(1, 250)]
        peer.say("1", "live again")
        assert await take(messages, 1) == ["live again"]
    assert [(gap.room_id, gap.reason, len(gap.messages)) for gap in gaps] == [
        ("1", "trimmed", 100),
        ("1", "trimmed", 100),
        ("1", "trimmed", 49),
    ]
    assert [reads for reads, _ in stands] == [1, 2, 3], "a page is read when the one before was handled"
    assert {offset for _, offset in stands} <= {0, 1}, "the position waits for all of them"


async def test_the_stream_starts_anew_in_another_epoch(network: tuple[Peer, Proxy]) -> None:
    """[LOG4] [SUB3]"""
    peer, proxy = network
    chat = ChatClient(proxy.url, "t", options=OPTIONS)
    states = States(chat)
    gapped = asyncio.Event()
    chat.on("gap", lambda _gap: gapped.set())
    async with chat:
        await chat.subscribe("1")
        peer.epoch = "e2"
        proxy.cut()
        await states.until("reconnecting")
        await states.until("connected")
        await asyncio.wait_for(gapped.wait(), 30)
        async with aclosing(chat.messages("1", history=1)) as messages:
            peer.say("1", "after")
            assert await take(messages, 1) == ["after"]


async def test_tokens_are_refreshed_in_place_and_after_a_refusal(network: tuple[Peer, Proxy]) -> None:
    """[SES2]"""
    peer, proxy = network
    issued: list[str] = []
    refreshed = asyncio.Event()

    async def token() -> str:
        issued.append(f"token-{len(issued) + 1}")
        return issued[-1]

    expired = {"code": "auth_expired", "message": "expired", "retryable": True}
    peer.refusal = lambda _namespace, auth: expired if auth["token"] == "token-1" else None
    async with ChatClient(proxy.url, token, options=OPTIONS) as chat:
        assert issued == ["token-1", "token-2"]
        peer.emit(peer.of("/chat"), "auth.expiring", {"expires_at": "2026-11-22T18:00:00.000Z"})
        chat.on("auth.expiring", lambda _expiring: refreshed.set())
        await asyncio.wait_for(refreshed.wait(), 30)
        await chat.send("1", "a round trip after auth.refresh")
        assert [payload for command, payload in peer.commands if command == "auth.refresh"] == [
            {"token": "token-3"}
        ]
        assert peer.sockets[peer.of("/chat")]["token"] == "token-3"


@pytest.mark.parametrize("source", ["fixed", "function that fails"])
async def test_a_token_that_cannot_be_renewed_ends_it(network: tuple[Peer, Proxy], source: str) -> None:
    """[SES2] [CLI3] No endless loop with a token that the server has refused."""
    peer, proxy = network
    expired = {"code": "auth_expired", "message": "expired", "retryable": True}
    peer.refusal = lambda _namespace, _auth: expired
    calls: list[int] = []

    def once() -> str:
        calls.append(1)
        if len(calls) > 1:
            raise Forbidden("the login is closed")
        return "first"

    token: str | Callable[[], str] = "fixed" if source == "fixed" else once
    error = AuthExpired if source == "fixed" else Forbidden
    with pytest.raises(error):
        async with ChatClient(proxy.url, token, options=OPTIONS):
            pass
    assert len(peer.connects) == 1
    calls.clear()
    async with asyncio.timeout(30), ChatClient(proxy.url, token, patience=None, options=OPTIONS) as chat:
        for _ in ("while it is refused", "afterwards"):
            with pytest.raises(error):
                await chat.subscribe("1")
    assert len(peer.connects) == 2


@pytest.mark.parametrize("kind", ["async", "in a thread"])
async def test_a_token_that_does_not_come_is_asked_for_again(
    network: tuple[Peer, Proxy], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A dead network holds back the first answer for good: the client must not wait for it."""
    monkeypatch.setattr("coursewire.client.token.PATIENCE_S", 0.05)
    peer, proxy = network
    asked: list[int] = []
    over = threading.Event()

    def in_thread() -> str:
        asked.append(1)
        if len(asked) == 1:
            over.wait()
        return "token"

    async def token() -> str:
        asked.append(1)
        if len(asked) == 1:
            await asyncio.Event().wait()
        return "token"

    try:
        async with (
            asyncio.timeout(30),
            ChatClient(proxy.url, token if kind == "async" else in_thread, options=OPTIONS) as chat,
        ):
            await chat.send("1", "here")
            assert len(asked) >= 2, "an answer may be late again on a busy machine"
            assert len(peer.connects) == 1
    finally:
        over.set()


async def test_answers_become_errors_of_the_contract(network: tuple[Peer, Proxy]) -> None:
    peer, proxy = network
    async with ChatClient(proxy.url, "t", options=OPTIONS) as chat:
        message = await chat.send("1", "hello")
        peer.failures = [
            {
                "code": "conflict",
                "message": "changed",
                "retryable": False,
                "details": {"message": {"version": 2}},
            }
        ]
        with pytest.raises(Conflict, match="changed") as caught:
            await chat.edit(message, "hi")
        assert caught.value.details == {"message": {"version": 2}}
        sent = len(peer.commands)
        with pytest.raises(Invalid) as invalid:
            await chat.send("1", "x" * 8_001)
        assert invalid.value.field == "text"
        assert invalid.value.message == "text: must have at most 8000 characters, not 8001"
        assert len(peer.commands) == sent, "what cannot be right is not sent"


async def test_a_retryable_error_is_retried_until_it_works(network: tuple[Peer, Proxy]) -> None:
    """[CLI2]"""
    peer, proxy = network
    async with ChatClient(proxy.url, "t", options=OPTIONS) as chat:
        slow = {"code": "rate_limited", "message": "slow down", "retryable": True, "retry_after_ms": 5}
        peer.failures = [slow, slow]
        first, second = await asyncio.gather(chat.send("1", "first"), chat.send("1", "second"))
        assert (first.number, second.number) == (1, 2)


async def test_a_channel_that_is_taken_away_ends_its_loops(network: tuple[Peer, Proxy]) -> None:
    """[SUB1]"""
    peer, proxy = network
    async with ChatClient(proxy.url, "t", options=OPTIONS) as chat:
        messages = chat.messages("1", history=1)
        peer.say("1", "one")
        assert await take(messages, 1) == ["one"]
        peer.emit(peer.of("/chat"), "channel.closed", {"reason": "forbidden"}, channel="room:1")
        with pytest.raises(Forbidden, match="room:1"):
            await take(messages, 1)
        peer.failures = [{"code": "forbidden", "message": "not a member", "retryable": False}]
        with pytest.raises(Forbidden):
            await chat.subscribe("2")


async def test_leaving_the_last_loop_unsubscribes(network: tuple[Peer, Proxy]) -> None:
    peer, proxy = network
    async with ChatClient(proxy.url, "t", options=OPTIONS) as chat:
        first, second = chat.messages("1", history=1), chat.messages("1", history=1)
        peer.say("1", "one")
        assert await take(first, 1) == await take(second, 1) == ["one"]
        await first.aclose()
        await chat.history("1")
        assert "unsubscribe" not in [command for command, _ in peer.commands]
        await second.aclose()
        await chat.history("1")
        assert [command for command, _ in peer.commands].count("unsubscribe") == 1
        assert peer.listeners["room:1"] == {}


async def test_a_client_that_was_not_started_says_so(network: tuple[Peer, Proxy]) -> None:
    """What was called before `start` waited for ever, without a word."""
    _, proxy = network
    chat = ChatClient(proxy.url, "t", options=OPTIONS)
    async with asyncio.timeout(30):
        for waits in (chat.rooms, chat.connected, lambda: chat.send("1", "x"), lambda: chat.subscribe("1")):
            with pytest.raises(RuntimeError, match=r"call `start\(\)`"):
                await waits()
        async with chat:
            assert (await chat.send("1", "now")).number == 1


async def test_closing_ends_what_waits(network: tuple[Peer, Proxy]) -> None:
    peer, proxy = network
    async with ChatClient(proxy.url, "t", options=OPTIONS) as chat:
        loop = asyncio.create_task(take(chat.messages("1"), 1))
        await chat.subscribe("1")
        await chat.history("1")
        # That the server restarted once has nothing to do with how it ends.
        states, closing = States(chat), asyncio.Event()
        chat.on("namespace.closing", lambda _: closing.set())
        restarting = {"reason": "restart", "retryable": True, "retry_after_ms": 0}
        peer.emit(peer.of("/chat"), "namespace.closing", restarting)
        await asyncio.wait_for(closing.wait(), 30)
        proxy.cut()
        await states.until("reconnecting")
        await chat.connected()
        await chat.history("1")
        peer.lost_answers = ["history.read"]
        waiting: Awaitable[object] = asyncio.create_task(chat.history("1"))
        await chat.send("2", "a round trip")
    with pytest.raises(StopAsyncIteration):
        await loop
    with pytest.raises(Unavailable):
        await waiting
    async with asyncio.timeout(30):
        for channel in ("1", "new"):
            with pytest.raises(Unavailable, match="stopped"):
                await chat.subscribe(channel)
        with pytest.raises(Unavailable, match="stopped"):
            await take(chat.messages("1"), 1)
