"""python-socketio on uvicorn, doing what every peer of the bench does: see peers/node.mjs."""

from __future__ import annotations

import os
import uuid
from datetime import UTC, datetime
from itertools import count
from typing import Any

import jwt
import socketio
import uvicorn

SECRET = os.environ["JWT_SECRET"]

server = socketio.AsyncServer(
    async_mode="asgi",
    ping_interval=int(os.environ["PING_INTERVAL_MS"]) / 1000,
    ping_timeout=int(os.environ["PING_TIMEOUT_MS"]) / 1000,
)
users: dict[str, dict[str, str]] = {}
numbers = count(1)


@server.event(namespace="/chat")  # type: ignore[untyped-decorator]
async def connect(sid: str, _environ: dict[str, Any], auth: dict[str, Any]) -> None:
    """Verify the token."""
    try:
        claims = jwt.decode(
            auth["token"], SECRET, algorithms=["HS256"], issuer="coursewire", audience="coursewire"
        )
    except jwt.PyJWTError as error:
        raise socketio.exceptions.ConnectionRefusedError("auth_invalid") from error
    users[sid] = {"user_id": claims["sub"], "name": claims["name"]}


@server.event(namespace="/chat")  # type: ignore[untyped-decorator]
async def disconnect(sid: str, _reason: str) -> None:
    """Forget the client."""
    users.pop(sid, None)


@server.on("subscribe", namespace="/chat")  # type: ignore[untyped-decorator]
async def subscribe(sid: str, payload: dict[str, Any]) -> dict[str, Any]:
    """Join the room."""
    await server.enter_room(sid, payload["channel"], namespace="/chat")
    return {
        "ok": True,
        "data": {"channel": payload["channel"], "epoch": "bench", "offset": 0, "recovered": False},
    }


@server.on("message.send", namespace="/chat")  # type: ignore[untyped-decorator]
async def send(sid: str, payload: dict[str, Any]) -> dict[str, Any]:
    """Broadcast to the room."""
    number, at = next(numbers), _now()
    room_id, text = payload["room_id"], payload["text"]
    message = {
        "id": str(uuid.uuid4()),
        "room_id": room_id,
        "number": number,
        "author": users[sid],
        "anonymous": False,
        "key": payload["key"],
        "text": text,
        "html": f"<p>{text}</p>",
        "mentions": [],
        "reactions": [],
        "state": "sent",
        "version": 1,
        "sent_at": at,
    }
    channel, actor = f"room:{room_id}", users[sid]["user_id"]
    meta = {
        "channel": channel,
        "id": str(uuid.uuid4()),
        "at": at,
        "epoch": "bench",
        "offset": number,
        "actor": actor,
    }
    await server.emit("message.sent", (message, meta), room=channel, namespace="/chat")
    return {"ok": True, "data": {"duplicate": False, "message": message}}


@server.on("typing.set", namespace="/chat")  # type: ignore[untyped-decorator]
async def set_typing(sid: str, payload: dict[str, Any]) -> dict[str, Any]:
    """Tell the room who types."""
    typing = {
        "room_id": payload["room_id"],
        "users": [{**users[sid], "avatar_url": None}] if payload["active"] else [],
    }
    channel = f"room:{payload['room_id']}"
    meta = {"channel": channel, "id": str(uuid.uuid4()), "at": _now()}
    await server.emit("typing.changed", (typing, meta), room=channel, namespace="/chat")
    return {"ok": True, "data": {}}


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


if __name__ == "__main__":
    uvicorn.run(
        socketio.ASGIApp(server),
        host="127.0.0.1",
        port=int(os.environ["PORT"]),
        log_level="warning",
        access_log=False,
    )
