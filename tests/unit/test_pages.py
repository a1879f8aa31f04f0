"""Static files beside the API: what is a page, and what is left to the API to refuse."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from coursewire.pages import Pages


@pytest.fixture
def pages(tmp_path: Path) -> Pages:
    (tmp_path / "secret.txt").write_text("sentinel")
    built = tmp_path / "dist"
    (built / "assets").mkdir(parents=True)
    (built / "index.html").write_text("the application")
    (built / "assets" / "main-1a2b.js").write_text("code")
    return Pages(built)


def has(pages: Pages, path: str, method: str = "GET") -> bool:
    return pages.has({"type": "http", "method": method, "path": path})


@pytest.mark.parametrize(
    "path", ["/", "/index.html", "/assets/main-1a2b.js", "/chat", "/notifications", "/analytics/jobs/j1"]
)
def test_files_and_the_applications_own_addresses_are_pages(pages: Pages, path: str) -> None:
    assert has(pages, path)
    assert has(pages, path, "HEAD")
    assert not has(pages, path, "POST")


@pytest.mark.parametrize(
    "path",
    [
        "/v1/rooms",
        "/assets",
        "/assets/",
        "/chat/x",
        "/analytics/jobs/",
        "/analytics/jobs/a b",
        "/" + "a" * 300,
        "/a\x00b",
        "/index.html/x",
        "/\udcff",
        "/../secret.txt",
        "/assets/../../secret.txt",
        "//../secret.txt",
    ],
)
def test_what_is_none_is_left_to_the_api(pages: Pages, path: str) -> None:
    """Whatever a stranger asks for: a name that no disk can hold ended in a traceback for each request."""
    assert not has(pages, path)


@pytest.mark.parametrize(
    ("path", "age"),
    [
        ("/", "no-cache"),
        ("/chat", "no-cache"),
        ("/assets/main-1a2b.js", "public, max-age=31536000, immutable"),
    ],
)
async def test_what_has_a_digest_in_its_name_is_kept(pages: Pages, path: str, age: str) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=pages), timeout=30) as client:
        reply = await client.get(f"http://campus{path}")
        assert (reply.status_code, reply.headers["cache-control"]) == (200, age)


def test_an_installed_package_has_none(tmp_path: Path) -> None:
    assert not has(Pages(tmp_path / "missing"), "/")
