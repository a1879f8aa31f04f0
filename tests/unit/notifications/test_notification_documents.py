"""Replies, mentions and questions beside documents: who is told, of what, and what becomes of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.unit.collaboration.study import Study

from coursewire.namespaces.collaboration.service import managing
from coursewire.namespaces.collaboration.store import documents
from coursewire.namespaces.notifications.contract import Notification


@pytest.fixture
def study() -> Iterator[Study]:
    study = Study()
    yield study
    study.close()


def titles(study: Study) -> dict[str, list[str]]:
    """What stands in everybody's inbox, the newest first."""
    people = ("ada", "tom", "ben", "cleo", "dan", "mia")
    return {who: found for who in people if (found := [item.title for item in study.inbox(who)])}


def test_who_is_called_answered_or_asked_is_told(study: Study) -> None:
    """[ANN1] Each once, not the author; with what was said, and where."""
    made = study.annotate("ben", "Why, @cleo and @ben?", motivation="questioning")
    assert titles(study) == {
        "ada": ["Ben asks in Essay 7"],
        "tom": ["Ben asks in Essay 7"],
        "cleo": ["Ben mentioned you in Essay 7"],
    }
    [item] = study.inbox("cleo")
    assert (item.category, item.priority, item.course_id) == ("collaboration", "high", "cs101")
    assert (item.body, item.actor and item.actor.user_id) == ("Why, @cleo and @ben?", "ben")
    assert item.action is not None
    assert item.action.url == f"/documents/7?note={made.id}"
    study.reply("ada", made, "Because, @dan")
    assert titles(study)["ben"] == ["Ada replied to you in Essay 7"]
    assert titles(study)["dan"] == ["Ada mentioned you in Essay 7"]
    study.reply("cleo", made, "I see")
    assert (study.inbox("ben")[0].title, study.inbox("ben")[0].group_count) == (
        "Cleo replied to you in Essay 7",
        2,
    )
    assert study.inbox("ada")[0].title == "Cleo replied to you in Essay 7"
    assert titles(study)["cleo"] == ["Ben mentioned you in Essay 7"]


AUDIENCES = [
    # audience, who writes, who of @ada @tom @ben @cleo @dan @mia @eve may be told of it
    ("course", "ada", {"tom", "ben", "cleo", "dan", "mia"}),
    ("staff", "ada", {"tom"}),
    ("private", "ada", set()),
    ("group:red", "ben", {"ada", "tom", "cleo"}),
    ("group:blue", "ada", {"tom", "dan"}),
]
CALLS = "look @ada @tom @ben @cleo @dan @mia @eve"


@pytest.mark.parametrize(("visibility", "author", "told"), AUDIENCES)
def test_nobody_is_told_of_what_they_may_not_see(
    study: Study, visibility: str, author: str, told: set[str]
) -> None:
    """[ANN1] By a mention, by a call for the staff, by a question, by a reply: not by any of them."""
    study.enrol({"eve": "learner"}, "math")
    made = study.annotate(author, CALLS, visibility=visibility, motivation="questioning")
    assert set(titles(study)) == told
    study.annotate(author, "look, @staff", visibility=visibility)
    assert set(titles(study)) == told | ({"ada", "tom"} - {author} if visibility != "private" else set())
    before = {who: len(study.inbox(who)) for who in ("ada", "tom", "ben", "cleo", "dan", "mia", "eve")}
    study.reply(author, made, CALLS)
    assert {who for who, count in before.items() if len(study.inbox(who)) > count or count} == set(
        titles(study)
    )
    assert '"eve"' not in made.html


def test_nobody_is_told_of_a_document_that_is_closed_to_them(study: Study) -> None:
    """[ANN1] Nor whoever has left since they replied."""
    study.document("red", group="red")
    study.annotate("ben", CALLS, document_id="red")
    assert set(titles(study)) == {"ada", "tom", "cleo"}
    made = study.annotate("dan")
    study.reply("cleo", made)
    study.unenrol("cleo")
    known = len(study.inbox("cleo"))
    study.reply("dan", made, "still there?")
    assert len(study.inbox("cleo")) == known


def test_what_is_taken_back_is_taken_back_from_inboxes(study: Study) -> None:
    """[LOG5] [ANN3]"""
    made = study.annotate("ben", "a secret for @cleo")
    study.delete("ben", made)
    _is_empty(study.inbox("cleo")[0])
    assert "secret" not in study.everything()


def test_what_is_moved_out_of_sight_is_gone_from_inboxes_of_those_who_see_it_no_more(study: Study) -> None:
    """[LOG5] [ANN3] And from no other: what they keep is as it was."""
    made = study.annotate("ada", "a secret for @cleo and @tom")
    before = study.inbox("tom")
    heard = study.events("user:tom", "/notifications")
    study.update("ada", made, visibility="staff")
    assert study.inbox("cleo") == []
    assert all("secret" not in repr(event) for event in study.logged("user:cleo", "/notifications"))
    assert study.inbox("tom") == before
    assert study.events("user:tom", "/notifications") == heard
    study.delete("ada", made)
    _is_empty(study.inbox("tom")[0])
    assert "secret" not in study.everything()


def test_what_is_moved_and_changed_at_once_is_quoted_as_it_reads_now(study: Study) -> None:
    """[ANN1] Also where nobody is left in the channel that it was in."""
    made = study.annotate("ada", "first for @cleo and @tom")
    study.update("ada", made, visibility="staff", body="second for @tom")
    assert [item.body for item in study.inbox("tom")] == ["second for @tom"]
    assert study.inbox("cleo") == []
    study.update("ada", made, base=3, visibility="private")
    assert study.inbox("tom") == []


def test_a_document_that_is_deleted_takes_what_is_beside_it_out_of_inboxes(study: Study) -> None:
    """[LOG5] Its author could see it a moment ago."""
    study.annotate("ben", "a secret for @cleo")
    study.do(managing.remove, study.do(documents.load_document, "7"))
    _is_empty(study.inbox("cleo")[0])
    assert "secret" not in study.everything()


def _is_empty(item: Notification) -> None:
    assert (item.title, item.body, item.html, item.actor) == ("An annotation was taken back", "", "", None)


def test_an_edit_is_shown_to_those_who_may_see_it_still(study: Study) -> None:
    """[ANN1] The others lose theirs, and what was logged of it, before it says anything new."""
    made = study.annotate("ben", "first for @cleo and @ada", visibility="group:red")
    study.put_group("red", ["ben"])
    study.update("ben", made, body="second for @ada")
    assert [item.body for item in study.inbox("ada")] == ["second for @ada"]
    assert study.inbox("cleo") == []
    past = [repr(event.data) for event in study.logged("user:cleo", "/notifications")]
    assert all("first" not in data and "second" not in data for data in past)


def test_a_change_of_something_else_leaves_an_item_as_it_is(study: Study) -> None:
    made = study.annotate("ben", "for @ada")
    before = study.events("user:ada", "/notifications")
    study.update("ben", made, motivation="questioning")
    study.resolve("ada", made, base=2)
    assert study.events("user:ada", "/notifications") == before


def test_an_erased_person_is_in_nobodys_inbox(study: Study) -> None:
    """[LOG5]"""
    study.annotate("ben", "a secret for @cleo")
    study.erase("ben")
    _is_empty(study.inbox("cleo")[0])
    assert "secret" not in study.everything()
