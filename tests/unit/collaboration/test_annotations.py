"""Annotations as they are written and listed, with all that is told of it; and rights that change."""

from __future__ import annotations

import pytest
from tests.unit.collaboration.study import TARGET, Json, Study, refused

from coursewire.bus.port import RightsChanged
from coursewire.errors import CoursewireError, Forbidden, Invalid, NotFound, TooLarge
from coursewire.identity import groups
from coursewire.namespaces.collaboration.contract import Annotation, CreateAnnotation, ListAnnotations
from coursewire.namespaces.collaboration.rules import annotations as rules
from coursewire.namespaces.collaboration.rules import audiences
from coursewire.namespaces.collaboration.rules.audiences import Viewer
from coursewire.namespaces.collaboration.service.audiences import entered
from coursewire.namespaces.collaboration.store import annotations as store
from coursewire.vocabulary import new_id

# Writing


def test_an_annotation_is_stored_told_and_listed_alike(study: Study) -> None:
    """[LOG1] The event carries what a list shows."""
    made = study.annotate("ben", "See *this*, @ada", tags=["unclear", "later", "unclear"])
    assert (made.author_id, made.author_name, made.revision, made.state) == ("ben", "Ben", 1, "shown")
    assert made.tags == ["unclear", "later"]
    assert "<em>this</em>" in made.html
    assert '<span class="mention" data-user-id="ada">' in made.html
    [(name, data)] = study.events("document:7")
    assert name == "annotation.created"
    assert Annotation.model_validate(data) == made
    assert study.page("cleo") == [made]


@pytest.mark.parametrize(
    ("visibility", "author", "channels"),
    [
        ("course", "ben", ["document:7"]),
        ("staff", "ada", ["document:7:staff"]),
        ("private", "ben", ["user:ben"]),
        ("group:red", "ben", ["document:7:group:red", "document:7:staff"]),
    ],
)
def test_an_annotation_travels_in_the_channels_of_its_audience(
    study: Study, visibility: str, author: str, channels: list[str]
) -> None:
    """[ANN1] And its replies, whatever they ask for."""
    made = study.annotate(author, visibility=visibility)
    study.reply(author, made, visibility="course")
    every = [
        "document:7",
        "document:7:staff",
        "document:7:group:red",
        "document:7:group:blue",
        "user:ben",
        "user:ada",
    ]
    assert {name for name in every if study.events(name)} == set(channels)
    for name in channels:
        assert study.names(name) == ["created", "created"]
    assert {one.visibility for one in study.page(author)} == {visibility}


def test_staff_need_no_channel_of_a_group(study: Study) -> None:
    """What is for one of hundreds of groups comes in the channel of the staff."""
    for user_id, expected in (
        ("ada", ("document:7", "document:7:staff")),
        ("ben", ("document:7", "document:7:group:red")),
        ("mia", ("document:7",)),
    ):
        viewer = study.do(entered, study.caller(user_id), "7").viewer
        assert audiences.channels_seen_by(viewer, "7") == expected
    refused(NotFound, "document_id", lambda: study.do(entered, study.caller("eve"), "7"))


def test_a_reply_is_counted_in_its_thread(study: Study) -> None:
    made = study.annotate("ben")
    replies = [study.reply(who, made) for who in ("ada", "cleo", "ben")]
    assert study.page("dan")[0].reply_count == 3
    study.delete("cleo", replies[1])
    assert study.page("dan")[0].reply_count == 2
    assert [one.id for one in study.page("dan", parent_id=made.id)] == [made.id, replies[0].id, replies[2].id]


def test_a_reply_belongs_to_the_first_of_a_thread_in_this_document(study: Study) -> None:
    study.document("8")
    made = study.annotate("ben")
    reply = study.reply("ada", made)
    refused(Invalid, "parent_id", lambda: study.reply("cleo", reply))
    refused(NotFound, "parent_id", lambda: study.annotate("cleo", parent_id=made.id, document_id="8"))
    refused(NotFound, "parent_id", lambda: study.annotate("cleo", parent_id="nothing"))
    assert study.page("ada")[0].reply_count == 1


@pytest.mark.parametrize(
    ("who", "fields", "error", "field"),
    [
        ("ben", {"visibility": "staff"}, Forbidden, "visibility"),
        ("ben", {"visibility": "group:blue"}, Forbidden, "visibility"),
        ("ben", {"visibility": "group:nobody"}, Forbidden, "visibility"),
        ("ada", {"visibility": "group:nobody"}, Invalid, "visibility"),
        ("ben", {"motivation": "assessing"}, Forbidden, "motivation"),
        ("ben", {"target": {**TARGET, "selector": "p"}}, Invalid, "target.selector"),
        ("ben", {"document_id": "9"}, NotFound, "document_id"),
        ("eve", {}, NotFound, "document_id"),
        ("ben", {"document_id": "quiet"}, Forbidden, "document_id"),
        ("ben", {"document_id": "blue"}, NotFound, "document_id"),
    ],
)
def test_what_is_not_theirs_to_write_is_refused(
    study: Study, who: str, fields: Json, error: type[CoursewireError], field: str
) -> None:
    study.document("quiet", access={"learner": "view"})
    study.document("blue", group="blue")
    refused(error, field, lambda: study.annotate(who, **fields))
    assert study.page("ada") == []
    assert study.events("document:7") == []


def test_pages_are_annotated_by_quote_and_selector(study: Study) -> None:
    target = {"quote": {"exact": "Week 1"}, "selector": "main > h1", "start": "0", "end": "6"}
    made = study.annotate("mia", document_id="page", target=target)
    assert made.target is not None
    assert made.target.selector == "main > h1"
    assert study.page("ben", "page") == [made]
    refused(Invalid, "target.start", lambda: study.annotate("ben", document_id="page", target=TARGET))


def test_the_same_key_annotates_once(study: Study) -> None:
    """[LOG3]"""
    command = CreateAnnotation.model_validate(
        {"key": "k1", "document_id": "7", "body": "once", "target": TARGET}
    )
    first, again = study.run("ben", command), study.run("ben", command)
    assert (first.duplicate, again.duplicate) == (False, True)
    assert first.annotation == again.annotation
    assert study.bodies("ben") == ["once"]


# Bounds


def test_a_thread_a_person_and_a_document_are_bounded(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    """Refused with `too_large` when full; what is taken back makes room."""
    monkeypatch.setattr(rules, "MOST_REPLIES", 2)
    monkeypatch.setattr(rules, "MOST_OF_PERSON", 4)
    monkeypatch.setattr(rules, "MOST_OF_DOCUMENT", 6)
    made = study.annotate("ben")
    replies = [study.reply("ben", made), study.reply("cleo", made)]
    refused(TooLarge, "parent_id", lambda: study.reply("cleo", made))
    study.delete("ben", replies[0])
    study.reply("ben", made)
    for _ in range(2):
        study.annotate("ben", visibility="private")
    refused(TooLarge, "document_id", lambda: study.annotate("ben", visibility="private"))
    for _ in range(3):
        study.annotate("cleo")
    refused(TooLarge, "document_id", lambda: study.annotate("ada"))
    study.annotate("ada", visibility="private")


# Lists


def test_lists_are_paged_and_filtered(study: Study) -> None:
    made = [study.annotate("ben", f"note {n}", tags=[f"t{n % 2}"]) for n in range(7)]
    question = study.annotate("cleo", "why?", motivation="questioning", tags=["T1", "t10"])
    study.resolve("ben", made[0])
    first = study.run("dan", ListAnnotations(document_id="7", limit=5))
    assert [one.body for one in first.items] == [f"note {n}" for n in range(5)]
    assert set(first.since) == {"document:7", "document:7:group:blue"}
    # A client takes the `positions` of an answer for channels that it is subscribed to from now on.
    assert "positions" not in first.model_dump()
    rest = study.run("dan", ListAnnotations(document_id="7", limit=5, cursor=first.next_cursor))
    assert [one.body for one in rest.items] == ["note 5", "note 6", "why?"]
    assert (rest.next_cursor, rest.since) == (None, None)
    assert study.bodies("dan", tag="t1") == ["note 1", "note 3", "note 5"]
    assert study.bodies("dan", tag="t") == []
    assert study.page("dan", motivation="questioning") == [question]
    assert study.bodies("dan", resolved=True) == ["note 0"]
    assert len(study.page("dan", resolved=False)) == 7
    refused(Invalid, "cursor", lambda: study.page("dan", cursor="not one of ours"))


def test_a_page_is_cut_where_an_answer_would_be_too_long(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "MOST_CHARACTERS_ON_A_PAGE", 9_000)
    made = [study.annotate("ben", "x" * 1_500) for _ in range(5)]
    found: list[str] = []
    cursor: str | None = None
    pages = 0
    while cursor is not None or not pages:
        page = study.run("ben", ListAnnotations(document_id="7", cursor=cursor))
        found += [one.id for one in page.items]
        cursor, pages = page.next_cursor, pages + 1
    assert found == [one.id for one in made]
    assert pages == 3


def test_lists_and_counts_decide_as_the_rules_do(study: Study) -> None:
    """[ANN1] The condition in SQL is the rule's."""
    for who, visibility in (
        ("ada", "course"), ("ada", "staff"), ("ada", "private"), ("ada", "group:red"), ("ada", "group:blue"),
        ("tom", "private"), ("ben", "private"), ("ben", "group:red"), ("dan", "group:blue"), ("mia", "course"),
    ):  # fmt: skip
        study.annotate(who, f"{who} {visibility}", visibility=visibility)
    every = [(one.author_id, one.visibility) for one in study.do(_all)]
    assert len(every) == 10
    for user_id in ("ada", "tom", "ben", "cleo", "dan", "mia"):
        caller = study.caller(user_id)
        viewer: Viewer = study.do(entered, caller, "7").viewer
        expected = {
            (author_id, visibility)
            for author_id, visibility in every
            if audiences.may_see(viewer, visibility, author_id)
        }
        assert {(one.author_id, one.visibility) for one in study.page(user_id)} == expected
        assert study.do(store.count_open, viewer, ["7", "page"]) == {"7": len(expected)}


def _all(tx: object) -> list[Annotation]:
    everything = Viewer("nobody", "view", is_staff=True)
    found = store.page_of(tx, everything, ListAnnotations(document_id="7"), "", 100)  # type: ignore[arg-type]
    private = [
        store.page_of(tx, Viewer(who, "view"), ListAnnotations(document_id="7"), "", 100)  # type: ignore[arg-type]
        for who in ("ada", "tom", "ben")
    ]
    return [*found, *(one for page in private for one in page if one.visibility == "private")]


# Rights that change


def test_who_is_taken_out_of_a_group_sees_none_of_it_any_more(study: Study) -> None:
    """[ANN1] [FAN4] Their subscriptions are decided anew."""
    made = study.annotate("ben", visibility="group:red")
    assert study.page("cleo") == [made]
    study.effects.clear()
    study.put_group("red", ["ben", "dan"])
    assert RightsChanged(("cleo", "dan")) in study.effects
    assert study.page("cleo") == []
    assert study.page("dan") == [made]
    refused(NotFound, "annotation_id", lambda: study.reanchor("cleo", made, None))


def test_who_is_no_longer_staff_sees_no_staff_note_not_even_their_own(study: Study) -> None:
    """[ANN1]"""
    made = study.annotate("tom", visibility="staff")
    study.enrol({"tom": "learner"})
    assert study.page("tom") == []
    refused(NotFound, "annotation_id", lambda: study.update("tom", made, body="x"))


def test_in_an_archived_document_everything_stands_as_it_was(study: Study) -> None:
    made = study.annotate("ben")
    study.document("old", is_archived=True)
    refused(Forbidden, "document_id", lambda: study.annotate("ada", document_id="old"))
    assert study.page("ada") == [made]


def test_the_lms_sees_all_but_private_notes(study: Study) -> None:
    lms = study.caller("lms", "service")
    for who, visibility in (("ada", "staff"), ("ben", "group:red"), ("ben", "private"), ("ben", "course")):
        study.annotate(who, visibility, visibility=visibility)
    assert study.bodies(lms) == ["staff", "group:red", "course"]
    assert study.annotate(lms, "from the LMS").author_id == "lms"
    assert study.page("ben")[-1].author_name == "lms"


def test_of_an_unknown_thread_and_a_hidden_one_a_list_shows_the_same(study: Study) -> None:
    """[ANN1]"""
    hidden = study.annotate("ada", visibility="staff")
    study.reply("tom", hidden)
    assert study.page("ben", parent_id=hidden.id) == study.page("ben", parent_id=new_id()) == []
    assert len(study.page("tom", parent_id=hidden.id)) == 2


@pytest.mark.parametrize(
    ("who", "names"),
    [("ben", {"red": "Team Red"}), ("ada", {"blue": "blue", "red": "Team Red"}), ("mia", {})],
)
def test_groups_have_names_for_those_who_may_address_them(
    study: Study, who: str, names: dict[str, str]
) -> None:
    """[ANN1] With the first page, and with no other."""
    members = ["ben", "cleo"]
    study.tell(lambda raw: groups.put_group(raw, "cs101", "red", members, title="Team Red"))
    for _ in range(2):
        study.annotate("ben")
    first = study.run(who, ListAnnotations(document_id="7", limit=1))
    assert {group.id: group.title for group in first.groups} == names
    second = study.run(who, ListAnnotations(document_id="7", limit=1, cursor=first.next_cursor))
    assert (len(second.items), second.groups) == (1, [])
