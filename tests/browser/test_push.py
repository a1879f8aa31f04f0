"""Push messages in a real browser: a worker that our server serves, messages as they arrive encrypted, and clicks.

Only the vendor's push service is not here: `pushManager.subscribe` gives subscriptions of a local one, and DevTools
hands its messages to the worker.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, CDPSession, Locator, Page, Worker, expect
from tests.browser.conftest import PATIENCE_MS
from tests.browser.demo_server import DemoServer
from tests.browser.person import Person
from tests.browser.test_notifications import SEEDED, bell, is_in_view, posts
from tests.integration.push_service import Browser as Subscribed
from tests.integration.push_service import PushService, push_service
from tests.integration.tcp_proxy import Proxy

from coursewire.namespaces.notifications.delivery.vapid import make_key_pair

pytestmark = [
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="session"),
]

UNWANTED = 'coursewire_delivery_messages_total{channel="push",outcome="unwanted"}'
SEEDED_BEFORE = 3
"""What the demo tells people who have no browser yet."""

# What the vendor's service would have made, one after the other, kept for the site as the browser keeps it.
SUBSCRIBE = """
const offers = %s, kept = "test.subscription", used = "test.used";
const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
const made = () => {
  const stored = localStorage.getItem(kept);
  if (stored === null) return null;
  const { key, ...json } = JSON.parse(stored);
  return {
    endpoint: json.endpoint,
    options: { userVisibleOnly: true, applicationServerKey: bytes(key).buffer },
    toJSON: () => json,
    unsubscribe: async () => (localStorage.removeItem(kept), true),
  };
};
PushManager.prototype.getSubscription = async () => made();
PushManager.prototype.subscribe = async ({ userVisibleOnly, applicationServerKey }) => {
  if (!userVisibleOnly || bytes(applicationServerKey).length !== 65) throw new TypeError("no such options");
  const next = Number(localStorage.getItem(used) ?? 0);
  localStorage.setItem(used, next + 1);
  localStorage.setItem(kept, JSON.stringify({ ...offers[next], key: applicationServerKey }));
  return made();
};
"""
SHOWN = """async () => {
  const registration = await navigator.serviceWorker.getRegistration("/");
  const shown = await registration.getNotifications();
  return shown.map((one) => {
    const { title, body, tag, data, requireInteraction } = one;
    return { title, body, tag, data, requireInteraction };
  });
}"""
# As the browser does it, save for what it alone may do: give the right to focus a page or to open one.
# Whoever asks while a notification is being shown makes Chromium forget it: it is in its books and on no screen yet.
NEXT = """() => {
  const kind = ServiceWorkerRegistration.prototype, show = kind.showNotification;
  self.next = new Promise((resolve) => {
    kind.showNotification = async function (...given) {
      kind.showNotification = show;
      await show.apply(this, given).finally(resolve);
    };
  });
}"""
CLICK = """async (tag) => {
  const [notification] = await registration.getNotifications({ tag });
  const event = new NotificationEvent("notificationclick", { notification });
  let work;
  Object.defineProperty(event, "waitUntil", { value: (promise) => { work = promise; } });
  dispatchEvent(event);
  return work.then(() => "done", (error) => error.message);
}"""


@dataclass
class House:
    """A campus that sends push messages, the service that takes them, and one browser that people share."""

    server: DemoServer
    network: Proxy
    service: PushService
    context: BrowserContext
    subscriptions: list[Subscribed]
    failures: list[str]

    async def visits(self, user_id: str) -> Person:
        """Let somebody come to a tab of their own."""
        page = await self.context.new_page()
        page.on("pageerror", lambda error: self.failures.append(f"{user_id}: {error}"))
        person = Person(user_id, self.context, page, self.network)
        await person.sign_in()
        return person

    async def devtools(self, page: Page) -> CDPSession:
        return await self.context.new_cdp_session(page)

    async def worker(self) -> Worker:
        """Return the one worker; of one that is active already, Playwright may not have heard yet."""
        [worker] = self.context.service_workers or [await self.context.wait_for_event("serviceworker")]
        return worker

    async def deliver(self, page: Page, data: str) -> None:
        """Hand a message to the worker, as the browser does when its vendor's service brings one; see it shown."""
        # Before it is active there is none, and the message is lost.
        await page.evaluate("navigator.serviceWorker.ready.then(() => null)")
        worker = await self.worker()
        await worker.evaluate(NEXT)
        devtools = await self.devtools(page)
        found: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        def updated(event: dict[str, Any]) -> None:
            for one in event["registrations"]:
                if one["scopeURL"] == f"{self.network.url}/" and not found.done():
                    found.set_result(one["registrationId"])

        devtools.on("ServiceWorker.workerRegistrationUpdated", updated)
        await devtools.send("ServiceWorker.enable")
        async with asyncio.timeout(PATIENCE_MS / 1_000):
            about = {"origin": self.network.url, "registrationId": await found, "data": data}
        await devtools.send("ServiceWorker.deliverPushMessage", about)
        await devtools.detach()
        async with asyncio.timeout(PATIENCE_MS / 1_000):
            await worker.evaluate("self.next")


@pytest.fixture
def has_vendor() -> bool:
    """Whether `subscribe` is replaced; without that, Chromium asks its vendor and is refused."""
    return True


@pytest_asyncio.fixture(loop_scope="session")
async def house(browser: Browser, tmp_path: Path, has_vendor: bool) -> AsyncIterator[House]:  # noqa: FBT001
    async with AsyncExitStack() as stack:
        service = await stack.enter_async_context(push_service())
        network = await stack.enter_async_context(Proxy(0))
        settings = {
            "COURSEWIRE_VAPID_PRIVATE_KEY": make_key_pair()[0],
            "COURSEWIRE_VAPID_CONTACT": "mailto:ops@example.edu",
            "COURSEWIRE_PUBLIC_URL": network.url,
            "COURSEWIRE_PUSH_PRIVATE_ADDRESSES": "on",
        }
        server = await stack.enter_async_context(DemoServer(tmp_path, settings))
        network.target = server.port
        await server.until(UNWANTED, SEEDED_BEFORE)
        context = await browser.new_context(locale="en-GB")
        stack.push_async_callback(context.close)
        context.set_default_timeout(PATIENCE_MS)
        subscriptions = [service.browser(name) for name in ("first", "second")]
        if has_vendor:
            offers = [{"endpoint": one.endpoint, "keys": one.keys} for one in subscriptions]
            await context.add_init_script(SUBSCRIBE % json.dumps(offers))
        failures: list[str] = []
        yield House(server, network, service, context, subscriptions, failures)
    assert failures == []


def switch(page: Page) -> Locator:
    return page.get_by_role("switch", name="Notifications on this device")


async def opens_preferences(person: Person) -> None:
    await person.page.goto(f"{person.network.url}/#/notifications/preferences")
    await expect(switch(person.page)).to_be_visible()


async def switches_on(house: House, person: Person) -> None:
    await house.context.grant_permissions(["notifications"], origin=house.network.url)
    await opens_preferences(person)
    await expect(switch(person.page)).not_to_be_checked()
    await switch(person.page).click()
    await expect(switch(person.page)).to_be_checked()


async def shows(page: Page, count: int) -> list[dict[str, Any]]:
    """Wait until the device shows so many notifications, and return those. The browser tells nobody, so it is asked."""
    asking = f"""async (count) => {{
      for (;;) {{
        const found = await ({SHOWN})();
        if (found.length === count) return found;
        await new Promise(requestAnimationFrame);
      }}
    }}"""
    async with asyncio.timeout(PATIENCE_MS / 1_000):
        found: list[dict[str, Any]] = await page.evaluate(asking, count)
    return found


async def test_the_worker_is_served_for_the_whole_site_and_never_kept(house: House) -> None:
    async with httpx.AsyncClient(base_url=house.network.url, timeout=30) as http:
        served = await http.get("/push-worker.js")
    assert served.status_code == 200
    assert served.headers["content-type"].startswith("text/javascript")
    assert served.headers["cache-control"] == "no-cache"
    assert not re.search(r"\b(import|export)\b", served.text), (
        "a classic script: no browser may fail to load it"
    )


async def test_a_mention_arrives_encrypted_is_shown_and_leads_to_the_message(house: House) -> None:
    ben = await house.visits("ben")
    await ben.open("General")
    room = await ben.room_id()
    await switches_on(house, ben)
    registered = await ben.page.evaluate(
        "navigator.serviceWorker.ready.then(({ scope, active }) => [scope, active.scriptURL])"
    )
    assert registered == [f"{house.network.url}/", f"{house.network.url}/push-worker.js"]
    # It is so for the next page, and in another tab.
    await ben.page.reload()
    await expect(switch(ben.page)).to_be_checked()
    mention = {"user_id": "ada", "text": "Ben, please look at this.", "mentions": ["ben"]}
    sent = await house.server.post(f"/v1/rooms/{room}/messages", mention)
    await house.service.count(1)
    [arrived] = house.service.arrived
    assert b"please look" not in arrived.body
    message = house.subscriptions[0].read(arrived.body)
    assert message["url"] == f"{house.network.url}/chat?room={room}&message={sent['message']['id']}"
    await house.deliver(ben.page, json.dumps(message))
    [shown] = await shows(ben.page, 1)
    assert "Ben, please look at this." in shown["body"]
    assert shown["title"] == message["title"]
    assert shown["tag"] == message["id"]
    assert shown["data"] == {"coursewire": True, "url": message["url"], "id": message["id"]}
    # The same once more, as after a lost answer: it is still one.
    await house.deliver(ben.page, json.dumps(message))
    await expect(bell(ben.page, SEEDED + 1)).to_be_visible()
    await ben.page.evaluate("window.same = true")
    worker = await house.worker()
    # A click that is made up may not focus a page; it gets as far as that.
    assert await worker.evaluate(CLICK, message["id"]) == "Not allowed to focus a window."
    await is_in_view(ben, "Ben, please look at this.")
    assert await ben.page.evaluate("window.same") is True
    await expect(bell(ben.page, SEEDED)).to_be_visible()
    await shows(ben.page, 0)


async def test_what_is_read_in_a_page_leaves_the_device(house: House) -> None:
    ben = await house.visits("ben")
    await switches_on(house, ben)
    await posts(house.server, title="Fire drill", category="system", priority="urgent")
    await house.service.count(1)
    message = house.subscriptions[0].read(house.service.arrived[0].body)
    await house.deliver(ben.page, json.dumps(message))
    [shown] = await shows(ben.page, 1)
    assert shown["requireInteraction"] is True
    await ben.page.get_by_role("link", name=re.compile("^Notifications")).click()
    await ben.page.get_by_role("button", name="Mark all as read").click()
    await shows(ben.page, 0)


async def test_whatever_is_pushed_something_harmless_is_shown(house: House) -> None:
    ben = await house.visits("ben")
    await switches_on(house, ben)
    hostile = {"title": "<img src=x>", "tag": "1", "url": "javascript:alert(1)"}
    for data in (
        "{",
        "7",
        json.dumps(hostile),
        json.dumps({**hostile, "tag": "2", "url": "//evil.example/"}),
    ):
        await house.deliver(ben.page, data)
    shown = await shows(ben.page, 3)
    home = f"{house.network.url}/notifications"
    assert {one["data"]["url"] for one in shown} == {home}
    assert sorted(one["title"] for one in shown) == ["<img src=x>", "<img src=x>", "New notification"]


async def test_who_signs_out_or_is_followed_by_another_gets_no_more(house: House) -> None:
    ben = await house.visits("ben")
    await switches_on(house, ben)
    await ben.page.get_by_role("button", name=re.compile("sign out$")).click()
    await ben.page.get_by_role("menuitem", name="Sign out").click()
    await expect(ben.page.get_by_role("button", name=re.compile("Ben Okafor"))).to_be_visible()
    await ben.page.wait_for_function("localStorage.getItem('test.subscription') === null")
    await posts(house.server, title="Essay graded", category="grade")
    await house.server.until(UNWANTED, SEEDED_BEFORE + 1)
    assert house.service.arrived == []
    # Cleo switches it on and closes her tab without signing out; Ada is the next at this browser.
    cleo = await house.visits("cleo")
    await switches_on(house, cleo)
    await cleo.page.close()
    ada = await house.visits("ada")
    await opens_preferences(ada)
    await expect(switch(ada.page)).not_to_be_checked()
    await ada.page.wait_for_function("localStorage.getItem('test.subscription') === null")


async def test_a_block_is_said_and_its_end_is_seen_at_once(house: House) -> None:
    ben = await house.visits("ben")
    devtools = await house.devtools(ben.page)
    profile = (await devtools.send("Target.getTargetInfo"))["targetInfo"]["browserContextId"]
    about = {
        "permission": {"name": "notifications"},
        "origin": house.network.url,
        "browserContextId": profile,
    }
    await devtools.send("Browser.setPermission", {**about, "setting": "denied"})
    await opens_preferences(ben)
    await expect(switch(ben.page)).to_be_disabled()
    await expect(ben.page.get_by_text("Blocked in this browser.")).to_be_visible()
    await devtools.send("Browser.setPermission", {**about, "setting": "granted"})
    await expect(switch(ben.page)).to_be_enabled()


class TestWithoutVendor:
    """Chromium's own `subscribe`, whose service is not within reach."""

    @pytest.fixture
    def has_vendor(self) -> bool:
        return False

    async def test_what_the_browser_cannot_do_is_said_in_words(self, house: House) -> None:
        ben = await house.visits("ben")
        await house.context.grant_permissions(["notifications"], origin=house.network.url)
        await opens_preferences(ben)
        await switch(ben.page).click()
        await expect(ben.page.get_by_text("push service did not answer")).to_be_visible()
        await expect(switch(ben.page)).not_to_be_checked()
        await expect(switch(ben.page)).to_be_enabled()
