"""Rosters and claims: who belongs to a course after both have spoken, and which facts tell it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from tests.unit.log.ledger import Ledger

from coursewire.errors import AuthExpired, Invalid, NotFound
from coursewire.identity import membership
from coursewire.identity.caller import Caller
from coursewire.identity.contract import (
    CourseSaved,
    Fact,
    MembersChanged,
    SessionsEnded,
    UserErased,
    UserSaved,
)
from coursewire.identity.membership import Enrolment
from coursewire.identity.store import course_removals
from coursewire.storage import Prepared, Transaction
from coursewire.vocabulary import Role

REMOVED = Prepared(select(course_removals.c.user_id))
LEARNER: frozenset[Role] = frozenset({"learner"})
STAFF: frozenset[Role] = frozenset({"instructor", "teaching_assistant"})


def caller(
    user_id: str = "ada", *, at: int, courses: Mapping[str, Iterable[Role]] | None = None, **changes: Any
) -> Caller:
    """Return who a token issued at `at` belongs to; without `courses` it says nothing about them."""
    held = {course_id: frozenset(roles) for course_id, roles in (courses or {}).items()}
    name = changes.pop("name", user_id.title())
    return Caller(user_id, name, courses=held, claims_courses=courses is not None, issued_at=at, **changes)


def lines(*user_ids: str, roles: frozenset[Role] = LEARNER) -> list[Enrolment]:
    return [Enrolment(user_id, user_id.title(), roles) for user_id in user_ids]


@pytest.fixture
def course(ledger: Ledger) -> Ledger:
    ledger.do(membership.put_course, "cs101", "Computing")
    return ledger


def roster(ledger: Ledger, course_id: str = "cs101") -> dict[str, set[str]]:
    held = ledger.do(membership.roster_of, course_id)
    return {user_id: set(roles) for user_id, roles in held.items()}


def sync(ledger: Ledger, who: Caller) -> tuple[Fact, ...]:
    """Sync, and check that the read-only question gives the answer that matches."""
    expected = ledger.do(membership.news_in_claims, who)
    facts: tuple[Fact, ...] = ledger.do(membership.sync_claims, who)
    assert expected is membership.News.CHANGES or not facts
    assert ledger.do(membership.news_in_claims, who) is membership.News.NOTHING
    assert ledger.do(membership.sync_claims, who) == ()
    return facts


# Courses and the roster


def test_a_course_is_saved_once(ledger: Ledger) -> None:
    assert ledger.do(membership.put_course, "cs101", "Computing") == (CourseSaved("cs101", "Computing"),)
    assert ledger.do(membership.put_course, "cs101", "Computing") == ()
    assert ledger.do(membership.put_course, "cs101", "Other") == (CourseSaved("cs101", "Other"),)
    assert ledger.do(membership.course, "cs101").title == "Other"


def test_an_unknown_course_is_not_found(ledger: Ledger) -> None:
    for function, arguments in [
        (membership.course, ()),
        (membership.put_members, ([],)),
        (membership.remove_member, ("ada",)),
    ]:
        with pytest.raises(NotFound):
            ledger.do(function, "nowhere", *arguments)
    assert ledger.do(membership.roster_of, "nowhere") == {}
    assert ledger.do(membership.roles_in, "ada", "nowhere") == frozenset()


def test_members_are_added_changed_and_left_alone(course: Ledger) -> None:
    facts = course.do(membership.put_members, "cs101", [*lines("ada", roles=STAFF), *lines("bob", "cleo")])
    assert facts == (
        UserSaved("ada", "Ada", None),
        UserSaved("bob", "Bob", None),
        UserSaved("cleo", "Cleo", None),
        MembersChanged("cs101", added=("ada", "bob", "cleo")),
    )
    facts = course.do(
        membership.put_members, "cs101", [*lines("ada", "bob"), Enrolment("dan", "Dan", LEARNER)]
    )
    assert facts == (
        UserSaved("dan", "Dan", None),
        MembersChanged("cs101", added=("dan",), changed=("ada",)),
    )
    assert roster(course) == {name: {"learner"} for name in ("ada", "bob", "cleo", "dan")}
    assert course.do(membership.put_members, "cs101", lines("ada", "bob", "dan")) == ()


def test_a_whole_roster_removes_the_others(course: Ledger) -> None:
    course.do(membership.put_members, "cs101", lines("ada", "bob", "cleo"))
    facts = course.do(membership.put_members, "cs101", lines("bob", "dan"), replace=True)
    assert facts == (
        UserSaved("dan", "Dan", None),
        MembersChanged("cs101", added=("dan",), removed=("ada", "cleo")),
    )
    assert set(roster(course)) == {"bob", "dan"}
    assert course.do(membership.put_members, "cs101", [], replace=True) == (
        MembersChanged("cs101", removed=("bob", "dan")),
    )
    assert course.do(membership.count_members, "cs101") == 0


def test_a_new_name_is_told_and_keeps_the_picture(course: Ledger) -> None:
    sync(course, caller(at=500, avatar_url="/a.svg"))
    facts = course.do(membership.put_members, "cs101", [Enrolment("ada", "Ada L.", LEARNER)])
    assert facts == (UserSaved("ada", "Ada L.", "/a.svg"), MembersChanged("cs101", added=("ada",)))
    assert course.do(membership.user, "ada") == membership.User("ada", "Ada L.", "/a.svg")


def test_nobody_is_named_twice(course: Ledger) -> None:
    with pytest.raises(Invalid) as caught:
        course.do(membership.put_members, "cs101", lines("ada", "bob", "ada"))
    assert caught.value.field == "members.2.user_id"
    assert roster(course) == {}


def test_a_member_is_removed_once(course: Ledger) -> None:
    course.do(membership.put_members, "cs101", lines("ada", "bob"))
    assert course.do(membership.remove_member, "cs101", "ada") == (MembersChanged("cs101", removed=("ada",)),)
    assert course.do(membership.remove_member, "cs101", "ada") == ()
    assert set(roster(course)) == {"bob"}
    assert course.do(membership.courses_of, "ada") == {}


def test_members_come_in_pages_by_id(course: Ledger) -> None:
    course.do(membership.put_members, "cs101", lines("cleo", "ada", "bob", roles=STAFF))
    first = course.do(membership.members_of, "cs101", limit=2)
    assert [(member.user_id, member.name, member.roles) for member in first] == [
        ("ada", "Ada", STAFF),
        ("bob", "Bob", STAFF),
    ]
    assert [member.user_id for member in course.do(membership.members_of, "cs101", after="bob")] == ["cleo"]


def test_ten_thousand_members_take_few_statements(course: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    statements = 0
    run, read = Transaction.run, Transaction.all

    def counting_run(tx: Transaction, statement: Prepared, /, **params: Any) -> int:
        nonlocal statements
        statements += 1
        return run(tx, statement, **params)

    def counting_all(tx: Transaction, statement: Prepared, /, **params: Any) -> Any:
        nonlocal statements
        statements += 1
        return read(tx, statement, **params)

    monkeypatch.setattr(Transaction, "run", counting_run)
    monkeypatch.setattr(Transaction, "all", counting_all)
    everybody = lines(*(f"user-{number}" for number in range(10_000)))
    course.do(membership.put_members, "cs101", everybody, replace=True)
    assert statements < 400
    assert course.do(membership.count_members, "cs101") == 10_000
    assert len(course.do(membership.users, [member.user_id for member in everybody])) == 10_000

    statements = 0
    assert course.do(membership.put_members, "cs101", everybody) == ()
    assert statements < 100

    promoted = [replace(member, roles=STAFF) for member in everybody[:5_000]]
    [fact] = course.do(membership.put_members, "cs101", promoted, replace=True)
    assert (len(fact.added), len(fact.changed), len(fact.removed)) == (0, 5_000, 5_000)
    assert course.do(membership.count_members, "cs101") == 5_000


# Claims


def test_a_first_token_makes_the_user_the_course_and_the_membership(ledger: Ledger) -> None:
    facts = sync(ledger, caller(at=900, courses={"cs101": STAFF}, avatar_url="/a.svg"))
    assert facts == (
        UserSaved("ada", "Ada", "/a.svg"),
        CourseSaved("cs101", "cs101"),
        MembersChanged("cs101", added=("ada",)),
    )
    assert ledger.do(membership.roles_in, "ada", "cs101") == STAFF
    assert ledger.do(membership.courses_of, "ada") == {"cs101": STAFF}


def test_a_newer_token_changes_and_ends_what_claims_began(ledger: Ledger) -> None:
    """[SES2] A refreshed token that lacks a course ends the right to it."""
    sync(ledger, caller(at=100, courses={"a": LEARNER, "b": LEARNER, "c": LEARNER}))
    facts = sync(ledger, caller(at=200, courses={"a": LEARNER, "b": STAFF, "d": LEARNER}))
    assert facts == (
        CourseSaved("d", "d"),
        MembersChanged("d", added=("ada",)),
        MembersChanged("c", removed=("ada",)),
        MembersChanged("b", changed=("ada",)),
    )
    assert ledger.do(membership.courses_of, "ada") == {"a": LEARNER, "b": STAFF, "d": LEARNER}


def test_an_older_token_changes_nothing(ledger: Ledger) -> None:
    sync(ledger, caller(at=200, courses={"a": LEARNER}, name="New"))
    assert sync(ledger, caller(at=100, courses={"b": LEARNER}, name="Old")) == ()
    assert ledger.do(membership.courses_of, "ada") == {"a": LEARNER}
    assert ledger.do(membership.user, "ada").name == "New"


def test_order_among_tokens_is_kept_also_when_one_of_them_said_nothing_new(ledger: Ledger) -> None:
    sync(ledger, caller(at=100, courses={"a": LEARNER}))
    assert sync(ledger, caller(at=300, courses={"a": LEARNER})) == ()
    assert sync(ledger, caller(at=200, courses={})) == ()
    assert ledger.do(membership.courses_of, "ada") == {"a": LEARNER}


def test_a_token_without_courses_ends_none(ledger: Ledger) -> None:
    sync(ledger, caller(at=100, courses={"a": LEARNER}))
    assert sync(ledger, caller(at=200)) == ()
    assert ledger.do(membership.courses_of, "ada") == {"a": LEARNER}
    assert sync(ledger, caller(at=300, courses={})) == (MembersChanged("a", removed=("ada",)),)


def test_the_roster_stands_above_claims(course: Ledger) -> None:
    course.now = 1_000
    course.do(membership.put_members, "cs101", lines("ada"))
    assert sync(course, caller(at=2_000, courses={"cs101": STAFF})) == ()
    assert sync(course, caller(at=3_000, courses={})) == ()
    assert roster(course) == {"ada": {"learner"}}


@pytest.mark.parametrize("by", ["a whole roster", "a line of it", "erasing"])
def test_removals_are_forgotten_where_something_newer_stands_for_them(course: Ledger, by: str) -> None:
    course.do(membership.remove_member, "cs101", "ada")
    assert [row.user_id for row in course.write(lambda tx: tx.all(REMOVED))] == ["ada"]
    if by == "erasing":
        course.do(membership.erase_user, "ada")
    else:
        is_whole = by == "a whole roster"
        course.do(membership.put_members, "cs101", [] if is_whole else lines("ada"), replace=is_whole)
    assert course.write(lambda tx: tx.all(REMOVED)) == []


def test_of_two_tokens_of_one_moment_the_one_that_comes_later_counts(course: Ledger) -> None:
    """Many libraries write whole seconds."""
    sync(course, caller(at=1_000, courses={}))
    sync(course, caller(at=1_000, courses={"cs101": LEARNER}))
    assert roster(course) == {"ada": {"learner"}}


def test_the_roster_takes_over_whom_a_token_brought(course: Ledger) -> None:
    sync(course, caller(at=500, courses={"cs101": LEARNER}))
    assert course.do(membership.put_members, "cs101", lines("ada")) == ()
    assert sync(course, caller(at=2_000, courses={})) == ()
    assert roster(course) == {"ada": {"learner"}}


@pytest.mark.parametrize("removal", ["delete", "replace"])
@pytest.mark.parametrize("was_member", [True, False])
def test_a_removal_is_undone_by_a_later_token_only(course: Ledger, removal: str, *, was_member: bool) -> None:
    course.now = 1_000
    if was_member:
        course.do(membership.put_members, "cs101", lines("ada"))
    course.now = 2_000
    if removal == "delete":
        course.do(membership.remove_member, "cs101", "ada")
    else:
        course.do(membership.put_members, "cs101", lines("bob"), replace=True)
    for issued_at in (0, 500, 1_999, 2_000):
        sync(course, caller(at=issued_at, courses={"cs101": LEARNER}))
        assert "ada" not in roster(course)
    assert sync(course, caller(at=2_001, courses={"cs101": LEARNER})) == (
        MembersChanged("cs101", added=("ada",)),
    )


def test_a_removal_ends_when_the_roster_names_the_person_again(course: Ledger) -> None:
    course.now = 2_000
    course.do(membership.remove_member, "cs101", "ada")
    course.do(membership.put_members, "cs101", lines("ada"))
    assert roster(course) == {"ada": {"learner"}}


def test_a_later_token_does_not_outlive_a_removal_after_it(course: Ledger) -> None:
    sync(course, caller(at=3_000, courses={"cs101": LEARNER}))
    course.now = 4_000
    course.do(membership.remove_member, "cs101", "ada")
    assert sync(course, caller(at=3_000, courses={"cs101": LEARNER})) == ()
    assert roster(course) == {}


def test_a_token_without_a_name_keeps_the_one_we_have(course: Ledger) -> None:
    course.do(membership.put_members, "cs101", [Enrolment("ada", "Ada Lovelace", LEARNER)])
    assert sync(course, caller(at=2_000, name="ada")) == ()
    assert course.do(membership.user, "ada").name == "Ada Lovelace"


def test_a_service_leaves_no_trace(ledger: Ledger) -> None:
    service = caller("lms", at=100, courses={"cs101": LEARNER}, roles=frozenset({"service"}))
    assert sync(ledger, service) == ()
    assert ledger.do(membership.user, "lms") is None


# Ending sessions, erasing


def test_tokens_from_before_sessions_were_ended_are_refused(ledger: Ledger) -> None:
    ledger.now = 1_000
    assert ledger.do(membership.end_sessions, "ada") == (SessionsEnded("ada"),)
    for function in (membership.sync_claims, membership.news_in_claims):
        with pytest.raises(AuthExpired):
            ledger.do(function, caller(at=1_000))
    assert sync(ledger, caller(at=1_001)) == (UserSaved("ada", "Ada", None),)


def test_an_erased_user_is_gone_and_no_old_token_brings_them_back(course: Ledger) -> None:
    course.do(membership.put_members, "cs101", lines("ada", "bob"))
    course.do(membership.put_course, "cs102", "Other")
    course.do(membership.put_members, "cs102", lines("ada"))
    assert course.do(membership.erase_user, "ada") == (
        MembersChanged("cs101", removed=("ada",)),
        MembersChanged("cs102", removed=("ada",)),
        SessionsEnded("ada"),
        UserErased("ada", ("cs101", "cs102")),
    )
    assert course.do(membership.user, "ada") is None
    assert course.do(membership.courses_of, "ada") == {}
    assert set(roster(course)) == {"bob"}
    with pytest.raises(AuthExpired):
        course.do(membership.sync_claims, caller(at=500, courses={"cs101": LEARNER}))


# The facts are the whole change: folded over the old roster they give the new one

_users = st.sampled_from(["ada", "bob", "cleo"])
_roles = st.sampled_from([LEARNER, STAFF])
_courses = st.sampled_from(["cs101", "cs102"])
_step = st.one_of(
    st.tuples(st.just("put"), _courses, st.dictionaries(_users, _roles), st.booleans()),
    st.tuples(st.just("remove"), _courses, _users),
    st.tuples(st.just("token"), _users, st.none() | st.dictionaries(_courses, _roles), st.integers(0, 25)),
    st.tuples(st.just("erase"), _users),
)


def _facts_of(ledger: Ledger, step: tuple[Any, ...]) -> tuple[Fact, ...]:
    kind, *rest = step
    facts: tuple[Fact, ...]
    if kind == "put":
        course_id, held, whole = rest
        members = [Enrolment(user_id, user_id, roles) for user_id, roles in held.items()]
        facts = ledger.do(membership.put_members, course_id, members, replace=whole)
    elif kind == "remove":
        facts = ledger.do(membership.remove_member, *rest)
    elif kind == "erase":
        facts = ledger.do(membership.erase_user, *rest)
    else:
        user_id, courses, at = rest
        try:
            facts = sync(ledger, caller(user_id, at=at, courses=courses))
        except AuthExpired:
            facts = ()
    return facts


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(_step, max_size=25))
def test_facts_folded_over_the_old_roster_give_the_new_one(
    course: Ledger, steps: list[tuple[Any, ...]]
) -> None:
    """[FAN4] Whoever re-decides rights by these facts misses nobody and bothers nobody else."""
    for course_id in ("cs101", "cs102"):
        course.do(membership.put_course, course_id, course_id)
        course.do(membership.put_members, course_id, [], replace=True)
    for step in steps:
        course.now += 1
        # Tokens are issued around now, before and after the removals.
        moved = (*step[:3], course.now - step[3]) if step[0] == "token" else step
        before = {course_id: roster(course, course_id) for course_id in ("cs101", "cs102")}
        facts = [fact for fact in _facts_of(course, moved) if isinstance(fact, MembersChanged)]
        for course_id, old in before.items():
            new = roster(course, course_id)
            own = [fact for fact in facts if fact.course_id == course_id]
            assert {user for fact in own for user in fact.added} == new.keys() - old.keys()
            assert {user for fact in own for user in fact.removed} == old.keys() - new.keys()
            assert {user for fact in own for user in fact.changed} == {
                user for user in new.keys() & old.keys() if new[user] != old[user]
            }
