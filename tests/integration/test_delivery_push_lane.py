"""What is to leave by push reaches every browser of a person, and the browsers that are gone are forgotten."""

from __future__ import annotations

import pytest
from tests.integration.delivery_house import DAY, HOUR, MINUTE, House, send_all
from tests.integration.push_service import Browser, PushService

from coursewire.errors import Disabled
from coursewire.identity.caller import Caller
from coursewire.namespaces.notifications.contract import UnsubscribePush
from coursewire.namespaces.notifications.delivery.browsers import SUBSCRIPTIONS_EACH
from coursewire.namespaces.notifications.delivery.couriers import MAX_BODY
from coursewire.namespaces.notifications.delivery.encryption import MAX_PLAINTEXT
from coursewire.namespaces.notifications.delivery.subscriptions import unsubscribe_push
from coursewire.vocabulary import iso


@pytest.fixture
async def campus(campus: House) -> House:
    await campus.enrol("ben", email=None)
    return campus


async def send(campus: House) -> None:
    lane = campus.push()
    await send_all(lane)
    await lane._courier.close()


async def test_every_browser_reads_it(campus: House, service: PushService) -> None:
    browsers = [service.browser("phone"), service.browser("laptop")]
    for browser in browsers:
        await campus.subscribe("ben", browser)
    action = {"label": "Open", "url": "/courses/cs101"}
    await campus.notify("ben", title="Exam moved", body="To Friday. " * 700, priority="urgent", action=action)
    await send(campus)
    read = {one.path: one for one in service.arrived}
    for browser, path in zip(browsers, ("/push/phone", "/push/laptop"), strict=True):
        message = browser.read(read[path].body)
        assert message["title"] == "Exam moved"
        assert len(message["body"]) == MAX_BODY
        assert message["url"] == "https://campus.example.edu/courses/cs101"
        assert message["tag"] == message["id"]
        assert (read[path].headers["urgency"], read[path].headers["ttl"]) == ("high", "86400")
    assert (campus.figures, campus.requests) == ({"sent": 1}, {"sent": 2})
    assert await campus.waiting("push") == []


async def test_it_is_kept_no_longer_than_it_is_good_for(campus: House, service: PushService) -> None:
    await campus.subscribe("ben", service.browser("phone"))
    await campus.notify("ben", expires_at=iso(campus.now + HOUR), priority="low")
    await send(campus)
    [arrived] = service.arrived
    assert (arrived.headers["urgency"], int(arrived.headers["ttl"])) == ("low", 3_600)


async def test_a_browser_that_is_gone_is_forgotten(campus: House, service: PushService) -> None:
    await campus.subscribe("ben", service.browser("phone"))
    await campus.subscribe("ben", service.browser("old"))
    service.answer("old", 410)
    await campus.notify("ben")
    await send(campus)
    assert await campus.endpoints() == [("ben", service.browser("phone").endpoint)]
    service.answer("phone", 404)
    await campus.notify("ben")
    await campus.notify("ben", title="Nobody is there any more")
    await send(campus)
    await send(campus)
    assert await campus.endpoints() == []
    assert await campus.waiting("push") == []


async def test_one_that_fails_for_now_is_tried_again_under_the_same_topic(
    campus: House, service: PushService
) -> None:
    """Only where it failed: who has dismissed it on the phone does not see it there again."""
    phone, laptop = service.browser("phone"), service.browser("laptop")
    await campus.subscribe("ben", phone)
    await campus.subscribe("ben", laptop)
    service.answer("laptop", 503, **{"retry-after": "600"})
    await campus.notify("ben")
    await send(campus)
    [row] = await campus.waiting("push")
    assert (row.attempts, row.not_before) == (1, campus.now + 10 * MINUTE)
    campus.now += 10 * MINUTE
    await send(campus)
    assert await campus.waiting("push") == []
    assert sorted(one.path for one in service.arrived) == ["/push/laptop", "/push/laptop", "/push/phone"]
    to_laptop = [one for one in service.arrived if one.path == "/push/laptop"]
    assert len({one.headers["topic"] for one in to_laptop}) == 1
    assert len({laptop.read(one.body)["tag"] for one in to_laptop}) == 1
    assert campus.figures == {"postponed": 1, "sent": 1}


async def test_what_a_service_refuses_is_given_up(campus: House, service: PushService) -> None:
    await campus.subscribe("ben", service.browser("phone"))
    service.answer("phone", 400)
    await campus.notify("ben")
    await send(campus)
    [row] = await campus.waiting("push")
    assert (row.state, row.error) == ("failed", "refused (400)")


async def test_a_digest_is_one_message_that_fits(campus: House, service: PushService) -> None:
    browser = service.browser("phone")
    await campus.subscribe("ben", browser)
    await campus.prefer("ben", categories={"grade": {"push": "daily"}})
    for number in range(60):
        await campus.notify("ben", category="grade", title=f"{number} " + "\N{SNOWMAN}" * 190)
    await send(campus)
    assert service.arrived == []
    campus.now += DAY
    await send(campus)
    [arrived] = service.arrived
    message = browser.read(arrived.body)
    assert message["title"] == "Your daily digest: 60 notifications"
    assert len(message["body"].splitlines()) == 3
    assert len(arrived.body) < MAX_PLAINTEXT


async def test_a_browser_belongs_to_who_subscribed_last(campus: House, service: PushService) -> None:
    await campus.enrol("cleo", email=None)
    shared = service.browser("shared")
    await campus.subscribe("ben", shared)
    fresh = Browser(shared.endpoint)
    await campus.subscribe("cleo", fresh)
    await campus.notify("ben", title="For Ben")
    await campus.notify("cleo", title="For Cleo")
    await send(campus)
    assert [fresh.read(one.body)["title"] for one in service.arrived] == ["For Cleo"]
    assert campus.figures == {"sent": 1, "unwanted": 1}


async def test_a_person_has_a_bounded_number_of_browsers(campus: House, service: PushService) -> None:
    for number in range(SUBSCRIPTIONS_EACH + 2):
        campus.now += 1
        await campus.subscribe("ben", service.browser(f"b{number:02}"))
    kept = [endpoint.rpartition("/")[2] for _, endpoint in await campus.endpoints()]
    assert kept == [f"b{number:02}" for number in range(2, SUBSCRIPTIONS_EACH + 2)]


async def test_a_subscription_ends_by_its_owner_and_with_the_person(
    campus: House, service: PushService
) -> None:
    phone, laptop = service.browser("phone"), service.browser("laptop")
    await campus.subscribe("ben", phone)
    await campus.subscribe("ben", laptop)
    command = UnsubscribePush(key="k", endpoint=phone.endpoint)
    await campus.do(unsubscribe_push, Caller("cleo", "Cleo"), command)
    assert len(await campus.endpoints()) == 2, "it is somebody else's"
    await campus.do(unsubscribe_push, Caller("ben", "Ben"), command)
    assert await campus.endpoints() == [("ben", laptop.endpoint)]
    await campus.erase("ben")
    assert await campus.endpoints() == []


async def test_where_push_is_not_set_up_nobody_subscribes(campus: House, service: PushService) -> None:
    campus.channels.configured.discard("push")
    with pytest.raises(Disabled):
        await campus.subscribe("ben", service.browser("phone"))


async def test_what_joins_a_digest_that_has_reached_some_reaches_them_too(
    campus: House, service: PushService
) -> None:
    """The digest comes to them a second time, in the place of the first: its tag is the same."""
    phone = service.browser("phone")
    await campus.subscribe("ben", phone)
    await campus.subscribe("ben", service.browser("laptop"))
    await campus.prefer("ben", categories={"assignment": {"push": "daily"}})
    await campus.notify("ben", category="assignment", title="Sheet 1")
    service.answer("laptop", 503)
    campus.now += 20 * HOUR
    await send(campus)
    await campus.notify("ben", category="assignment", title="Sheet 2")
    campus.now += DAY
    await send(campus)
    told = [phone.read(one.body) for one in service.arrived if one.path == "/push/phone"]
    assert [message["body"] for message in told] == ["Sheet 1", "Sheet 1\nSheet 2"]
    assert len({message["tag"] for message in told}) == 1
    assert await campus.waiting("push") == []
