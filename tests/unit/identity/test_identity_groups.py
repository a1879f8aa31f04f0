"""Groups of people in a course: who is in which, and what tells it."""

from __future__ import annotations

import pytest
from tests.unit.identity.test_identity_membership import STAFF, lines
from tests.unit.log.ledger import Ledger

from coursewire.errors import Invalid, NotFound, TooLarge
from coursewire.identity import groups, membership
from coursewire.identity.contract import Fact, GroupChanged


@pytest.fixture
def course(ledger: Ledger) -> Ledger:
    ledger.do(membership.put_course, "cs101", "Computing")
    ledger.do(membership.put_members, "cs101", [*lines("ben", "cleo", "dan"), *lines("ada", roles=STAFF)])
    return ledger


def put(ledger: Ledger, group_id: str, *user_ids: str, title: str | None = None) -> tuple[Fact, ...]:
    facts: tuple[Fact, ...] = ledger.do(groups.put_group, "cs101", group_id, user_ids, title=title)
    return facts


def test_a_group_is_the_people_that_it_was_last_given(course: Ledger) -> None:
    """[FAN4] The fact names who came and who went, so that their rights are decided anew."""
    assert put(course, "red", "ben", "cleo", title="Red") == (
        GroupChanged("cs101", "red", added=("ben", "cleo")),
    )
    assert put(course, "red", "ben", "cleo") == ()
    assert put(course, "red", "dan", "cleo") == (
        GroupChanged("cs101", "red", added=("dan",), removed=("ben",)),
    )
    assert course.do(groups.group, "cs101", "red") == groups.Group("red", "Red")
    assert course.do(groups.members_of, "cs101", "red") == ["cleo", "dan"]
    assert course.do(groups.members_among, "cs101", "red", ["ada", "ben", "dan"]) == {"dan"}
    assert course.do(groups.groups_of, "dan", "cs101") == {"red"}
    assert course.do(groups.groups_of, "ben", "cs101") == frozenset()
    assert course.do(groups.groups_of, "dan", "math") == frozenset()


def test_a_title_stays_until_another_is_given(course: Ledger) -> None:
    put(course, "red")
    assert course.do(groups.group, "cs101", "red").title == "red"
    assert put(course, "red", title="Red") == (GroupChanged("cs101", "red"),)  # pages show it
    assert put(course, "red", title="Red") == ()
    put(course, "red", "ben")
    put(course, "blue")
    found = course.do(groups.groups_of_course, "cs101")
    assert found == [groups.Group("blue", "blue"), groups.Group("red", "Red")]


def test_who_leaves_the_course_is_in_none_of_its_groups(course: Ledger) -> None:
    put(course, "red", "ben", "cleo")
    course.do(membership.remove_member, "cs101", "ben")
    assert course.do(groups.members_of, "cs101", "red") == ["cleo"]
    assert course.do(groups.members_among, "cs101", "red", ["ben"]) == frozenset()
    assert course.do(groups.groups_of, "ben", "cs101") == frozenset()
    course.do(membership.put_members, "cs101", lines("ben"))
    assert course.do(groups.groups_of, "ben", "cs101") == {"red"}


def test_a_dissolved_group_gives_no_right(course: Ledger) -> None:
    put(course, "red", "ben", "cleo")
    assert course.do(groups.remove_group, "cs101", "red") == (
        GroupChanged("cs101", "red", removed=("ben", "cleo")),
    )
    assert course.do(groups.remove_group, "cs101", "red") == ()
    assert course.do(groups.groups_of, "ben", "cs101") == frozenset()
    assert not course.do(groups.is_group, "cs101", "red")
    with pytest.raises(NotFound):
        course.do(groups.group, "cs101", "red")


def test_who_is_erased_is_in_no_group(course: Ledger) -> None:
    """[LOG5] Not even when somebody comes under the same id."""
    put(course, "red", "ben")
    course.do(membership.erase_user, "ben")
    course.do(membership.put_members, "cs101", lines("ben"))
    assert course.do(groups.groups_of, "ben", "cs101") == frozenset()


@pytest.mark.parametrize(
    ("user_ids", "field"),
    [(("ben", "eve"), "user_ids.1"), (("ben", "cleo", "ben"), "user_ids.2")],
)
def test_strangers_and_repeated_names_are_refused_whole(
    course: Ledger, user_ids: tuple[str, ...], field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        put(course, "red", *user_ids)
    assert refused.value.field == field
    assert not course.do(groups.is_group, "cs101", "red")


def test_groups_of_an_unknown_course_are_not_found(ledger: Ledger) -> None:
    with pytest.raises(NotFound):
        put(ledger, "red")
    with pytest.raises(NotFound):
        ledger.do(groups.remove_group, "cs101", "red")


def test_groups_are_bounded(course: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody listens to a channel for each of theirs; a course lists all of its own in one reply."""
    for number in range(groups.GROUPS_OF_PERSON):
        put(course, f"g{number}", "ben")
    put(course, "g0", "ben", "cleo")
    with pytest.raises(Invalid) as refused:
        put(course, "one-more", "cleo", "ben")
    assert refused.value.field == "user_ids.1"
    monkeypatch.setattr(groups, "GROUPS_OF_COURSE", groups.GROUPS_OF_PERSON)
    put(course, "g1", "cleo")
    with pytest.raises(TooLarge):
        put(course, "one-more", "cleo")
