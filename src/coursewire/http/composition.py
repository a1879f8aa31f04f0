"""Puts the routers together with what stands behind them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence

from fastapi import APIRouter, FastAPI
from fastapi.middleware.cors import CORSMiddleware

from coursewire import __version__
from coursewire.http import problems
from coursewire.http.guard import Guard
from coursewire.http.work import HttpEntrance
from coursewire.identity.access import Runner
from coursewire.identity.tokens import Issuer, Verifier

MAX_BODY_BYTES = 2 * 1024 * 1024


def _now() -> int:
    return time.time_ns() // 1_000_000


def create_app(
    *,
    verifier: Verifier,
    runner: Runner,
    issuer: Issuer | None = None,
    routers: Iterable[APIRouter] = (),
    allowed_origins: Sequence[str] = (),
    max_body_bytes: int = MAX_BODY_BYTES,
    docs: bool = False,
    clock: Callable[[], int] = _now,
) -> FastAPI:
    """Return the HTTP application: these routers, `/openapi.json`, and with `docs` the pages at `/docs`.

    `allowed_origins` are those whose pages may call it (CORS; `*` for all); `clock` gives milliseconds since
    1970.
    """
    app = FastAPI(
        title="Coursewire",
        version=__version__,
        summary="The real-time layer of a learning platform: the routes for its LMS.",
        docs_url="/docs" if docs else None,
        redoc_url=None,
        responses={
            "default": {
                "description": "What went wrong (RFC 9457).",
                "model": problems.Problem,
                "content": {problems.MEDIA_TYPE: {}},
            }
        },
    )
    app.state.entrance = HttpEntrance(verifier, runner, issuer, clock)
    problems.install(app)
    for router in routers:
        app.include_router(router)
    app.add_middleware(Guard, max_body_bytes=max_body_bytes)
    if allowed_origins:  # around the guard: pages are to read its refusals too
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(allowed_origins),
            allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=["Authorization", "Content-Type", "Idempotency-Key"],
            expose_headers=["Idempotency-Replayed", "Retry-After"],
            max_age=600,
        )
    return app
