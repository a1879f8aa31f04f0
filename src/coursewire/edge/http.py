"""uvicorn's HTTP, with bounds: on the size of a head, and on the time that a request or its answer may take.

uvicorn leaves these to a proxy. Without one a single connection could fill the memory with header lines, and any number
could each hold a descriptor for ever, with half of a request or without reading the answer.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from coursewire.edge.registry import Registry

MOST_HEAD: Final = 64 * 1024
"""Bytes of a request before its body, to the end of the read in which that begins."""


class Http(HttpToolsProtocol):
    """One connection."""

    def __init__(self, registry: Registry, **offered: Any) -> None:
        """Take whose deadlines it stands in, and what uvicorn offers to every protocol."""
        super().__init__(**offered)
        self._registry = registry
        self._head = 0
        """Bytes of a head so far."""
        self._is_in_head = False

    def data_received(self, data: bytes) -> None:
        """Read on, unless the head is longer than any head is."""
        requests = self._registry.requests
        if self not in requests and (self.cycle is None or self.cycle.response_complete):
            requests.add(self)  # whatever it is: line ends alone begin no request
        super().data_received(data)
        if self._is_in_head and not self.transport.is_closing():
            self._head += len(data)
            if self._head > MOST_HEAD:
                self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)

    def on_message_begin(self) -> None:
        """Count from the first byte of a request."""
        super().on_message_begin()
        self._head, self._is_in_head = 0, True
        self._registry.requests.add(self)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header. What comes behind a body in chunks is read by nobody, and would be kept without end."""
        if self._is_in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Count no more."""
        self._is_in_head = False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Have the whole request, or all that is read here of one for a WebSocket."""
        self._registry.requests.discard(self)
        super().on_message_complete()

    def handle_websocket_upgrade(self) -> None:
        """Pass the connection on, unless an answer is under way: it would come out among the frames."""
        if self.cycle is None or self.cycle.response_complete:
            super().handle_websocket_upgrade()
        else:
            self._refuse(HTTPStatus.BAD_REQUEST)

    def request_missing(self) -> None:
        """Refuse a request that has not come to an end."""
        self._refuse(HTTPStatus.REQUEST_TIMEOUT)

    def pause_writing(self) -> None:
        """Wait for a client that does not read its answer, for a while."""
        self._registry.unread.add(self)
        super().pause_writing()

    def resume_writing(self) -> None:
        """Go on: it has read."""
        self._registry.unread.discard(self)
        super().resume_writing()

    def reading_missing(self) -> None:
        """Cut off a client that does not read its answer."""
        self._registry.statistics.handshakes_refused["Answer not read"] += 1
        self.transport.abort()

    def shutdown(self) -> None:
        """Close for uvicorn, which is asked to exit, behind an answer that is under way.

        uvicorn would wait for the rest of a request that has come in part, and end what reads it with a 500.
        """
        super().shutdown()
        if self.cycle is not None and self.cycle.more_body and not self.cycle.response_complete:
            self._registry.closings.add(self)

    def cut(self) -> None:
        """Drop a request that is still not whole."""
        if self.cycle.more_body:
            self.transport.abort()
        else:
            self._registry.gone(self)  # its answer is waited for by uvicorn

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing more."""
        super().connection_lost(exc)
        self._registry.gone(self)
        self._registry.requests.discard(self)
        self._registry.unread.discard(self)

    def _refuse(self, status: HTTPStatus) -> None:
        self._registry.requests.discard(self)
        self._registry.statistics.handshakes_refused[status.phrase] += 1
        if self.cycle is not None and not self.cycle.response_complete:
            self.transport.abort()  # an answer is under way, if only to the request before it
            return
        head = f"HTTP/1.1 {status.value} {status.phrase}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
        self.transport.write(head.encode("ascii"))
        self.transport.close()
