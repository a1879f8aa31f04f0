"""The small campus of `coursewire demo`: a teacher, two students, their rooms, and sign-in without a password."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Response
from rich.console import Console

from coursewire.errors import NotFound
from coursewire.identity import membership
from coursewire.identity.caller import Caller
from coursewire.identity.membership import Enrolment
from coursewire.identity.tokens import Issuer
from coursewire.namespaces.chat import service
from coursewire.namespaces.chat.contract import MarkReceipt, OpenRoom, SendMessage
from coursewire.realtime.transaction import Transaction
from coursewire.vocabulary import Model, Role, Time, iso

if TYPE_CHECKING:
    from coursewire.app import Node
    from coursewire.settings import Settings

COURSE = "cs101"
TITLE = "Introduction to Computer Science"
PEOPLE: dict[str, tuple[str, Role]] = {
    "ada": ("Ada Lovelace", "instructor"),
    "ben": ("Ben Okafor", "learner"),
    "cleo": ("Cleo Marín", "learner"),
}
TOKEN_TTL_S = 3_600


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
    secret = settings.signing_secret or ""
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


_TALK: tuple[tuple[str, str, str], ...] = (
    ("announcement", "ada", "Welcome to CS101! The first problem set is out; it is due on Friday at 18:00."),
    ("course", "ada", "Hello everybody. Questions about the course go here, any time."),
    ("course", "ben", "Thanks! Is the lecture of Tuesday recorded?"),
    ("course", "ada", "Yes, it will be on the course page tomorrow morning."),
    ("course", "cleo", "Found it already 🎉"),
    ("discussion", "cleo", "In problem 3: does the loop run over the sorted list, or over the original one?"),
    ("discussion", "ben", "The original one, I think. Sorting would change the indices."),
    ("discussion", "ada", "Right, Ben. Try it with [3, 1, 2] on paper first."),
)
_ROOMS = {"course": "General", "discussion": "Problem set 1", "announcement": "Announcements"}


async def seed(node: Node) -> None:
    """Fill an empty campus; one that has its course already is left as it is."""

    def fill(raw: Any) -> None:
        callers = {
            user_id: Caller(user_id=user_id, name=name, courses={COURSE: frozenset({role})})
            for user_id, (name, role) in PEOPLE.items()
        }
        if membership.courses_of(raw, "ada"):
            return
        http = Transaction(raw, "http", None, node.reactions)
        for fact in membership.put_course(raw, COURSE, TITLE):
            http.tell(fact)
        roster = [Enrolment(user_id, name, frozenset({role})) for user_id, (name, role) in PEOPLE.items()]
        for fact in membership.put_members(raw, COURSE, roster):
            http.tell(fact)
        chat = {
            user_id: Transaction(raw, "/chat", caller, node.reactions) for user_id, caller in callers.items()
        }
        rooms: dict[str, str] = {}
        for kind, title in _ROOMS.items():
            command = OpenRoom.model_validate(
                {"key": f"demo-{kind}", "kind": kind, "course_id": COURSE, "title": title}
            )
            rooms[kind] = service.open_room(chat["ada"], callers["ada"], command).room.id
        talk = [(rooms[kind], who, text) for kind, who, text in _TALK]
        direct = OpenRoom(key="demo-direct", kind="direct", member_ids=["ben"])
        cellar = service.open_room(chat["cleo"], callers["cleo"], direct).room.id
        talk.append((cellar, "cleo", "Hi Ben, shall we do the second half together?"))
        for index, (room_id, who, text) in enumerate(talk):
            send = SendMessage(key=f"demo-{index}", room_id=room_id, text=text)
            message = service.send_message(chat[who], callers[who], send).message
            if room_id != cellar:  # the teacher has read everything there is
                service.mark_receipt(
                    chat["ada"], callers["ada"], MarkReceipt(room_id=room_id, read=message.id)
                )

    await node.storage.write(fill)


def announce(host: str, port: int) -> None:
    """Print the sign-in links."""
    console = Console()
    name = "localhost" if host in {"127.0.0.1", "0.0.0.0", "::1", "::"} else host  # noqa: S104 - compared only
    console.print(f"\n  [bold]Coursewire[/] campus on [link]http://{name}:{port}[/link]\n")
    for user_id, (person, role) in PEOPLE.items():
        console.print(f"  {person:<14} {role:<11} http://{name}:{port}/#as={user_id}")
    console.print("\n  Open two of them in two windows. Ctrl+C ends it.\n")
