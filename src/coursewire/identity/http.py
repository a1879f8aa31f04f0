"""Routes by which the LMS keeps courses and members, and gets tokens made."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from coursewire.errors import Disabled
from coursewire.identity import groups, membership
from coursewire.identity.access import (
    GOOD_FOR_ALL,
    ServiceCaller,
    ServiceWork,
    TellingTransaction,
    entrance,
)
from coursewire.identity.bodies import (
    CourseBody,
    CourseReply,
    CourseView,
    GroupBody,
    GroupList,
    GroupReply,
    GroupSummary,
    GroupView,
    MemberPage,
    MembersBody,
    MembersReply,
    MemberView,
    TokenBody,
    TokenReply,
)
from coursewire.identity.contract import Fact, MembersChanged
from coursewire.identity.membership import Enrolment
from coursewire.identity.roles import roles_in_course
from coursewire.vocabulary import ID_PATTERN, iso

NAMESPACE = "http"
"""Under which these routes run and their idempotency keys are kept."""
AFTERWARDS = "http afterwards"
"""The same, for the second half of a request: the first has its key already."""

CoursePath = Annotated[str, Path(pattern=ID_PATTERN, description="The LMS's id of the course.")]
GroupPath = Annotated[str, Path(pattern=ID_PATTERN, description="The LMS's id of the group.")]
UserPath = Annotated[str, Path(pattern=ID_PATTERN, description="The LMS's id of the user.")]

router = APIRouter(prefix="/v1", tags=["identity"], dependencies=[GOOD_FOR_ALL])


@router.put("/courses/{course_id}", response_model=CourseReply)
async def put_course(course_id: CoursePath, body: CourseBody, work: ServiceWork) -> Response:
    """Make a course, or give it another title."""

    def run(tx: TellingTransaction) -> CourseReply:
        _tell(tx, membership.put_course(tx, course_id, body.title))
        return _course(tx, course_id)

    return await work.write(NAMESPACE, run)


@router.get("/courses/{course_id}", response_model_exclude_none=True)
async def get_course(course_id: CoursePath, work: ServiceWork) -> CourseReply:
    """Return a course."""
    return await work.read(NAMESPACE, lambda tx: _course(tx, course_id))


@router.put("/courses/{course_id}/members", response_model=MembersReply)
async def put_members(
    course_id: CoursePath,
    body: MembersBody,
    work: ServiceWork,
    *,
    replace: Annotated[bool, Query(description="These are the whole roster: everybody else leaves.")] = False,
) -> Response:
    """Add members to a course or update them."""
    roster = [
        Enrolment(member.user_id, member.name, roles_in_course(member.roles), email=member.email)
        for member in body.members
    ]

    def run(tx: TellingTransaction) -> MembersReply:
        return _members(tx, course_id, membership.put_members(tx, course_id, roster, replace=replace))

    return await work.write(NAMESPACE, run)


@router.get("/courses/{course_id}/members", response_model_exclude_none=True)
async def get_members(
    course_id: CoursePath,
    work: ServiceWork,
    cursor: Annotated[str, Query(max_length=128, description="`next_cursor` of the page before.")] = "",
    limit: Annotated[int, Query(ge=1, le=1_000)] = 200,
) -> MemberPage:
    """List the members of a course, from the roster and from tokens alike."""

    def run(tx: TellingTransaction) -> MemberPage:
        membership.course(tx, course_id)
        found = membership.members_of(tx, course_id, after=cursor, limit=limit + 1)
        items = [
            MemberView(
                user_id=member.user_id,
                name=member.name,
                avatar_url=member.avatar_url,
                roles=sorted(member.roles),
            )
            for member in found[:limit]
        ]
        return MemberPage(items=items, next_cursor=items[-1].user_id if len(found) > limit else None)

    return await work.read(NAMESPACE, run)


@router.delete("/courses/{course_id}/members/{user_id}", response_model=MembersReply)
async def remove_member(course_id: CoursePath, user_id: UserPath, work: ServiceWork) -> Response:
    """Take somebody out of a course. A token issued before now does not bring them back."""

    def run(tx: TellingTransaction) -> MembersReply:
        return _members(tx, course_id, membership.remove_member(tx, course_id, user_id))

    return await work.write(NAMESPACE, run)


@router.put("/courses/{course_id}/groups/{group_id}", response_model=GroupReply)
async def put_group(
    course_id: CoursePath, group_id: GroupPath, body: GroupBody, work: ServiceWork
) -> Response:
    """Make a group of people in a course, or change it: these are all of it."""

    def run(tx: TellingTransaction) -> GroupReply:
        _tell(tx, groups.put_group(tx, course_id, group_id, body.user_ids, title=body.title))
        return _group(tx, course_id, group_id)

    return await work.write(NAMESPACE, run)


@router.get("/courses/{course_id}/groups", response_model_exclude_none=True)
async def get_groups(course_id: CoursePath, work: ServiceWork) -> GroupList:
    """List the groups of a course."""

    def run(tx: TellingTransaction) -> GroupList:
        membership.course(tx, course_id)
        found = groups.groups_of_course(tx, course_id)
        return GroupList(items=[GroupSummary(id=group.id, title=group.title) for group in found])

    return await work.read(NAMESPACE, run)


@router.get("/courses/{course_id}/groups/{group_id}", response_model_exclude_none=True)
async def get_group(course_id: CoursePath, group_id: GroupPath, work: ServiceWork) -> GroupReply:
    """Return a group, and who of the course is in it."""
    return await work.read(NAMESPACE, lambda tx: _group(tx, course_id, group_id))


@router.delete("/courses/{course_id}/groups/{group_id}", status_code=204)
async def remove_group(course_id: CoursePath, group_id: GroupPath, work: ServiceWork) -> Response:
    """Dissolve a group: nobody has a right by it any more. What was written for it stays, for the staff."""

    def run(tx: TellingTransaction) -> None:
        _tell(tx, groups.remove_group(tx, course_id, group_id))

    return await work.write(NAMESPACE, run, status=204)


@router.delete("/users/{user_id}/sessions", status_code=204)
async def end_sessions(user_id: UserPath, work: ServiceWork) -> Response:
    """Force somebody off: every token issued before now is worthless, and the sessions it opened end at once."""

    def run(tx: TellingTransaction) -> None:
        _tell(tx, membership.end_sessions(tx, user_id))

    return await work.write(NAMESPACE, run, status=204)


@router.delete("/users/{user_id}", status_code=204)
async def erase_user(user_id: UserPath, work: ServiceWork) -> Response:
    """Erase somebody: memberships, name and picture, what they said (LOG5). Their sessions end; again is harmless."""

    def run(tx: TellingTransaction) -> None:
        _tell(tx, membership.erase_user(tx, user_id))

    reply = await work.write(NAMESPACE, run, status=204)
    # What their sessions had handed in stood behind that in the queue, and was written. Nothing more comes of them now.
    await work.write(AFTERWARDS, run, status=204)
    return reply


@router.post("/tokens", status_code=201)
async def issue_token(body: TokenBody, request: Request, response: Response, _: ServiceCaller) -> TokenReply:
    """Make a token. Nothing is stored, so a repeat with the same `Idempotency-Key` makes another one."""
    issuer = entrance(request).issuer
    if issuer is None:
        raise Disabled(
            "tokens come from the issuer behind the JWKS URL; this server has no secret to sign with"
        )
    token, expires_at = issuer.issue(
        body.user_id,
        body.name,
        avatar_url=body.avatar_url,
        email=body.email,
        roles=body.roles,
        courses=None
        if body.courses is None
        else {course_id: roles_in_course(roles) for course_id, roles in body.courses.items()},
        namespaces=body.namespaces,
        ttl_s=body.ttl_s,
    )
    response.headers["Cache-Control"] = "no-store"
    return TokenReply(token=token, expires_at=iso(expires_at))


def _tell(tx: TellingTransaction, facts: tuple[Fact, ...]) -> None:
    for fact in facts:
        tx.tell(fact)


def _course(tx: TellingTransaction, course_id: str) -> CourseReply:
    found = membership.course(tx, course_id)
    count = membership.count_members(tx, course_id)
    return CourseReply(course=CourseView(id=found.id, title=found.title, member_count=count))


def _group(tx: TellingTransaction, course_id: str, group_id: str) -> GroupReply:
    found = groups.group(tx, course_id, group_id)
    people = groups.members_of(tx, course_id, group_id)
    return GroupReply(group=GroupView(id=found.id, title=found.title, user_ids=people))


def _members(tx: TellingTransaction, course_id: str, facts: tuple[Fact, ...]) -> MembersReply:
    _tell(tx, facts)
    moved = [fact for fact in facts if isinstance(fact, MembersChanged)]
    return MembersReply(
        added=sum(len(fact.added) for fact in moved),
        removed=sum(len(fact.removed) for fact in moved),
        changed=sum(len(fact.changed) for fact in moved),
        member_count=membership.count_members(tx, course_id),
    )
