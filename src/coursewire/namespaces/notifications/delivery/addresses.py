"""Connects to public addresses only: a push endpoint is a URL that a client chose, and must not reach our own network.

The address is checked when the connection is made, not when the URL is given: by then a name may have another.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
import socket
from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit

import httpcore

MAX_ENDPOINT: Final = 2_048
"""Characters; those of the large push services have below 300."""

_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
_UNICAST: Final = ipaddress.IPv6Network("2000::/3")
"""The only part of IPv6 that is given out: what lies outside leads to old or local translators, if anywhere."""
_HTTPS: Final = 443
_NAME: Final = re.compile(r"([a-z0-9_-]{1,63}\.)*[a-z0-9_-]{1,63}\.?")
"""A host name as the DNS takes it; `urlsplit` lets more through, which fails only when it is looked up."""


def is_public(address: str) -> bool:
    """Whether an IP address is one of the open internet, also in the disguise of an IPv6 transition address."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour
        if found in _NAT64:
            inner = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
        elif inner is None and found not in _UNICAST:
            return False
        found = inner or found
    return found.is_global and not found.is_multicast


def check_endpoint(endpoint: str, *, allow_private: bool = False) -> None:
    """Refuse what cannot be a push service, with a ValueError that says what would be right.

    A name is not looked up here. With `allow_private`, for development and tests, plain http is allowed too.
    """
    if (
        len(endpoint) > MAX_ENDPOINT
        or not endpoint.isascii()
        or not endpoint.isprintable()
        or " " in endpoint
    ):
        raise ValueError(f"must be a URL of at most {MAX_ENDPOINT} printable ASCII characters")
    try:
        parts = urlsplit(endpoint)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ValueError("must be a URL") from None
    if not host or parts.username is not None or parts.fragment:
        raise ValueError("must be a URL with a host, without a user and without a fragment")
    if ":" not in host and not _NAME.fullmatch(host):
        raise ValueError("must be a URL with a host name")
    if allow_private:
        if parts.scheme not in {"https", "http"}:
            raise ValueError("must begin with https:// or http://")
        return
    if parts.scheme != "https":
        raise ValueError("must begin with https://")
    if port not in {None, _HTTPS}:
        raise ValueError("must be on port 443")
    if _looks_local(host):
        raise ValueError("must be at a public address")


def _looks_local(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        # Also `127.1` and `0x7f000001`, which some resolvers take for addresses: no public name ends in a number.
        last = host.rstrip(".").rpartition(".")[2]
        return "." not in host or last[:1].isdigit() or last in {"localhost", "local", "internal"}
    return not is_public(host)


class PublicBackend(httpcore.AnyIOBackend):
    """httpcore's way to a socket, past a look at the address. TLS still checks the certificate against the name."""

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's interface
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to a public address of `host`. Raises httpcore.ConnectError when there is none."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(timeout):
                found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except TimeoutError:
            raise httpcore.ConnectTimeout("the name was not resolved in time") from None
        except OSError:
            raise httpcore.ConnectError("the name does not resolve") from None
        public = [entry[4][0] for entry in found if is_public(str(entry[4][0]))]
        if not public:
            raise NotPublic("the name resolves to no public address")
        return await super().connect_tcp(str(public[0]), port, timeout, local_address, socket_options)


class NotPublic(httpcore.ConnectError):
    """The endpoint is inside some private network."""
