"""Pages of other sites: what long-polling answers them (Fetch standard, "CORS protocol")."""

from __future__ import annotations

from tests.unit.edge.polling_world import Exchange, World


async def test_pages_of_other_sites_get_nothing_to_read() -> None:
    server = World().server
    headers = {"origin": "https://evil.example", "host": "campus.example"}
    answer = await Exchange(server, "GET", "EIO=4&transport=polling", headers=headers).answered()
    assert answer.status == 403
    assert "access-control-allow-origin" not in answer.headers
    assert not server.sessions


async def test_pages_of_allowed_sites_may_read() -> None:
    server = World(allowed_origins=["https://lms.example"]).server
    headers = {"origin": "https://lms.example", "host": "campus.example"}
    answer = await Exchange(server, "GET", "EIO=4&transport=polling", headers=headers).answered()
    assert answer.status == 200
    assert answer.headers["access-control-allow-origin"] == "https://lms.example"
    assert answer.headers["vary"] == "origin"
    refused = await Exchange(server, "GET", "EIO=4", headers=headers).answered()
    assert refused.headers["access-control-allow-origin"] == "https://lms.example"


async def test_with_all_origins_allowed_none_gets_credentials() -> None:
    server = World(allowed_origins="*").server
    headers = {"origin": "https://any.example", "host": "campus.example"}
    answer = await Exchange(server, "GET", "EIO=4&transport=polling", headers=headers).answered()
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in answer.headers


async def test_a_preflight_is_answered() -> None:
    server = World(allowed_origins="*").server
    headers = {"origin": "https://any.example", "host": "campus.example"}
    answer = await Exchange(server, "OPTIONS", "EIO=4&transport=polling", headers=headers).answered()
    assert answer.status == 200
    assert answer.headers["access-control-allow-methods"] == "GET, POST"


async def test_clients_that_are_no_browsers_get_no_such_headers() -> None:
    answer = await Exchange(World().server, "GET", "EIO=4&transport=polling").answered()
    assert not [name for name in answer.headers if name.startswith("access-control")]
