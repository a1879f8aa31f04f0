"""The HTTP side: problem documents, idempotency, bounded bodies, and the routers put together."""

from coursewire.http.composition import create_app

__all__ = ["create_app"]
