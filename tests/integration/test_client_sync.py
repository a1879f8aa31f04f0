"""The blocking client, as a script uses it: from a thread without an event loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import Future

import pytest
from tests.integration.chat_peer import Peer, serving

from coursewire.client.sync import ChatClient
from coursewire.errors import AuthInvalid, Invalid, Unavailable
from coursewire.namespaces.chat.contract import Message


class Server:
    """A peer in a thread."""

    def __init__(self) -> None:
        self.peer = Peer()
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._port: Future[int] = Future()
        self._thread = threading.Thread(target=lambda: self._loop.run_until_complete(self._serve()))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._port.result(30)}"

    async def _serve(self) -> None:
        async with serving(self.peer) as port:
            self._port.set_result(port)
            await self._stop.wait()

    def say(self, text: str) -> None:
        self._loop.call_soon_threadsafe(self.peer.say, "1", text)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(30)
        self._loop.close()


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.close()


def test_a_script_sends_and_receives(server: Server) -> None:
    with ChatClient(server.url, "t") as chat:
        assert chat.state == "connected"
        assert chat.session is not None
        messages = chat.messages("1", history=5)
        sent = chat.send("1", "from a script")
        assert next(messages).id == sent.id
        server.say("from elsewhere")
        assert next(messages).text == "from elsewhere"
        messages.close()
        assert len(chat.history("1").items) == 2
    assert chat.diagnostics.state == "closed"


def test_handlers_run_and_must_not_block(server: Server) -> None:
    with ChatClient(server.url, "t") as chat:
        tried: Future[str] = Future()

        def handler(message: Message) -> None:
            try:
                chat.send("1", f"re: {message.text}")
            except RuntimeError as error:
                tried.set_result(str(error))

        chat.on("message.sent", handler)
        chat.subscribe("1")
        server.say("hello")
        assert "must not call blocking methods" in tried.result(10)


def test_errors_are_those_of_the_contract(server: Server) -> None:
    with ChatClient(server.url, "t") as chat, pytest.raises(Invalid):
        chat.send("1", "")
    with pytest.raises(RuntimeError, match="not open"):
        chat.send("1", "too late")
    server.peer.refusal = lambda _namespace, _auth: {
        "code": "auth_invalid",
        "message": "no",
        "retryable": False,
    }
    with pytest.raises(AuthInvalid), ChatClient(server.url, "t"):
        pass


def test_a_loop_ends_when_another_thread_closes_the_client(server: Server) -> None:
    chat = ChatClient(server.url, "t")
    seen: list[str] = []
    with chat:
        first = threading.Event()

        def read() -> None:
            for message in chat.messages("1"):
                seen.append(message.text)
                first.set()

        reader = threading.Thread(target=read)
        reader.start()
        while not first.wait(0.05):
            server.say("hello")
    reader.join(30)
    assert not reader.is_alive()
    assert set(seen) == {"hello"}


def test_a_loop_with_a_message_in_hand_ends_when_another_thread_closes_the_client(server: Server) -> None:
    """It comes back to a client that is closed; one that was never open is an error."""
    chat = ChatClient(server.url, "t")
    in_hand, closed, ended = threading.Event(), threading.Event(), threading.Event()

    def read() -> None:
        for _ in chat.messages("1", history=1):
            in_hand.set()
            assert closed.wait(30)
        ended.set()

    reader = threading.Thread(target=read)
    with chat:
        chat.send("1", "hello")
        reader.start()
        assert in_hand.wait(30)
    closed.set()
    reader.join(30)
    assert ended.is_set()
    with pytest.raises(RuntimeError, match="not open"):
        next(chat.messages("1"))


def test_no_server(closed_port: int) -> None:
    with pytest.raises(Unavailable), ChatClient(f"http://127.0.0.1:{closed_port}", "t", patience=0.05):
        pass
