"""Sign-in without a password, and the links for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fastapi import APIRouter, Response
from rich.console import Console

from coursewire.demo.people import COURSE, PEOPLE
from coursewire.errors import NotFound
from coursewire.identity.tokens import Issuer
from coursewire.vocabulary import Model, Role, Time, iso

if TYPE_CHECKING:
    from coursewire.settings import Settings

TOKEN_TTL_S: Final = 3_600


class DemoUser(Model):
    """Somebody to sign in as."""

    user_id: str
    name: str
    role: Role
    course_ids: list[str]
    sign_in_url: str


class DemoUsers(Model):
    """Everybody to sign in as."""

    items: list[DemoUser]


class DemoLogin(Model):
    """As whom to sign in."""

    user_id: str


class DemoToken(Model):
    """A token of the demo campus."""

    token: str
    expires_at: Time


def router(settings: Settings) -> APIRouter:
    """Return the routes by which anybody becomes somebody of the demo campus. Production refuses them."""
    routes = APIRouter(prefix="/demo", tags=["demo"])
    secret = settings.signing_secret
    assert secret is not None  # noqa: S101 - settings with a demo login have one
    issuer = Issuer(secret, issuer=settings.jwt_issuer, audience=settings.jwt_audience)

    @routes.get("/users")
    async def users() -> DemoUsers:
        """List the people of the demo campus."""
        return DemoUsers(
            items=[
                DemoUser(
                    user_id=user_id,
                    name=name,
                    role=role,
                    course_ids=[COURSE],
                    sign_in_url=f"/#as={user_id}",
                )
                for user_id, (name, role) in PEOPLE.items()
            ]
        )

    @routes.post("/tokens")
    async def sign_in(body: DemoLogin, response: Response) -> DemoToken:
        """Make a token for one of them."""
        if body.user_id not in PEOPLE:
            raise NotFound("there is nobody of this id in the demo campus", field="user_id")
        name, role = PEOPLE[body.user_id]
        token, expires_at = issuer.issue(body.user_id, name, courses={COURSE: [role]}, ttl_s=TOKEN_TTL_S)
        response.headers["Cache-Control"] = "no-store"
        return DemoToken(token=token, expires_at=iso(expires_at))

    return routes


def announce(host: str, port: int) -> None:
    """Print the sign-in links."""
    console = Console()
    name = "localhost" if host in {"127.0.0.1", "0.0.0.0", "::1", "::"} else host  # noqa: S104 - compared only
    console.print(f"\n  [bold]Coursewire[/] campus on [link]http://{name}:{port}[/link]\n")
    for user_id, (person, role) in PEOPLE.items():
        console.print(f"  {person:<14} {role:<11} http://{name}:{port}/#as={user_id}")
    console.print("\n  Open two of them in two windows. Ctrl+C ends it.\n")
