"""Who may do what over HTTP: every path that the server declares, for every kind of person, and what refusals tell."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import httpx
import pytest
from tests.integration.chat_campus import COURSE, PATIENCE_S, Campus, campus
from tests.integration.desk import furnish
from tests.integration.notification_campus import finished
from tests.integration.rights import everything

Json = dict[str, Any]

# One letter per person, in this order:
# - nobody: no token                    - forced_off: a token from before the LMS forced them off
# - limited: a token of the LMS for another namespace than any
# - stranger: teaches another course    - former: was taken out of the course and of all that is in it
# - learner                             - assistant, teacher: staff of the course
# - administrator                       - lms: a service token
PEOPLE = (
    "nobody", "forced_off", "limited", "stranger", "former", "learner", "assistant", "teacher", "administrator", "lms"
)  # fmt: skip
OUTCOMES = {"A": "auth_missing", "E": "auth_expired", "F": "forbidden", "N": "not_found", "I": "invalid"}
REFUSED = {401, 403, 404, 500}
SERVICE_ONLY = "AFFFFFFFF."
ENROLLED = "AEFNN....."
ABOVE_ALL_TOO = "AEFNNF...."
EVERYBODY = ".........."
OF_A_PERSON = "AEF......."

SECRET = "lovelace"
"""What everything here is called or says that is not for everybody."""


class Route(NamedTuple):
    """One path, whose names of things stand in braces, and who may use it."""

    method: str
    path: str
    rights: str
    body: Any = None


ROUTES = {
    (route.method, route.path): route
    for route in (
        Route("PUT", "/v1/courses/{course_id}", SERVICE_ONLY, {"title": "Lovelace"}),
        Route("GET", "/v1/courses/{course_id}", SERVICE_ONLY),
        Route("PUT", "/v1/courses/{course_id}/members", SERVICE_ONLY, {"members": []}),
        Route("GET", "/v1/courses/{course_id}/members", SERVICE_ONLY),
        Route("PUT", "/v1/courses/{course_id}/groups/{group_id}", SERVICE_ONLY, {"user_ids": ["ben"]}),
        Route("GET", "/v1/courses/{course_id}/groups/{group_id}", SERVICE_ONLY),
        Route("GET", "/v1/courses/{course_id}/groups", SERVICE_ONLY),
        Route("PUT", "/v1/courses/{course_id}/milestones", SERVICE_ONLY, {"rules": []}),
        Route("POST", "/v1/tokens", SERVICE_ONLY, {"user_id": "ben", "name": "Ben"}),
        Route("POST", "/v1/activity", SERVICE_ONLY, {"events": []}),
        Route("POST", "/v1/jobs", SERVICE_ONLY, {"kind": "grading", "title": "Lovelace", "owner_id": "ben"}),
        Route("PATCH", "/v1/jobs/{job_id}", SERVICE_ONLY, {}),
        Route("POST", "/v1/xapi/statements", SERVICE_ONLY, {}),
        Route("POST", "/v1/milestones", SERVICE_ONLY, {"course_id": COURSE, "kind": "x", "title": "Lovelace"}),
        Route("POST", "/v1/notifications", SERVICE_ONLY,
              {"audience": {"users": ["ben"]}, "category": "system", "title": "Lovelace"}),
        Route("GET", "/v1/notifications/deliveries/{delivery_id}", SERVICE_ONLY),
        Route("POST", "/v1/documents", SERVICE_ONLY, {"course_id": COURSE, "title": "Lovelace"}),
        Route("GET", "/v1/rooms", OF_A_PERSON),
        Route("POST", "/v1/rooms", "AEFNN.....", {"kind": "discussion", "course_id": COURSE, "title": "Lovelace"}),
        Route("GET", "/v1/rooms/{room_id}/messages", ENROLLED),
        Route("POST", "/v1/rooms/{room_id}/messages", ENROLLED, {"text": "by Lovelace"}),
        Route("GET", "/v1/documents/{document_id}", ENROLLED),
        Route("GET", "/v1/documents/{document_id}/text", ENROLLED),
        Route("GET", "/v1/documents/{document_id}/html", ENROLLED),
        Route("PATCH", "/v1/documents/{document_id}", ABOVE_ALL_TOO, {}),
        Route("GET", "/v1/documents/{document_id}/annotations", ENROLLED),
        Route("GET", "/v1/documents/{document_id}/annotations/{annotation_id}", "AEFNNN...."),
        Route("POST", "/v1/documents/{document_id}/annotations", "AEFNN....I",
              {"type": "Annotation", "motivation": "commenting", "body": {"type": "TextualBody", "value": "Lovelace"},
               "target": {"source": "{document}", "selector": {"type": "TextQuoteSelector", "exact": "a monad"}}}),
        Route("GET", "/v1/{namespace}/channels/{channel}/events", ENROLLED),
        Route("GET", "/v1/notifications/unsubscribe", "IIIIIIIIII"),
        Route("POST", "/v1/notifications/unsubscribe", "IIIIIIIIII"),
        *(Route("GET", path, EVERYBODY) for path in ("/healthz", "/readyz", "/metrics", "/asyncapi.json")),
        # What takes something away comes last.
        Route("DELETE", "/v1/courses/{course_id}/groups/{group_id}", SERVICE_ONLY),
        Route("DELETE", "/v1/courses/{course_id}/members/{user_id}", SERVICE_ONLY),
        Route("DELETE", "/v1/users/{user_id}/sessions", SERVICE_ONLY),
        Route("DELETE", "/v1/users/{user_id}", SERVICE_ONLY),
        Route("DELETE", "/v1/documents/{document_id}/past", ABOVE_ALL_TOO),
        Route("DELETE", "/v1/documents/{document_id}", ABOVE_ALL_TOO),
    )
}  # fmt: skip
"""The annotation is one of the staff."""


class World:
    """A campus with something of everything in the course, and a client for each of the people."""

    def __init__(self, site: Campus) -> None:
        self.site = site
        self.names: Json = {"course_id": COURSE, "group_id": "red", "user_id": "zoe", "namespace": "chat"}
        self.people: dict[str, httpx.AsyncClient] = {}

    async def furnish(self) -> None:
        site = self.site
        await furnish(site)
        await site.enrol({"fay": "instructor", "otto": "learner", "zoe": "learner"})
        told = {"audience": {"users": ["ben"]}, "category": "system", "title": "Lovelace"}
        work = {"kind": "grading", "title": "Lovelace", "owner_id": "ben", "course_id": COURSE}
        room = {"kind": "discussion", "course_id": COURSE, "title": "Lovelace"}
        room_id = (await self.make("/v1/rooms", room))["room"]["id"]
        await self.make(f"/v1/rooms/{room_id}/messages", {"text": "by Lovelace"})
        document_id = await self.new_document()
        self.names |= {
            "room_id": room_id,
            "channel": f"room:{room_id}",
            "document_id": document_id,
            "job_id": (await self.make("/v1/jobs", work))["job"]["id"],
            "delivery_id": (await self.make("/v1/notifications", told))["delivery_id"],
        }
        note = dict(ROUTES["POST", "/v1/documents/{document_id}/annotations"].body)
        note |= {"creator": {"id": "ada"}, "audience": {"schema:audienceType": "staff"}}
        made = await self.make(f"/v1/documents/{document_id}/annotations", self.filled(note))
        self.names["annotation_id"] = made["id"].rpartition("/")[2]
        await finished(site, self.names["delivery_id"])
        self.people = {
            "nobody": httpx.AsyncClient(base_url=site.url, timeout=PATIENCE_S),
            "forced_off": site.http("otto"),
            "limited": site.http("lms", roles=["service"], namespaces=["/nothing"]),
            "stranger": site.http("eve"),
            "former": site.http("fay"),
            "learner": site.http("ben"),
            "assistant": site.http("tom"),
            "teacher": site.http("ada"),
            "administrator": site.http("root", roles=["administrator"]),
            "lms": site.lms,
        }
        for client in self.people.values():  # what a first token brings is written
            await client.get("/v1/rooms")
        for path in (f"/v1/courses/{COURSE}/members/fay", "/v1/users/otto/sessions"):
            assert (await site.lms.delete(path)).is_success

    async def new_document(self) -> str:
        body = {"course_id": COURSE, "title": "Lovelace", "html": "<p>This is a monad, says Lovelace.</p>"}
        document_id: str = (await self.make("/v1/documents", body))["document"]["id"]
        return document_id

    async def make(self, path: str, body: Json) -> Json:
        reply = await self.site.lms.post(path, json=body)
        assert reply.status_code == 201, reply.text
        made: Json = reply.json()
        return made

    def filled(self, body: Any) -> Any:
        """Return a body with the address of the document in it."""
        if isinstance(body, dict):
            return {key: self.filled(value) for key, value in body.items()}
        return f"/v1/documents/{self.names['document_id']}" if body == "{document}" else body

    async def ask(self, person: str, route: Route, **names: str) -> httpx.Response:
        path = route.path.format_map({**self.names, **names})
        body = None if route.body is None else self.filled(route.body)
        return await self.people[person].request(route.method, path, json=body)


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with campus() as site:
        world = World(site)
        await world.furnish()
        yield world
        for client in world.people.values():
            await client.aclose()


async def test_every_path_has_a_row(world: World) -> None:
    """A path without a row here has no rule that anybody has thought of."""
    declared = (await world.site.lms.get("/openapi.json")).json()["paths"]
    assert {(method.upper(), path) for path, methods in declared.items() for method in methods} == set(ROUTES)
    assert {len(route.rights) for route in ROUTES.values()} == {len(PEOPLE)}


async def test_who_may_not_use_a_path_is_shown_and_changes_nothing(world: World) -> None:
    """[SUB1] Refused in the contract's words."""
    before = await everything(world.site)
    for route in ROUTES.values():
        for person, letter in zip(PEOPLE, route.rights, strict=True):
            if letter != ".":
                reply = await world.ask(person, route)
                case = (route.method, route.path, person, reply.text)
                assert OUTCOMES[letter] in reply.text if letter != "I" else reply.status_code == 422, case
                assert SECRET not in reply.text.lower(), case
        assert await everything(world.site) == before, route


async def test_who_may_use_a_path_is_let_in(world: World) -> None:
    for route in ROUTES.values():
        for person, letter in zip(PEOPLE, route.rights, strict=True):
            if letter == ".":
                own = {"document_id": await world.new_document()} if route.method == "DELETE" else {}
                reply = await world.ask(person, route, **own)
                # Perhaps told what is wrong, or by /readyz that the machine has too much to do.
                assert reply.status_code not in REFUSED, (route.method, route.path, person, reply.text)


async def test_what_is_not_for_one_looks_as_if_it_were_not_there(world: World) -> None:
    """[SUB1] To the letter, but for the id that was asked for."""
    absent = {
        "room_id": "00000000-0000-7000-8000-000000000000",
        "channel": "room:00000000-0000-7000-8000-000000000000",
        "document_id": "00000000-0000-7000-8000-000000000000",
    }
    looked = 0
    for route in ROUTES.values():
        of_the_path = {name: other for name, other in absent.items() if f"{{{name}}}" in route.path}
        for person, letter in zip(PEOPLE, route.rights, strict=True):
            if letter != "N" or not of_the_path or person in {"assistant", "teacher", "administrator"}:
                continue
            there = (await world.ask(person, route)).text
            none = (await world.ask(person, route, **of_the_path)).text
            for name, other in of_the_path.items():
                none = none.replace(other, world.names[name])
            assert there == none, (route.method, route.path, person)
            looked += 1
    assert looked > 20
