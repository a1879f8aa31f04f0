"""How a page gets in and stays in: transports, tokens that end, and sign-ins that are refused."""

from __future__ import annotations

import json
import time

import pytest
from playwright.async_api import Page, Route, expect
from tests.browser.conftest import Comes
from tests.browser.demo_server import ISSUER, SECRET, DemoServer
from tests.browser.person import NAMESPACES, SEEDED

from coursewire.identity.tokens import Issuer
from coursewire.vocabulary import Role

pytestmark = [
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="session"),
]
REFRESHED = 'coursewire_commands_total{command="auth.refresh",namespace="/chat",outcome="ok"}'
LEARNER: dict[str, list[Role]] = {"cs101": ["learner"]}


async def hand_out(page: Page, *tokens: str) -> list[str]:
    """Give the page these tokens, one at each request; then the server's own. Returns what was asked, as it comes."""
    left = list(tokens)
    asked: list[str] = []

    async def answer(route: Route) -> None:
        asked.append(route.request.post_data or "")
        if left:
            await route.fulfill(json={"token": left.pop(0), "expires_at": "2000-01-01T00:00:00.000Z"})
        else:
            await route.continue_()

    await page.route("**/demo/tokens", answer)
    return asked


async def test_without_websocket_it_works_by_polling_and_says_so(comes: Comes) -> None:
    """[CLI4] Degraded is a state of its own, and nothing is missing in it."""
    ada = await comes("ada", signed_in=False)
    ada.network.without_websocket = True
    await ada.page.goto(f"{ada.network.url}/#as=ada")
    await ada.connection_is("Connected, slower")
    ben = await comes("ben")
    await ada.open("General")
    await ben.open("General")
    await ada.connection.click()
    await expect(ada.page.get_by_role("dialog", name="Connection details")).to_contain_text("HTTP polling")
    await ada.page.keyboard.press("Escape")
    await ada.write("by post")
    await ben.sees(*SEEDED, "by post")
    await ben.write("got it")
    await ada.sees(*SEEDED, "by post", "got it")
    assert ada.network.upgrades > 0


async def test_a_token_that_ends_soon_is_renewed_in_place(comes: Comes, server: DemoServer) -> None:
    """[SES2] `auth.expiring`, a fresh token, `auth.refresh`: the session and its connection stay."""
    ben = await comes("ben", signed_in=False)
    short, _ = ISSUER.issue("ben", "Ben Okafor", courses=LEARNER, ttl_s=45)
    asked = await hand_out(ben.page, *[short] * NAMESPACES)
    await ben.sign_in()
    await server.until(REFRESHED, 1)
    # The other namespaces renew theirs at about the same time.
    assert [json.loads(body) for body in asked][: NAMESPACES + 1] == [{"user_id": "ben"}] * (NAMESPACES + 1)
    await ben.open("General")
    await ben.write("still here")
    await expect(ben.status("still here")).to_have_accessible_name("Sent")
    assert ben.network.upgrades == 1


async def test_another_persons_link_in_the_same_tab_signs_them_in(comes: Comes) -> None:
    """Everything begins anew, on a connection of its own, while what was there before is still being given back."""
    someone = await comes("ada")
    await someone.open("General")
    await someone.page.evaluate("location.hash = '#as=cleo'")
    await expect(someone.page.get_by_role("button", name="Cleo Marín")).to_be_visible()
    await someone.is_connected()
    await someone.open("General")
    await someone.write("from the same tab")
    await expect(someone.status("from the same tab")).to_have_accessible_name("Sent")


async def test_an_expired_token_is_replaced_before_anybody_notices(comes: Comes) -> None:
    """[SES2] A refusal with `auth_expired` fetches a fresh token and connects again."""
    long_ago = Issuer(SECRET, clock=lambda: time.time_ns() // 1_000_000 - 7_200_000)
    old, _ = long_ago.issue("ben", "Ben Okafor", courses=LEARNER, ttl_s=60)
    ben = await comes("ben", signed_in=False)
    asked = await hand_out(ben.page, old)
    await ben.sign_in()
    assert len(asked) == NAMESPACES + 1


async def test_a_refused_sign_in_says_so_in_words(comes: Comes) -> None:
    """[CLI4] Unauthorized is shown, not retried for ever."""
    stranger = await comes("nobody", signed_in=False)
    asked = await hand_out(stranger.page)
    await stranger.page.goto(f"{stranger.network.url}/#as=nobody")
    await stranger.connection_is("Sign-in needed")
    await expect(
        stranger.page.get_by_text("Your sign-in was not accepted. Please sign in again.")
    ).to_be_visible()
    assert len(asked) == NAMESPACES
    # Once the demo knows this person (here: once its token is good), trying again is enough.
    good, _ = ISSUER.issue("nobody", "Nobody Known", courses=LEARNER)
    await stranger.page.unroute("**/demo/tokens")
    await hand_out(stranger.page, *[good] * NAMESPACES)
    await stranger.page.get_by_role("button", name="Try again").click()
    await stranger.is_connected()


async def test_a_forged_token_is_refused_in_words(comes: Comes) -> None:
    forged, _ = Issuer("another-secret-that-is-long-enough-for-it").issue("ada", "Ada Lovelace")
    ada = await comes("ada", signed_in=False)
    await hand_out(ada.page, forged, forged, forged)
    await ada.page.goto(f"{ada.network.url}/#as=ada")
    await ada.connection_is("Sign-in needed")
    await expect(ada.page.get_by_text("Your sign-in was not accepted.")).to_be_visible()


async def test_the_sign_in_page_survives_a_server_that_is_away(comes: Comes) -> None:
    ada = await comes("ada", signed_in=False)
    await ada.page.route("**/demo/users", lambda route: route.abort())
    await ada.page.goto(ada.network.url)
    await expect(ada.page.get_by_text("The server cannot be reached right now.")).to_be_visible()
    await ada.page.unroute("**/demo/users")
    await ada.page.get_by_role("button", name="Try again").click()
    await ada.page.get_by_role("button", name="Ada Lovelace").click()
    await ada.is_connected()


async def test_the_campus_can_be_put_on_the_home_screen(comes: Comes) -> None:
    """The browser reads the manifest without a complaint; its icons are there, and of the sizes that it says."""
    ada = await comes("ada", signed_in=False)
    await ada.page.goto(ada.network.url)
    devtools = await ada.context.new_cdp_session(ada.page)
    found = await devtools.send("Page.getAppManifest")
    assert (found["url"], found["errors"]) == (f"{ada.network.url}/manifest.webmanifest", [])
    served = await ada.context.request.get(found["url"])
    assert served.headers["content-type"] == "application/manifest+json"
    for icon in json.loads(found["data"])["icons"]:
        size = await ada.page.evaluate(
            """async (src) => {
                const image = new Image();
                image.src = src;
                await image.decode();
                return `${image.naturalWidth}x${image.naturalHeight}`;
            }""",
            icon["src"],
        )
        assert size == icon["sizes"]
    colours = ada.page.locator('meta[name="theme-color"]')
    for scheme in ("light", "dark"):
        await ada.page.emulate_media(color_scheme=scheme)
        canvas = await ada.page.evaluate("getComputedStyle(document.body).backgroundColor")
        shown = await colours.evaluate_all(
            """(all) => all.filter((one) => matchMedia(one.media).matches).map((one) => {
                document.body.style.color = one.content;
                return getComputedStyle(document.body).color;
            })"""
        )
        assert shown == [canvas]
