"""Annotations over HTTP: W3C Web Annotations in and out, with everybody's own token and in somebody's name."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from tests.integration import desk
from tests.integration.chat_campus import Campus, campus

from coursewire.namespaces.collaboration.contract.web import MEDIA_TYPE
from coursewire.vocabulary import new_id

Json = dict[str, Any]
URL = "/v1/documents/7/annotations"
QUOTE = {"type": "TextQuoteSelector", "exact": "a monad", "prefix": "is ", "suffix": " really"}
NOTE: Json = {
    "@context": "http://www.w3.org/ns/anno.jsonld",
    "type": "Annotation",
    "motivation": "questioning",
    "body": [
        {"type": "TextualBody", "value": "What is *that*?", "format": "text/markdown"},
        {"type": "TextualBody", "value": "unclear", "purpose": "tagging"},
    ],
    "target": {"source": "7", "selector": QUOTE},
}


@pytest.fixture
async def site() -> AsyncIterator[Campus]:
    async with campus() as site:
        await desk.furnish(site)
        yield site


async def post(client: httpx.AsyncClient, note: Json, url: str = URL, **headers: str) -> httpx.Response:
    return await client.post(url, json=note, headers=headers)


async def items(client: httpx.AsyncClient, url: str = URL) -> list[Json]:
    reply = await client.get(url)
    assert (reply.status_code, reply.headers["content-type"]) == (200, MEDIA_TYPE), reply.text
    found: list[Json] = reply.json()["items"]
    return found


def problem(reply: httpx.Response, status: int, code: str, field: str | None = None) -> Json:
    assert (reply.status_code, reply.headers["content-type"]) == (status, "application/problem+json"), (
        reply.text
    )
    found: Json = reply.json()
    assert (found["code"], found.get("field")) == (code, field), found
    return found


async def test_an_annotation_goes_in_and_comes_out(site: Campus) -> None:
    """Web Annotation Data Model, 3 and 4; Web Annotation Protocol, 5.1: 201, where it is, and the whole of it."""
    async with site.http("ben") as ben:
        reply = await post(ben, NOTE)
        assert (reply.status_code, reply.headers["content-type"]) == (201, MEDIA_TYPE), reply.text
        made = reply.json()
        assert made.pop("created").endswith("Z")
        location = reply.headers["location"]
        assert location.startswith(f"{site.url}{URL}/")
        assert made == {
            "@context": "http://www.w3.org/ns/anno.jsonld",
            "id": location,
            "type": "Annotation",
            "motivation": "questioning",
            "body": [
                {"type": "TextualBody", "value": "What is *that*?", "format": "text/markdown"},
                {"type": "TextualBody", "value": "unclear", "format": "text/plain", "purpose": "tagging"},
            ],
            "target": {"source": f"{site.url}/v1/documents/7", "selector": [QUOTE]},
            "creator": {"type": "Person", "id": "urn:coursewire:user:ben", "name": "Ben"},
        }
        [listed] = await items(ben)
        assert listed == reply.json()
        assert (await ben.get(location)).json() == listed


ROUND_TRIPS: dict[str, tuple[str, str, Json]] = {
    "a comment": ("text", "ben", {"body": "look"}),
    "a highlight": ("text", "ben", {"body": "", "motivation": "highlighting", "tags": ["a", "b"]}),
    "with anchors": ("text", "ben", {"target": desk.TARGET}),
    "an assessment for the staff": ("text", "ada", {"motivation": "assessing", "visibility": "staff"}),
    "for a group": ("text", "ben", {"visibility": "group:red"}),
    "for oneself": ("text", "ben", {"visibility": "private"}),
    "of a page": (
        "page",
        "mia",
        {"target": {"quote": {"exact": "Week 1"}, "selector": "main > h1", "start": "0", "end": "6"}},
    ),
}


async def test_what_goes_out_can_come_in_again(site: Campus) -> None:
    """What comes out of one that came in is the same but for its id and time."""
    for number, (kind, who, fields) in enumerate(ROUND_TRIPS.values()):
        document_id = f"{kind}-{number}"
        await desk.place(site, document_id, kind=kind)
        await _there_and_back(site, document_id, who, fields)


async def _there_and_back(site: Campus, document_id: str, who: str, fields: Json) -> None:
    url = f"/v1/documents/{document_id}/annotations"
    given = {"target": desk.TARGET, "body": "look", **fields}
    async with site.http(who) as client:
        ours = {"key": new_id(), "document_id": document_id, **given}
        made = await annotate(site, who, ours)
        reply_to = {
            "key": new_id(),
            "document_id": document_id,
            "parent_id": made["id"],
            "body": "yes",
            "motivation": "questioning",
        }
        await annotate(site, who, reply_to)
        first, reply = await items(client, url)
        again = await post(client, first, url)
        assert again.status_code == 201, again.text
        assert without_identity(again.json()) == without_identity(first)
        answered = {**reply, "target": again.json()["id"]}
        again_reply = await post(client, answered, url)
        assert again_reply.status_code == 201, again_reply.text
        assert without_identity(again_reply.json()) == without_identity(answered)
        assert reply["motivation"] == ["replying", "questioning"]


def without_identity(annotation: Json) -> Json:
    return {name: value for name, value in annotation.items() if name not in {"id", "created"}}


async def annotate(site: Campus, who: str, given: Json) -> Json:
    """Annotate by the command, past JSON-LD."""
    socket = await desk.visit(site, who)
    made: Json = (await socket.ask("annotation.create", **given))["annotation"]
    await socket.vanish()
    return made


OTHERS: dict[str, tuple[Json, Json]] = {
    "from Hypothesis": (
        {
            "target": {
                "source": "http://elsewhere.example/v1/documents/7#intro",
                "selector": [
                    {"type": "RangeSelector", "startContainer": "/div[1]"},
                    {"type": "TextPositionSelector", "start": 5, "end": 12},
                    QUOTE,
                ],
            }
        },
        {"selector": [QUOTE]},
    ),
    "one selector refining another": (
        {"target": {"source": "7", "selector": {"type": "CssSelector", "value": "p", "refinedBy": QUOTE}}},
        {"selector": [QUOTE]},
    ),
    "a body by its value": ({"body": None, "bodyValue": "short"}, {"value": "short"}),
    "a motivation that we have not": ({"motivation": "oa:describing"}, {"motivation": "commenting"}),
    "one of ours among others": (
        {"motivation": ["describing", "oa:questioning"]},
        {"motivation": "questioning"},
    ),
    "nothing to say": ({"motivation": "bookmarking", "body": None}, {"motivation": "highlighting"}),
}


async def test_annotations_of_others_are_understood(site: Campus) -> None:
    """What we have no words for is passed over."""
    async with site.http("ben") as ben:
        for case, (changes, expected) in OTHERS.items():
            note = {name: value for name, value in {**NOTE, **changes}.items() if value is not None}
            reply = await post(ben, note)
            assert reply.status_code == 201, (case, reply.text)
            made = reply.json()
            found = {
                "selector": made["target"]["selector"],
                "motivation": made["motivation"],
                "value": made["body"][0]["value"] if "body" in made else None,
            }
            assert {name: found[name] for name in expected} == expected, case


REFUSED: dict[str, tuple[Json, int, str, str]] = {
    "no target": ({"target": None}, 422, "invalid", "target"),
    "another document": ({"target": {"source": "8", "selector": QUOTE}}, 422, "invalid", "target.source"),
    "all of the document": ({"target": {"source": "7"}}, 422, "invalid", "target.selector"),
    "half an address": ({"target": "http://[x"}, 422, "invalid", "target"),
    "an IRI that is none of ours": ({"target": "https://example.org/x"}, 422, "invalid", "target"),
    "a quote of nothing": (
        {"target": {"source": "7", "selector": {**QUOTE, "exact": ""}}},
        422,
        "invalid",
        "target.selector",
    ),
    "half an anchor": (
        {
            "target": {
                "source": "7",
                "selector": [QUOTE, {"type": "YjsRelativePositionSelector", "start": "AAA"}],
            }
        },
        422,
        "invalid",
        "target.selector",
    ),
    "two texts": ({"body": [{"value": "a"}, {"value": "b"}]}, 422, "invalid", "body"),
    "an audience that we do not know": (
        {"audience": {"schema:audienceType": "everybody"}},
        422,
        "invalid",
        "visibility",
    ),
    "two audiences": (
        {"audience": [{"schema:audienceType": "staff"}, {"schema:audienceType": "private"}]},
        422,
        "invalid",
        "audience",
    ),
    "an audience that is not theirs": (
        {"audience": {"schema:audienceType": "staff"}},
        403,
        "forbidden",
        "visibility",
    ),
    "somebody else's name": ({"creator": "urn:coursewire:user:ada"}, 403, "forbidden", "creator"),
    "an assessment": ({"motivation": "assessing"}, 403, "forbidden", "motivation"),
    "a reply to nothing": ({"target": "/v1/documents/7/annotations/nothing"}, 404, "not_found", "parent_id"),
    "a comment without words": ({"body": None, "motivation": "commenting"}, 422, "invalid", "payload"),
}


BODIES: list[Any] = [
    {"type": "TextualBody", "value": "<b>x</b>", "format": "text/html"},
    {"type": "Video", "id": "https://example.org/v"},
    {"value": "x" * 4_001},
    [{"value": str(n), "purpose": "tagging"} for n in range(41)],
    "https://example.org/a-body-elsewhere",
]


async def test_what_is_refused_names_the_field_and_leaves_nothing(site: Campus) -> None:
    async with site.http("ben") as ben, site.http("ada") as ada:
        for case, (changes, status, code, field) in REFUSED.items():
            note = {name: value for name, value in {**NOTE, **changes}.items() if value is not None}
            reply = await post(ben, note)
            assert reply.status_code == status, (case, reply.text)
            problem(reply, status, code, field)
        for body in BODIES:
            reply = await post(ben, {**NOTE, "body": body})
            assert (reply.status_code, reply.json()["field"][:4]) == (422, "body"), reply.text
        assert await items(ada) == []


async def test_the_lms_writes_in_the_name_of_somebody(site: Campus) -> None:
    """With a person's rights, not with its own."""
    ben = {"type": "Person", "id": "urn:coursewire:user:ben"}
    reply = await post(site.lms, {**NOTE, "creator": ben})
    assert reply.status_code == 201, reply.text
    assert reply.json()["creator"] == {**ben, "name": "Ben"}
    problem(await post(site.lms, NOTE), 422, "invalid", "creator")
    problem(await post(site.lms, {**NOTE, "creator": "nobody"}), 404, "not_found", "creator")
    problem(await post(site.lms, {**NOTE, "creator": "eve"}), 404, "not_found", "document_id")
    for_staff = {**NOTE, "creator": "ben", "audience": {"schema:audienceType": "staff"}}
    problem(await post(site.lms, for_staff), 403, "forbidden", "visibility")


async def test_a_key_posts_once_and_answers_with_what_is_left(site: Campus) -> None:
    """[LOG3] [LOG5] [ANN3]"""
    async with site.http("ben") as ben:
        first = await post(ben, NOTE, **{"Idempotency-Key": "k1"})
        again = await post(ben, NOTE, **{"Idempotency-Key": "k1"})
        assert again.headers["idempotency-replayed"] == "true"
        assert again.json() == first.json()
        assert len(await items(ben)) == 1
        annotation_id = first.json()["id"].rpartition("/")[2]
        socket = await desk.visit(site, "ben")
        await socket.ask("annotation.delete", key=new_id(), annotation_id=annotation_id)
        problem(await post(ben, NOTE, **{"Idempotency-Key": "k1"}), 404, "not_found")
        problem(await ben.get(f"{URL}/{annotation_id}"), 404, "not_found", "annotation_id")
        await socket.vanish()


async def test_pages_lead_to_one_another(site: Campus) -> None:
    """An AnnotationPage names the next one (5.2)."""
    async with site.http("ben") as ben:
        for number in range(5):
            assert (await post(ben, {**NOTE, "bodyValue": f"n{number}", "body": None})).status_code == 201
        url: str | None = f"{URL}?limit=2"
        found: list[str] = []
        pages = 0
        while url is not None:
            page = (await ben.get(url)).json()
            assert page["type"] == "AnnotationPage"
            found += [one["body"][0]["value"] for one in page["items"]]
            url, pages = page.get("next"), pages + 1
        assert found == [f"n{number}" for number in range(5)]
        assert pages == 3
        problem(await ben.get(f"{URL}?cursor=not+ours"), 422, "invalid", "cursor")


async def test_a_document_that_is_not_theirs_is_none(site: Campus) -> None:
    """[ANN1]"""
    async with site.http("eve") as eve:
        hidden, absent = await eve.get(URL), await eve.get("/v1/documents/8/annotations")
        assert problem(hidden, 404, "not_found", "document_id") == problem(
            absent, 404, "not_found", "document_id"
        )
        problem(await post(eve, NOTE), 404, "not_found", "document_id")
    async with site.http("ben", namespaces=["/chat"]) as ben:
        problem(await ben.get(URL), 403, "forbidden")
    async with httpx.AsyncClient(base_url=site.url, timeout=30) as nobody:
        problem(await nobody.get(URL), 401, "auth_missing")


async def test_openapi_tells_what_an_annotation_is(site: Campus) -> None:
    async with httpx.AsyncClient(base_url=site.url, timeout=30) as anybody:
        paths = (await anybody.get("/openapi.json")).json()["paths"]
    page = "/v1/documents/{document_id}/annotations"
    for path, method, status, name in (
        (page, "get", "200", "WebAnnotationPage"),
        (page, "post", "201", "WebAnnotation"),
        (f"{page}/{{annotation_id}}", "get", "200", "WebAnnotation"),
    ):
        content = paths[path][method]["responses"][status]["content"]
        assert content == {MEDIA_TYPE: {"schema": {"$ref": f"#/components/schemas/{name}"}}}
