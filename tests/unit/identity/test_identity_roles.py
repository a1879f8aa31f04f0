"""Role names: ours and LTI's, of a person and in a course."""

from __future__ import annotations

import pytest

from coursewire.identity.roles import ROLES, role_in_course, role_of_person, roles_in_course, roles_of_person

MEMBERSHIP = "http://purl.imsglobal.org/vocab/lis/v2/membership"
PERSON = "http://purl.imsglobal.org/vocab/lis/v2/institution/person"
SYSTEM = "http://purl.imsglobal.org/vocab/lis/v2/system/person"


@pytest.mark.parametrize(
    ("value", "role"),
    [
        (f"{MEMBERSHIP}#Administrator", "administrator"),
        (f"{MEMBERSHIP}#Instructor", "instructor"),
        (f"{MEMBERSHIP}#ContentDeveloper", "content_developer"),
        (f"{MEMBERSHIP}#Learner", "learner"),
        (f"{MEMBERSHIP}#Mentor", "mentor"),
        (f"{MEMBERSHIP}/Instructor#TeachingAssistant", "teaching_assistant"),
        (f"{MEMBERSHIP}/Instructor#PrimaryInstructor", "instructor"),
        (f"{MEMBERSHIP}/Instructor#Grader", "teaching_assistant"),
        (f"{MEMBERSHIP}/Learner#GuestLearner", "learner"),
        ("urn:lti:role:ims/lis/Instructor", "instructor"),
        ("urn:lti:role:ims/lis/TeachingAssistant/Grader", "teaching_assistant"),
        ("Instructor", "instructor"),
        ("teaching_assistant", "teaching_assistant"),
        (f"{MEMBERSHIP}#Officer", None),
        (f"{MEMBERSHIP}", None),
        (f"{PERSON}#Instructor", None),
        (f"{SYSTEM}#Administrator", None),
        ("urn:lti:sysrole:ims/lis/SysAdmin", None),
        ("service", None),
        ("janitor", None),
        ("", None),
    ],
)
def test_roles_in_a_course(value: str, role: str | None) -> None:
    assert role_in_course(value) == role


@pytest.mark.parametrize(
    ("value", "role"),
    [
        (f"{PERSON}#Instructor", "instructor"),
        (f"{PERSON}#Faculty", "instructor"),
        (f"{PERSON}#Student", "learner"),
        (f"{SYSTEM}#SysAdmin", "administrator"),
        ("urn:lti:instrole:ims/lis/Administrator", "administrator"),
        ("service", "service"),
        ("mentor", "mentor"),
        (f"{MEMBERSHIP}#Instructor", None),
        (f"{MEMBERSHIP}#Administrator", None),
        (f"{PERSON}#Alumni", None),
        ("root", None),
    ],
)
def test_roles_of_a_person(value: str, role: str | None) -> None:
    assert role_of_person(value) == role


def test_our_own_names_are_themselves() -> None:
    assert {role_of_person(name) for name in ROLES} == ROLES
    assert {role_in_course(name) for name in ROLES - {"service"}} == ROLES - {"service"}


def test_the_set_of_roles_is_kept() -> None:
    values = [f"{MEMBERSHIP}#Instructor", f"{MEMBERSHIP}/Instructor#TeachingAssistant", "unheard-of"]
    assert roles_in_course(values) == {"instructor", "teaching_assistant"}


def test_whoever_is_enrolled_is_at_least_a_learner_and_a_person_may_be_nothing() -> None:
    assert roles_in_course(["service", f"{PERSON}#Administrator"]) == {"learner"}
    assert roles_of_person([]) == frozenset()
