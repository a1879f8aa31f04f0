"""A learner who has stayed away for a week: the staff are told by a whole server, until they come back."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path

from tests.integration import notification_campus as inboxes
from tests.integration.chat_campus import COURSE, campus
from tests.integration.jobs_campus import come, refused

from coursewire.identity import membership
from coursewire.identity.membership import Enrolment
from coursewire.storage import Storage
from coursewire.storage.engine import wall_clock
from coursewire.vocabulary import iso

DAY_MS = 86_400_000


async def test_staff_hear_of_a_learner_at_risk_until_they_come_back(tmp_path: Path) -> None:
    """[LOG1] The server that starts looks at once; nobody has to be here, and a notification waits."""
    url = f"sqlite:///{tmp_path / 'campus.db'}"
    storage = await Storage.open(url, clock=lambda: wall_clock() - 8 * DAY_MS)
    await storage.migrate()
    await storage.write(lambda tx: membership.put_course(tx, COURSE, "CS101"))
    people = [
        Enrolment("ada", "Ada", frozenset({"instructor"})),
        Enrolment("ben", "Ben", frozenset({"learner"})),
    ]
    await storage.write(lambda tx: membership.put_members(tx, COURSE, people))
    await storage.close()
    async with campus(database_url=url) as site, AsyncExitStack() as stack:
        ada = await come(stack, site, "ada")
        await ada.ask("subscribe", channel=f"course:{COURSE}")
        alerts = (await ada.ask("alert.list", course_id=COURSE))["items"]
        if not alerts:
            alerts = [(await inboxes.hear(ada, "alert.raised"))[0]]
        [alert] = alerts
        assert (alert["user_id"], alert["user_name"], alert["kind"]) == ("ben", "Ben", "at_risk")
        assert alert["reasons"] == ["has never come", "has no score"]
        ben = await come(stack, site, "ben")
        assert (await refused(ben, "alert.list", course_id=COURSE))["code"] == "forbidden"
        assert (await refused(ben, "subscribe", channel=f"course:{COURSE}"))["code"] == "forbidden"
        inbox = await inboxes.come(stack, site, "ada")
        listed = (await inbox.ask("notification.list"))["items"]
        if not listed:
            listed = [(await inboxes.hear(inbox, "notification.created"))[0]]
        assert [item["title"] for item in listed] == ["A learner may need help"]
        event = {
            "id": "e1",
            "user_id": "ben",
            "course_id": COURSE,
            "verb": "opened",
            "object": {"id": "page-1", "type": "page"},
            "at": iso(wall_clock() - 1_000),
        }
        assert (await site.lms.post("/v1/activity", json={"events": [event]})).json()["accepted"] == 1
        cleared, meta = await inboxes.hear(ada, "alert.cleared")
        assert cleared == {**alert, "cleared_at": cleared["cleared_at"]}
        assert meta["channel"] == f"course:{COURSE}"
        assert (await ada.ask("alert.list", course_id=COURSE))["items"] == []
