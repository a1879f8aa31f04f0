"""An erased person: nothing beside a document tells what they wrote there, or that it was theirs."""

from __future__ import annotations

import re

from tests.unit.collaboration.study import COURSE, TARGET, Study

from coursewire.identity.contract import UserErased
from coursewire.namespaces.collaboration.service import erasure

CHANNELS = ("document:7", "document:7:staff", "document:7:group:red", "user:ben", "user:ada")


def test_nothing_is_left_of_what_an_erased_person_wrote(study: Study) -> None:
    """[LOG5] [ANN3] In no audience, in no table, in no stream; what others wrote stays, without the name."""
    for visibility in ("course", "private", "group:red"):
        made = study.annotate("ben", f"secret for {visibility}", visibility=visibility)
        study.reply("ben", made, "secret, too")
    answered = study.annotate("ben", "secret question", motivation="questioning")
    study.reply("cleo", answered, "an answer")
    others = study.annotate("ada", "ask @ben and @Ben", tags=["kept"])
    study.reply("ben", others, "secret reply")
    study.update("tom", others, tags=["kept", "more"])
    found = study.reanchor("ben", others, {**TARGET, "start": "AAEE"}, base=2)
    study.resolve("ben", study.annotate("ben", "secret, done with"))
    study.annotate("ben", "secret", document_id="page", target={"quote": {"exact": "Week 1"}})
    offsets = {name: [event.offset for event in study.logged(name)] for name in CHANNELS}
    study.erase("ben")
    rows = [row for row in study.everything().splitlines() if re.search(r"\bben\b", row, re.IGNORECASE)]
    # His streams, now empty, have their names; that his sessions have ended is remembered; what others wrote is theirs.
    kept = [row for row in rows if "ask @ben" not in row and "'user:ben', '" not in row]
    assert [row.split(",")[0] for row in kept] == ["('ben'"]
    assert "secret" not in study.everything()
    for name in CHANNELS:
        now = [event.offset for event in study.logged(name)]
        if name == "user:ben":
            assert now == []
            continue
        assert now[: len(offsets[name])] == offsets[name]
        assert now == list(range(1, len(now) + 1))
        assert all(event.actor != "ben" for event in study.logged(name))
    shown = {one.id: one for one in study.page("cleo")}
    assert (shown[answered.id].state, shown[answered.id].author_id, shown[answered.id].body) == (
        "deleted",
        None,
        "",
    )
    assert shown[found.id].body == "ask @ben and @Ben"
    assert "data-user-id" not in shown[found.id].html
    assert [one.body for one in study.page("cleo", parent_id=answered.id)] == ["", "an answer"]
    assert study.page("cleo", "page") == []


def test_whoever_resolved_a_thread_is_forgotten_and_it_stays_resolved(study: Study) -> None:
    """[LOG5]"""
    made = study.annotate("ada")
    resolved = study.resolve("tom", made)
    study.erase("tom")
    [now] = study.page("ben")
    assert (now.resolved_by, now.resolved_at) == (None, resolved.resolved_at)
    assert all("resolved_by" not in data for _, data in study.events("document:7"))


def test_what_somebody_wrote_in_a_course_that_they_have_left_goes_as_well(study: Study) -> None:
    """[LOG5]"""
    study.annotate("ben", "secret")
    study.unenrol("ben")
    study.erase("ben")
    assert study.page("ada") == []
    assert all(event.actor is None for event in study.logged("document:7"))
    assert "secret" not in study.everything()


def test_erasing_somebody_unknown_changes_nothing(study: Study) -> None:
    study.annotate("ben")
    before = study.events("document:7")
    study.do(erasure.erase_user, UserErased("nobody", (COURSE,)))
    assert study.events("document:7") == before
