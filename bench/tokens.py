"""The JWTs of the bench: HS256 with a secret of its own, the same claims for every server."""

from __future__ import annotations

import time
from typing import Any

import jwt

SECRET = "only-for-the-bench-" + "0" * 32
COURSE = "bench"


def name_of(user: str) -> str:
    """Return what a user is called."""
    return user.replace("-", " ").title()


def token(user: str, role: str = "learner", course: str = COURSE) -> str:
    """Return the token of a member of a course, the one course unless another is given, good for an hour."""
    return _sign({"sub": user, "name": name_of(user), "roles": [role], "courses": {course: [role]}})


def service_token() -> str:
    """Return a server-to-server token."""
    return _sign({"sub": "lms", "name": "LMS", "roles": ["service"]})


def _sign(claims: dict[str, Any]) -> str:
    now = int(time.time())
    return jwt.encode(
        {"iss": "coursewire", "aud": "coursewire", "iat": now, "exp": now + 3_600, **claims}, SECRET, "HS256"
    )
