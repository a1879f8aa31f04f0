"""Jobs end to end: a worker reports over HTTP, people see the bar move, and its end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
from tests.integration.chat_campus import COURSE, Campus, campus
from tests.integration.jobs_campus import closed, come, create, jobs, refused, report, shown

from coursewire.namespaces.analytics import service
from coursewire.vocabulary import new_id


@pytest.fixture
async def site() -> AsyncIterator[Campus]:
    async with campus() as site:
        yield site


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


async def test_a_job_moves_on_three_channels_and_ends_on_each(site: Campus, stack: AsyncExitStack) -> None:
    """[LOG1] [LOG2] Its owner, who watches it, and the staff of its course see the same job."""
    ben, ada = await come(stack, site, "ben"), await come(stack, site, "ada")
    job = await create(site, total=120)
    assert (job["state"], job["done"], job["percent"], job["attempt"]) == ("queued", 0, 0.0, 1)
    channel = f"job:{job['id']}"
    joined = await ben.ask("subscribe", channel=channel)
    assert [value["data"] for value in joined["latest"]] == [job]
    await ada.ask("subscribe", channel=f"course:{COURSE}")

    moved = (await report(site, job["id"], state="running", done=42, stage={"label": "scoring"}))["job"]
    watched = ((ben, channel), (ben, "user:ben"), (ada, f"course:{COURSE}"))
    for client, where in watched:
        await shown(client, where, moved)
    assert (moved["percent"], moved["stage"], moved["state"]) == (35.0, {"label": "scoring"}, "running")

    ended = (await report(site, job["id"], state="succeeded", done=120, result={"mean": 0.7}))["job"]
    assert (ended["percent"], ended["result"], "eta_s" in ended) == (100.0, {"mean": 0.7}, False)
    for client, where in watched:
        await shown(client, where, ended)
        assert jobs(client, where, "job.finished") == [ended]
        assert client.offsets(where) == [1]


async def test_a_fast_worker_is_not_slowed_and_its_watchers_get_four_a_second(
    site: Campus, stack: AsyncExitStack
) -> None:
    """A hundred reports at once become a few values, the last one always."""
    ben = await come(stack, site, "ben")
    job = await create(site, total=100)
    channel = f"job:{job['id']}"
    await ben.ask("subscribe", channel=channel)
    loop = asyncio.get_running_loop()
    start = loop.time()
    for done in range(1, 101):
        last = (await report(site, job["id"], done=done))["job"]
    await shown(ben, channel, last)
    passed = loop.time() - start
    values = jobs(ben, channel)
    assert len(values) <= 4 * passed + 2
    assert [value["done"] for value in values] == sorted({value["done"] for value in values})


async def test_a_page_calls_a_job_off_and_its_worker_hears_of_it(site: Campus, stack: AsyncExitStack) -> None:
    """[LOG3] Ada, who teaches, is asked twice by a network that repeats."""
    ben, ada = await come(stack, site, "ben"), await come(stack, site, "ada")
    job = await create(site)
    await report(site, job["id"], state="running", done=1)
    key = new_id()
    wanted = (await ada.ask("job.cancel", key=key, job_id=job["id"]))["job"]
    again = await ada.ask("job.cancel", key=key, job_id=job["id"])
    assert (again["job"], again["duplicate"]) == (wanted, True)
    await shown(ben, "user:ben", wanted)
    reply = await report(site, job["id"], done=2)
    assert (reply["cancel_requested"], reply["job"]["state"]) == (True, "running")
    ended = (await report(site, job["id"], state="cancelled"))["job"]
    await shown(ben, "user:ben", ended)
    assert jobs(ben, "user:ben", "job.finished") == [ended]
    assert (await refused(ada, "job.cancel", key=new_id(), job_id=job["id"]))["code"] == "conflict"


async def test_who_comes_back_finds_the_end_in_both(site: Campus, stack: AsyncExitStack) -> None:
    """[SUB2] [SUB4] The logged end is replayed, the newest value says the same."""
    ben = await come(stack, site, "ben")
    job = await create(site)
    channel = f"job:{job['id']}"
    joined = await ben.ask("subscribe", channel=channel)
    position = {"epoch": joined["epoch"], "offset": joined["offset"]}
    await report(site, job["id"], state="running", done=1)
    await ben.vanish()
    ended = (await report(site, job["id"], state="failed", error="no such essay"))["job"]
    back = await come(stack, site, "ben", resume={channel: position})
    assert jobs(back, channel, "job.finished") == [ended]
    ready = back.named("session.ready")[0]["resumed"][channel]
    assert ready["recovered"]
    assert [value["data"] for value in ready["latest"]] == [ended]
    assert (await back.ask("job.read", job_id=job["id"]))["job"] == ended


async def test_a_silent_job_stalls_before_all_eyes_and_goes_on(
    stack: AsyncExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The background notices; the next heartbeat is enough."""
    async with campus(job_stalled_after_s=0.3) as site:
        ada = await come(stack, site, "ada")
        await ada.ask("subscribe", channel=f"course:{COURSE}")
        job = await create(site)
        await report(site, job["id"], state="running", done=1)
        await ada.until(lambda: any(value["state"] == "stalled" for value in jobs(ada, f"course:{COURSE}")))
        # Four values a second are shown: on a busy machine it had stalled once more before this one was.
        monkeypatch.setattr(service, "stall_jobs", lambda *_, **__: False)
        resumed = (await report(site, job["id"]))["job"]
        assert (resumed["state"], resumed["done"]) == ("running", 1)
        await shown(ada, f"course:{COURSE}", resumed)


async def test_who_leaves_the_staff_loses_the_channels_of_its_jobs(
    site: Campus, stack: AsyncExitStack
) -> None:
    """[FAN4] [SUB1] At once; the owner, who leaves as well, keeps what is theirs."""
    ada, ben = await come(stack, site, "ada"), await come(stack, site, "ben")
    job = await create(site)
    channel = f"job:{job['id']}"
    for client, names in ((ada, (channel, f"course:{COURSE}")), (ben, (channel,))):
        for name in names:
            await client.ask("subscribe", channel=name)
    for user_id in ("ada", "ben"):
        reply = await site.lms.delete(f"/v1/courses/{COURSE}/members/{user_id}")
        assert reply.status_code == 200
    await ada.until(lambda: len(closed(ada)) == 2)
    assert closed(ada) == {channel, f"course:{COURSE}"}
    moved = (await report(site, job["id"], state="running", done=1))["job"]
    await shown(ben, channel, moved)
    await ada.ask("ping", sent_at=0)
    assert moved not in jobs(ada, channel)
    assert (await refused(ada, "subscribe", channel=channel))["code"] == "not_found"


@pytest.mark.parametrize("who", ["cleo", "eve"])
async def test_others_get_nothing_of_a_job(site: Campus, stack: AsyncExitStack, who: str) -> None:
    """[SUB1] Neither a fellow learner nor the staff of another course learns that there is one."""
    job = await create(site)
    other = await come(stack, site, who)
    for command, payload in (
        ("subscribe", {"channel": f"job:{job['id']}"}),
        ("job.read", {"job_id": job["id"]}),
        ("job.cancel", {"key": new_id(), "job_id": job["id"]}),
    ):
        error = await refused(other, command, **payload)
        assert (error["code"], error["message"]) == ("not_found", "there is no such job")
    assert (await other.ask("job.list"))["items"] == []
    expected = "forbidden" if who == "cleo" else "not_found"
    assert (await refused(other, "job.list", course_id=COURSE))["code"] == expected
    assert (await refused(other, "subscribe", channel=f"course:{COURSE}"))["code"] == expected
    async with site.http(who) as http:
        assert (await http.patch(f"/v1/jobs/{job['id']}", json={})).status_code == 403
        assert (await http.post("/v1/jobs", json={})).status_code == 403


async def test_a_request_that_is_repeated_counts_once(site: Campus) -> None:
    """[LOG3] By its Idempotency-Key, as everywhere."""
    body = {"kind": "essay-grading", "title": "Essays", "owner_id": "ben"}
    replies = [
        await site.lms.post("/v1/jobs", json=body, headers={"Idempotency-Key": "once"}) for _ in range(2)
    ]
    assert [reply.status_code for reply in replies] == [201, 201]
    assert replies[0].json() == replies[1].json()
    job_id = replies[0].json()["job"]["id"]
    beats = [
        await site.lms.patch(f"/v1/jobs/{job_id}", json={"done": 1}, headers={"Idempotency-Key": "beat"})
        for _ in range(2)
    ]
    assert beats[0].json() == beats[1].json()
    other = await site.lms.patch(f"/v1/jobs/{job_id}", json={}, headers={"Idempotency-Key": "beat"})
    assert (other.status_code, other.json()["code"]) == (409, "conflict")


BAD: list[tuple[str, int, str]] = [
    ('{"done": NaN}', 422, "done"),
    ('{"done": 0}', 422, "done"),
    ('{"done": "many"}', 422, "done"),
    ('{"total": 1}', 422, "total"),
    ('{"state": "stalled"}', 422, "state"),
    ('{"state": "succeeded", "result": {"mean": NaN}}', 422, "result"),
    ('{"state": "succeeded", "result": {"text": "\\ud800"}}', 422, "result"),
    ('{"state": "succeeded", "result": {"deep": %s}}' % ("[" * 400 + "]" * 400), 422, "result"),
    ('{"state": "succeeded", "result": {"text": "%s"}}' % ("x" * 20_000), 422, "result"),
    ('{"state": "failed", "error": "%s"}' % ("x" * 2_001), 422, "error"),
    ('{"message": "a\\u0000b"}', 422, "message"),
]


@pytest.mark.parametrize(("body", "status", "field"), BAD, ids=[field + body[:20] for body, _, field in BAD])
async def test_what_is_wrong_is_named_and_changes_nothing(
    site: Campus, body: str, status: int, field: str
) -> None:
    job = await create(site, total=10)
    before = (await report(site, job["id"], state="running", done=2))["job"]
    headers = {"Content-Type": "application/json"}
    reply = await site.lms.patch(f"/v1/jobs/{job['id']}", content=body, headers=headers)
    assert (reply.status_code, reply.json()["field"]) == (status, field), reply.text
    after = (await report(site, job["id"]))["job"]
    changed = {"heartbeat_at", "revision", "eta_s"}
    assert {name: after[name] for name in after if name not in changed} == {
        name: before[name] for name in before if name not in changed
    }
    assert after["revision"] == before["revision"] + 1
