"""The room of the bench: at our server a real one, in a real course; at the peers just a name."""

from __future__ import annotations

import http.client
import json
import uuid
from typing import Any

from bench.servers import OURS, Server
from bench.tokens import COURSE, name_of, service_token

_MOST_MEMBERS = 1_000


def make_room(server: Server, title: str) -> str:
    """Return the id of a room that every member of the course may listen to and its staff may write in."""
    if server.name != OURS:
        return title
    make_course(server)
    made = call(server, "POST", "/v1/rooms", {"kind": "course", "course_id": COURSE, "title": title})
    return str(made["room"]["id"])


def make_course(server: Server) -> None:
    """Make the course, if it is not there."""
    call(server, "PUT", f"/v1/courses/{COURSE}", {"title": "Bench"})


def enrol(server: Server, users: list[str]) -> None:
    """Put users on the course's roster, as an LMS does before they come. The peers know no courses."""
    if server.name != OURS:
        return
    for start in range(0, len(users), _MOST_MEMBERS):
        members = [
            {"user_id": user, "name": name_of(user), "roles": ["learner"]}
            for user in users[start : start + _MOST_MEMBERS]
        ]
        call(server, "PUT", f"/v1/courses/{COURSE}/members", {"members": members})


def call(server: Server, method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """Do something at our server as the LMS does. Raises RuntimeError when it is refused."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    headers = {
        "Authorization": f"Bearer {service_token()}",
        "Content-Type": "application/json",
        "Idempotency-Key": uuid.uuid4().hex,
    }
    connection.request(method, path, json.dumps(body), headers)
    response = connection.getresponse()
    text = response.read()
    connection.close()
    if response.status >= 300:
        raise RuntimeError(f"{method} {path}: {response.status} {text[:500]!r}")
    answer: dict[str, Any] = json.loads(text) if text else {}
    return answer
