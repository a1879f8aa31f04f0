"""Where mails go: from the roster or a token, the later word counts, and it leaves with the person."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pydantic import TypeAdapter, ValidationError
from tests.unit.log.ledger import Ledger

from coursewire.identity import membership, store
from coursewire.identity.caller import Caller, claims_digest
from coursewire.identity.contract import UserSaved
from coursewire.identity.membership import Enrolment
from coursewire.identity.tokens import Issuer, Verifier
from coursewire.vocabulary import Email

SECRET = "a-secret-for-tests-that-is-long-enough"


@pytest.fixture
def course(ledger: Ledger) -> Ledger:
    ledger.do(membership.put_course, "cs101", "Computing")
    return ledger


def put(ledger: Ledger, email: str | None, name: str = "Ada") -> tuple[object, ...]:
    line = Enrolment("ada", name, frozenset({"learner"}), email=email)
    facts: tuple[object, ...] = ledger.do(membership.put_members, "cs101", [line])
    return facts


def email_of(ledger: Ledger) -> str | None:
    row = ledger.do(lambda tx: tx.one(store.USER, user_id="ada"))
    found: str | None = row.email
    return found


def test_the_roster_says_it_changes_it_and_takes_it_away(course: Ledger) -> None:
    put(course, "ada@example.edu")
    assert email_of(course) == "ada@example.edu"
    put(course, None, "Ada L.")
    assert email_of(course) == "ada@example.edu", "a line without one says nothing about it"
    assert put(course, "ada@other.edu", "Ada L.") == (), "nobody is told of an address"
    assert email_of(course) == "ada@other.edu"
    put(course, "", "Ada L.")
    assert email_of(course) is None


def test_a_later_token_says_it_and_an_earlier_one_does_not(course: Ledger) -> None:
    put(course, "roster@example.edu")
    at = course.now
    caller = Caller("ada", "Ada", email="token@example.edu", issued_at=at - 1)
    course.do(membership.sync_claims, caller)
    assert email_of(course) == "roster@example.edu"
    later = replace(caller, issued_at=at + 1)
    assert course.do(membership.sync_claims, later) == ()
    assert email_of(course) == "token@example.edu"
    course.do(membership.sync_claims, replace(later, email=None, issued_at=at + 2))
    assert email_of(course) == "token@example.edu"
    assert claims_digest(later) != claims_digest(replace(later, email=None))


def test_a_person_who_comes_by_token_alone(course: Ledger) -> None:
    facts = course.do(membership.sync_claims, Caller("ada", "Ada", email="ada@example.edu", issued_at=5))
    assert facts == (UserSaved("ada", "Ada", None),)
    assert email_of(course) == "ada@example.edu"


def test_no_view_of_a_person_has_it(course: Ledger) -> None:
    put(course, "ada@example.edu")
    seen = [
        course.do(membership.user, "ada"),
        course.do(membership.users, ["ada"]),
        course.do(membership.members_of, "cs101"),
    ]
    assert "example.edu" not in repr(seen)


def test_it_is_erased_with_the_person(course: Ledger) -> None:
    put(course, "ada@example.edu")
    course.do(membership.erase_user, "ada")
    assert course.do(lambda tx: tx.one(store.USER, user_id="ada")) is None


@pytest.mark.parametrize(
    ("claim", "kept"),
    [("ada@example.edu", "ada@example.edu"), ("ada", None), (7, None), ("a@b.edu\r\nBcc: c@d.edu", None)],
)
def test_a_claim_that_is_no_address_is_left_out(claim: object, kept: str | None) -> None:
    issuer = Issuer(SECRET, clock=lambda: 1_000_000)
    token, _ = issuer.issue("ada", "Ada", email=claim)  # type: ignore[arg-type]  # as another issuer might
    assert Verifier(secret=SECRET).verify(token, 1_000_000).email == kept


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "ada",
        "@example.edu",
        "ada@",
        "ada@localhost",
        "ada@-example.edu",
        "ada@example..edu",
        "ada @example.edu",
        "ada@example.edu\n",
        "ada@example.edu,bob@example.edu",
        "<ada@example.edu>",
        "ädä@example.edu",
        "a" * 65 + "@example.edu",
        "a@" + "b" * 250 + ".edu",
    ],
)
def test_what_is_no_address(wrong: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Email).validate_python(wrong)
