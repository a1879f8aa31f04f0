"""Role names: ours, and the LTI spellings of them.

Source: LTI 1.3 core specification, appendix A.2 (role vocabularies), and LTI 1.1 (`urn:lti:...`). A role says
where it holds: `membership#Instructor` in one course, `institution/person#Instructor` somewhere in the
institution. Who teaches elsewhere is no teacher here, so roles of the person never count in a course.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Final, get_args

from coursewire.vocabulary import Role

ROLES: Final[frozenset[str]] = frozenset(get_args(Role))

_MEMBERSHIP: Final = (
    "http://purl.imsglobal.org/vocab/lis/v2/membership",
    "urn:lti:role:ims/lis/",
)
_PERSON: Final = (
    "http://purl.imsglobal.org/vocab/lis/v2/institution/person#",
    "http://purl.imsglobal.org/vocab/lis/v2/system/person#",
    "urn:lti:instrole:ims/lis/",
    "urn:lti:sysrole:ims/lis/",
)
_LTI_NAMES: Final[dict[str, Role]] = {
    "Administrator": "administrator",
    "SysAdmin": "administrator",
    "Instructor": "instructor",
    "Faculty": "instructor",
    "TeachingAssistant": "teaching_assistant",
    "Grader": "teaching_assistant",
    "ContentDeveloper": "content_developer",
    "Learner": "learner",
    "Student": "learner",
    "Mentor": "mentor",
}


def role_of_person(value: str) -> Role | None:
    """Read one role of the person, which holds everywhere; None when it is not one that we know."""
    if value in ROLES:
        return value  # type: ignore[return-value]  # just compared with the literal's values
    for prefix in _PERSON:
        if value.startswith(prefix):
            return _LTI_NAMES.get(value.removeprefix(prefix))
    return _LTI_NAMES.get(value)


def role_in_course(value: str) -> Role | None:
    """Read one role in a course; None when it is not one that we know, or not one that holds in a course."""
    if value in ROLES:
        return None if value == "service" else value  # type: ignore[return-value]
    for prefix in _MEMBERSHIP:
        if value.startswith(prefix):
            # `membership#Instructor`, `membership/Instructor#TeachingAssistant`, `Instructor/Lecturer`:
            # the more special name if we know it, else the one it specialises.
            names = value.removeprefix(prefix).replace("#", "/").strip("/").split("/")
            return next((_LTI_NAMES[name] for name in reversed(names) if name in _LTI_NAMES), None)
    return _LTI_NAMES.get(value)


def roles_of_person(values: Iterable[str]) -> frozenset[Role]:
    """Read the roles of the person; unknown ones are dropped."""
    return _of_person(tuple(values))


def roles_in_course(values: Iterable[str]) -> frozenset[Role]:
    """Read the roles in one course; unknown ones are dropped. Whoever is enrolled is at least a learner."""
    return _in_course(tuple(values))


# An LMS gives most people the same few. Whoever sends others only makes us read these again.
@lru_cache(maxsize=256)
def _of_person(values: tuple[str, ...]) -> frozenset[Role]:
    return frozenset(role for value in values if (role := role_of_person(value)) is not None)


@lru_cache(maxsize=256)
def _in_course(values: tuple[str, ...]) -> frozenset[Role]:
    return frozenset(role for value in values if (role := role_in_course(value)) is not None) or LEARNER


LEARNER: Final[frozenset[Role]] = frozenset({"learner"})
