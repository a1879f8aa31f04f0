"""Annotations as they are changed at once, moved and taken back, with all that is told of it."""

from __future__ import annotations

import pytest
from tests.unit.collaboration.study import GROUPS, TARGET, Study, refused

from coursewire.bus.port import TakenBack
from coursewire.errors import Conflict, CoursewireError, Forbidden, Invalid, NotFound
from coursewire.namespaces.collaboration.contract import Annotation, CreateAnnotation, ReanchorAnnotation

OTHER = {"quote": {"exact": "a functor"}, "start": "AAEE", "end": "AAEF"}


# Changing


def test_two_who_change_different_parts_both_have_their_way(study: Study) -> None:
    """[ANN2] Each from the revision that they saw."""
    made = study.annotate("ben")
    study.update("ben", made, body="look again")
    tagged = study.update("ada", made, tags=["good"])
    resolved = study.resolve("tom", made)
    assert (tagged.body, tagged.tags, tagged.revision) == ("look again", ["good"], 3)
    assert (resolved.resolved_by, resolved.revision) == ("tom", 4)
    assert study.names("document:7") == ["created", "updated", "updated", "updated"]
    assert study.page("cleo") == [resolved]


def test_two_who_change_one_part_conflict(study: Study) -> None:
    """[ANN2] The second is told both versions, and nothing of its change is done; then it may have its way."""
    made = study.annotate("ben", tags=["a"])
    study.update("ada", made, tags=["b"])
    error = refused(Conflict, "tags", lambda: study.update("ben", made, body="new", tags=["c"]))
    assert error.details == {"yours": {"tags": ["c"]}, "theirs": {"tags": ["b"]}, "revision": 2}
    [now] = study.page("ben")
    assert (now.body, now.tags, now.revision) == ("look", ["b"], 2)
    assert study.update("ben", made, base=2, body="new", tags=["c"]).tags == ["c"]


def test_what_is_so_already_changes_and_tells_nothing(study: Study) -> None:
    """[ANN2] Two who resolve at once, or find the same place at once, make one revision."""
    made = study.annotate("ben")
    study.resolve("ada", made)
    assert study.resolve("tom", made).resolved_by == "ada"
    moved = study.reanchor("cleo", made, OTHER)
    assert study.reanchor("dan", made, OTHER) == moved
    assert study.update("ben", made, body="look").revision == moved.revision == 3
    assert study.names("document:7") == ["created", "updated", "updated"]


def test_a_thread_is_opened_again(study: Study) -> None:
    made = study.resolve("ben", study.annotate("ben"))
    again = study.resolve("ada", made, on=False)
    assert (again.resolved_by, again.resolved_at) == (None, None)


def test_an_orphan_keeps_its_quote_and_finds_a_place_again(study: Study) -> None:
    """[ANN2] Of two who look for it at once the first holds; the other hears where it is."""
    made = study.annotate("ben")
    orphan = study.reanchor("cleo", made, None)
    assert orphan.orphaned
    assert orphan.target == made.target
    error = refused(Conflict, "target", lambda: study.reanchor("dan", made, OTHER))
    assert error.details == {
        "yours": {"target": OTHER | {"quote": {"exact": "a functor", "prefix": "", "suffix": ""}}},
        "theirs": {"target": None},
        "revision": 2,
    }
    found = study.reanchor("dan", orphan, OTHER)
    assert not found.orphaned
    assert found.target is not None
    assert found.target.quote.exact == "a functor"
    refused(Conflict, "target", lambda: study.reanchor("cleo", orphan, TARGET))


def test_a_highlight_that_becomes_a_comment_needs_words(study: Study) -> None:
    made = study.annotate("ben", "", motivation="highlighting")
    refused(Invalid, "motivation", lambda: study.update("ben", made, motivation="commenting"))
    assert study.update("ben", made, motivation="commenting", body="Now I know").body == "Now I know"


def test_taking_back_wins(study: Study) -> None:
    """[ANN2] [LOG5] Over changes made before it that it has not seen; and those made after it find nothing."""
    made = study.annotate("ben", "a secret", tags=["hush"])
    study.update("ada", made, tags=["b"])
    gone = study.delete("ben", made)
    assert gone.state == "deleted"
    refused(NotFound, "annotation_id", lambda: study.update("ben", made, base=2, body="new"))
    refused(NotFound, "annotation_id", lambda: study.delete("ada", made))
    refused(NotFound, "parent_id", lambda: study.reply("ada", made))
    assert study.names("document:7") == ["created", "updated", "deleted"]
    assert all(data == study.events("document:7")[-1][1] for _, data in study.events("document:7"))
    assert "secret" not in study.everything()
    assert "hush" not in study.everything()
    assert any(isinstance(effect, TakenBack) for effect in study.effects)


def test_a_remembered_answer_is_taken_back_too(study: Study) -> None:
    """[LOG5] The key of what was taken back answers with what is left."""
    given = {"key": "k1", "document_id": "7", "body": "secret", "target": TARGET}
    command = CreateAnnotation.model_validate(given)
    study.delete("ben", study.run("ben", command).annotation)
    again = study.run("ben", command)
    assert (again.duplicate, again.annotation.state, again.annotation.body) == (True, "deleted", "")


def test_a_thread_keeps_its_place_where_others_have_replied(study: Study) -> None:
    """[ANN3] Its first words are gone, with who wrote them, and what they replied stays, until the last of it goes."""
    made = study.annotate("ben", "secret question")
    reply = study.reply("ada", made, "an answer")
    gone = study.delete("ben", made)
    assert (gone.target, gone.reply_count, gone.author_id) == (made.target, 1, None)
    head, kept = study.page("cleo")
    assert (head.id, head.state, head.body, head.author_name) == (made.id, "deleted", "", "")
    assert (kept.id, kept.body) == (reply.id, "an answer")
    assert "secret question" not in study.everything()
    refused(NotFound, "parent_id", lambda: study.reply("cleo", made))
    refused(NotFound, "annotation_id", lambda: study.resolve("ada", made, base=2))
    study.delete("ada", reply)
    assert study.page("cleo") == []
    assert "a monad" not in study.everything()


def test_ones_own_replies_go_with_what_they_reply_to(study: Study) -> None:
    made = study.annotate("ben")
    study.reply("ben", made, "and this")
    study.delete("ben", made)
    assert study.page("ben") == []
    assert study.names("document:7") == ["created", "created", "deleted", "deleted"]


@pytest.mark.parametrize(
    ("who", "error"),
    [("cleo", Forbidden), ("mia", Forbidden), ("eve", NotFound), ("ada", None), ("tom", None)],
)
def test_who_takes_back_what_another_wrote(
    study: Study, who: str, error: type[CoursewireError] | None
) -> None:
    made = study.annotate("ben")
    if error is None:
        study.delete(who, made)
        return
    refused(error, "annotation_id", lambda: study.delete(who, made))


# Moving


MOVES = [
    # from, to, who writes, then what is told in: the document, the staff's, red's, the author's channel
    ("course", "staff", "ada", ["deleted"], ["created"], [], []),
    ("course", "private", "ben", ["deleted"], [], [], ["created"]),
    ("course", "group:red", "ben", ["deleted"], ["created"], ["created"], []),
    ("staff", "course", "ada", ["created"], ["updated"], [], []),
    ("staff", "private", "ada", [], ["deleted"], [], ["created"]),
    ("staff", "group:red", "ada", [], ["updated"], ["created"], []),
    ("group:red", "course", "ben", ["created"], ["updated"], ["updated"], []),
    ("group:red", "staff", "ada", [], ["updated"], ["deleted"], []),
    ("group:red", "private", "ben", [], ["deleted"], ["deleted"], ["created"]),
    ("group:red", "group:blue", "ada", [], ["updated"], ["deleted"], []),
    ("private", "course", "ben", ["created"], [], [], ["updated"]),
    ("private", "staff", "ada", [], ["created"], [], ["updated"]),
    ("private", "group:red", "ben", [], ["created"], ["created"], ["updated"]),
]


@pytest.mark.parametrize(("before", "after", "author", "told"), [(*move[:3], move[3:]) for move in MOVES])
def test_moving_is_told_to_those_who_gain_keep_and_lose_it(
    study: Study, before: str, after: str, author: str, told: tuple[list[str], ...]
) -> None:
    """[ANN3] Who sees it still may hear both, in any order: the live report has the higher revision."""
    made = study.annotate(author, "a secret of theirs", visibility=before)
    study.reply(author, made, "and more")
    channels = ("document:7", "document:7:staff", "document:7:group:red", f"user:{author}")
    known = {channel: len(study.events(channel)) for channel in channels}
    moved = study.update(author, made, visibility=after)
    assert moved.visibility == after
    for channel, expected in zip(channels, told, strict=True):
        new = study.events(channel)[known[channel] :]
        assert [name.removeprefix("annotation.") for name, _ in new] == expected * 2, channel
        for name, data in new:
            seen = Annotation.model_validate(data)
            if name == "annotation.deleted":
                assert seen.revision < moved.revision
                assert (seen.visibility, seen.author_id, seen.body, seen.tags) == (before, None, "", [])
            else:
                assert (seen.visibility, seen.author_id) == (after, author)
    lost = [name for name in channels if "deleted" in study.names(name)]
    for channel in lost:
        past = [data["body"] for _, data in study.events(channel)]
        assert "a secret of theirs" not in past
    seers = {who for who in ("ada", "tom", "ben", "cleo", "dan", "mia") if study.page(who)}
    expected_seers = {
        "course": {"ada", "tom", "ben", "cleo", "dan", "mia"},
        "staff": {"ada", "tom"},
        "private": {author},
        "group:red": {"ada", "tom", *GROUPS["red"]},
        "group:blue": {"ada", "tom", *GROUPS["blue"]},
    }
    assert seers == expected_seers[after]


def test_the_key_of_what_has_moved_answers_its_author_and_nobody_else(study: Study) -> None:
    """[ANN3] Answers that others were given while they could see it are emptied."""
    made = study.annotate("ben", "a secret")
    anchored = ReanchorAnnotation.model_validate(
        {"key": "k1", "annotation_id": made.id, "base_revision": 1, "target": OTHER}
    )
    assert study.run("dan", anchored).annotation.body == "a secret"
    moved = study.update("ben", made, base=2, visibility="private")
    assert study.run("dan", anchored).annotation.body == ""
    assert moved.revision == 4
    assert study.update("ben", moved, body="still mine").body == "still mine"


def test_a_thread_in_which_others_have_replied_stays_where_it_is(study: Study) -> None:
    made = study.annotate("ben")
    study.reply("cleo", made)
    refused(Conflict, "visibility", lambda: study.update("ben", made, visibility="private"))
    assert len(study.page("dan")) == 2


def test_nobody_moves_to_an_audience_that_is_not_theirs(study: Study) -> None:
    made = study.annotate("ben")
    refused(Forbidden, "visibility", lambda: study.update("ben", made, visibility="staff"))
    refused(Forbidden, "visibility", lambda: study.update("ben", made, visibility="group:blue"))
    refused(Forbidden, "visibility", lambda: study.update("ada", made, visibility="private"))
    reply = study.reply("ben", made)
    refused(Invalid, "visibility", lambda: study.update("ben", reply, visibility="private"))
