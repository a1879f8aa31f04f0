"""What the backend's client repeats, with which key, for how long, and what it makes of replies."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from coursewire import errors
from coursewire.client import ServiceClient, http
from coursewire.errors import AuthExpired, CoursewireError

COURSE = {"course": {"id": "cs101", "title": "CS", "member_count": 0}}


def problem(code: str, status: int, **fields: object) -> httpx.Response:
    kind = next(kind for kind in CoursewireError.__subclasses__() if kind.code == code)
    return httpx.Response(
        status,
        json={"code": code, "detail": "why", "retryable": kind.retryable, **fields},
        headers={"content-type": "application/problem+json"},
    )


class Server:
    """Answers with these replies, in turn; the last one again and again."""

    def __init__(self, *replies: httpx.Response | Exception) -> None:
        self.replies = list(replies)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        if isinstance(reply, Exception):
            raise reply
        return reply

    @property
    def keys(self) -> list[str | None]:
        return [request.headers.get("idempotency-key") for request in self.requests]


def client(server: Server, token: str | Callable[[], str] = "t", **options: float) -> ServiceClient:  # noqa: S107 - a stand-in
    return ServiceClient("http://server.test", token, transport=httpx.MockTransport(server), **options)


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "_delay_s", lambda _failures: 0.0)


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize(
    "trouble",
    [
        httpx.ConnectError("refused"),
        httpx.ReadTimeout("no answer"),
        problem("overloaded", 503),
        problem("internal", 500),
        problem("rate_limited", 429, retry_after_ms=1),
        httpx.Response(502, text="<html>Bad Gateway</html>"),
    ],
)
async def test_what_may_help_is_repeated_with_the_same_key(trouble: httpx.Response | Exception) -> None:
    """[LOG3]"""
    server = Server(trouble, trouble, httpx.Response(200, json=COURSE))
    async with client(server) as lms:
        assert (await lms.put_course("cs101", "CS")).id == "cs101"
    assert len(server.keys) == 3
    assert len(set(server.keys)) == 1
    assert server.keys[0]


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (problem("invalid", 422, field="title"), errors.Invalid),
        (problem("conflict", 409), errors.Conflict),
        (problem("auth_invalid", 401), errors.AuthInvalid),
        (httpx.Response(404, text="nginx"), errors.NotFound),
        (httpx.Response(301, headers={"location": "https://elsewhere.test/"}), errors.Invalid),
        (httpx.Response(200, text="<html>Welcome</html>"), errors.Internal),
    ],
)
async def test_what_would_not_help_is_raised_at_once(
    reply: httpx.Response, kind: type[CoursewireError]
) -> None:
    server = Server(reply)
    async with client(server) as lms:
        with pytest.raises(kind):
            await lms.put_course("cs101", "CS")
    assert len(server.requests) == 1


async def test_patience_ends() -> None:
    server = Server(problem("unavailable", 503, retry_after_ms=60_000))
    async with client(server, patience=30) as lms:
        with pytest.raises(errors.Unavailable) as refused:
            await lms.put_course("cs101", "CS")
    assert refused.value.retry_after_ms == 60_000
    assert len(server.requests) == 1


async def test_an_expired_token_ends_it_without_another() -> None:
    server = Server(problem("auth_expired", 401))
    async with client(server) as lms:
        with pytest.raises(AuthExpired, match="give a function"):
            await lms.course("cs101")
    tokens = iter(["old", "new"])
    async with client(server, lambda: next(tokens)) as lms:
        with pytest.raises(AuthExpired):
            await lms.course("cs101")
    assert [request.headers["authorization"] for request in server.requests[1:]] == [
        "Bearer old",
        "Bearer new",
    ]


@pytest.mark.parametrize(
    "document", ["nonsense", "[]", '{"code": "invalid"}', '{"code": "invalid", "detail": "x", "details": 7}']
)
async def test_a_problem_that_cannot_be_read_counts_by_its_status(document: str) -> None:
    reply = httpx.Response(
        413, content=document.encode(), headers={"content-type": "application/problem+json"}
    )
    async with client(Server(reply)) as lms:
        with pytest.raises(CoursewireError) as refused:
            await lms.course("cs101")
    assert refused.value.status in (413, 422)


async def test_the_back_off_grows_to_a_bound_and_is_never_the_same_for_all() -> None:
    waits = [http._delay_s(failures) for failures in (0, 1, 2, 3, 10)]
    for wait, most in zip(waits, (0.5, 1, 2, 4, 5), strict=True):
        assert most / 2 <= wait <= most
    assert len({http._delay_s(3) for _ in range(20)}) > 1
