"""`/healthz`: the process lives. `/readyz`: send it people."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from fastapi import APIRouter, Response
from pydantic import BaseModel

from coursewire.operations.lag import LoopLag

MAX_LAG_S: Final = 1.0
"""A loop that is later than this keeps nobody's heartbeat."""
CHECK_TIMEOUT_S: Final = 2.0


class Check(BaseModel):
    """One thing that was looked at; `detail` says what is wrong with it."""

    ok: bool
    detail: str | None = None


class Readiness(BaseModel):
    """Whether this node should get traffic, and what speaks against it."""

    ready: bool
    checks: dict[str, Check]


class Health:
    """What `/readyz` looks at: storage answers, the loop keeps up, the node is not on its way out."""

    def __init__(self, storage: Callable[[], Awaitable[object]], lag: LoopLag) -> None:
        """Take a cheap question to the storage, such as a write of nothing."""
        self._storage = storage
        self._lag = lag
        self.draining = False
        """Set when the server begins to stop, so that the balancer sends nobody new."""

    async def readiness(self) -> Readiness:
        """Look at everything; takes at most `CHECK_TIMEOUT_S`."""
        checks = {
            "storage": await self._check_storage(),
            "event_loop": self._check_loop(),
            "draining": Check(
                ok=not self.draining, detail="the server is stopping" if self.draining else None
            ),
        }
        return Readiness(ready=all(check.ok for check in checks.values()), checks=checks)

    async def _check_storage(self) -> Check:
        try:
            async with asyncio.timeout(CHECK_TIMEOUT_S):
                await self._storage()
        except TimeoutError:
            return Check(ok=False, detail=f"no answer within {CHECK_TIMEOUT_S:g} s")
        except Exception as error:  # noqa: BLE001  # whatever it is, this node cannot serve
            # The message may hold a path or an address; the kind of error is enough here.
            return Check(ok=False, detail=type(error).__name__)
        return Check(ok=True)

    def _check_loop(self) -> Check:
        late_s = self._lag.worst_s
        return Check(ok=late_s < MAX_LAG_S, detail=None if late_s < MAX_LAG_S else f"{late_s:.1f} s late")


def health_router(health: Health) -> APIRouter:
    """Return the routes of an orchestrator's probes; they need no token and tell nothing about anybody."""
    router = APIRouter(tags=["operations"])

    @router.get("/healthz")
    async def healthz() -> dict[str, str]:
        """Tell that the process answers. Restart it when this fails."""
        return {"status": "ok"}

    @router.get("/readyz", response_model_exclude_none=True, responses={503: {"model": Readiness}})
    async def readyz(response: Response) -> Readiness:
        """Tell whether to send people here: 200, or 503 with what speaks against it."""
        readiness = await health.readiness()
        response.status_code = 200 if readiness.ready else 503
        response.headers["Cache-Control"] = "no-store"
        return readiness

    return router
