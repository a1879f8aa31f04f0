"""Statements of the Experience API, as xAPI 1.0.3 (part 2) and xAPI 2.0 (IEEE 9274.1.1) write them.

Checked as both want it: no property that they do not name, no null outside of extensions, each type as it is. What is
not claimed: signatures and attachments' content, voiding, and asking for statements.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Final, Literal

from annotated_types import Len
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    RootModel,
    StringConstraints,
    Tag,
    field_validator,
    model_validator,
)

from coursewire.namespaces.analytics.contract.xapi_words import (
    ActivityId,
    Duration,
    Extensions,
    Iri,
    LanguageMap,
    LanguageTag,
    Mbox,
    Number,
    Timestamp,
    Uuid,
)

MOST_STATEMENTS: Final = 1_000
"""In one request."""

VERSIONS: Final = re.compile(r"^(1\.0(\.[0-9]+)?|2\.0(\.[0-9]+)?)$")


def _as_list(value: Any) -> Any:
    """Take one activity for a list of one, as 1.0.3 allows (part 2, 4.1.6.2)."""
    return [value] if isinstance(value, dict) else value


class Part(BaseModel):
    """A part of a statement: nothing else in it, and nothing taken for what it is not."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    @field_validator("*", mode="before")
    @classmethod
    def _no_null(cls, value: Any) -> Any:
        if value is None:
            raise ValueError("must not be null")
        return value


class Account(Part):
    """A user of some system."""

    homePage: Iri  # noqa: N815 - the specification's names, here and below
    name: Annotated[str, Len(1, 500)]


class Agent(Part):
    """A person: known by exactly one identifier."""

    objectType: Literal["Agent"] = "Agent"  # noqa: N815
    name: str | None = None
    mbox: Mbox | None = None
    mbox_sha1sum: Annotated[str, StringConstraints(pattern=r"^[0-9a-fA-F]{40}$")] | None = None
    openid: Iri | None = None
    account: Account | None = None

    @property
    def identifiers(self) -> int:
        """How many identifiers there are."""
        return sum(one is not None for one in (self.mbox, self.mbox_sha1sum, self.openid, self.account))

    @model_validator(mode="after")
    def _one_identifier(self) -> Agent:
        if self.identifiers != 1:
            raise ValueError("must have exactly one of mbox, mbox_sha1sum, openid and account")
        return self


class Group(Part):
    """People: named as a group, or by its members only."""

    objectType: Literal["Group"]  # noqa: N815
    name: str | None = None
    mbox: Mbox | None = None
    mbox_sha1sum: Annotated[str, StringConstraints(pattern=r"^[0-9a-fA-F]{40}$")] | None = None
    openid: Iri | None = None
    account: Account | None = None
    member: Annotated[list[Agent], Len(1, 1_000)] | None = None

    @model_validator(mode="after")
    def _known(self) -> Group:
        found = sum(one is not None for one in (self.mbox, self.mbox_sha1sum, self.openid, self.account))
        if found > 1:
            raise ValueError("must have at most one of mbox, mbox_sha1sum, openid and account")
        if found == 0 and self.member is None:
            raise ValueError("must have members, or an identifier")
        return self


class StatementVerb(Part):
    """What was done."""

    id: Iri
    display: LanguageMap | None = None


class InteractionComponent(Part):
    """One of the choices of an interaction."""

    id: Annotated[str, Len(1, 2_000)]
    description: LanguageMap | None = None


Components = Annotated[list[InteractionComponent], Len(0, 1_000)]


class ActivityDefinition(Part):
    """What an activity is."""

    name: LanguageMap | None = None
    description: LanguageMap | None = None
    type: Iri | None = None
    moreInfo: Iri | None = None  # noqa: N815
    interactionType: (  # noqa: N815
        Literal[
            "true-false", "choice", "fill-in", "long-fill-in", "matching", "performance", "sequencing", "likert",
            "numeric", "other",
        ]
        | None
    ) = None  # fmt: skip
    correctResponsesPattern: list[str] | None = None  # noqa: N815
    choices: Components | None = None
    scale: Components | None = None
    source: Components | None = None
    target: Components | None = None
    steps: Components | None = None
    extensions: Extensions | None = None


class StatementActivity(Part):
    """What it was done with."""

    # Open edX says `GroupActivity` of a problem with several questions.
    objectType: Literal["Activity", "GroupActivity"] = "Activity"  # noqa: N815
    id: ActivityId
    definition: ActivityDefinition | None = None


class StatementRef(Part):
    """Another statement."""

    objectType: Literal["StatementRef"]  # noqa: N815
    id: Uuid


class Score(Part):
    """How well it went: `raw` between `min` and `max`, `scaled` from -1 to 1."""

    scaled: Annotated[Number, Field(ge=-1, le=1)] | None = None
    raw: Number | None = None
    min: Number | None = None
    max: Number | None = None

    @model_validator(mode="after")
    def _within(self) -> Score:
        low, high = self.min, self.max
        if (
            low is not None and high is not None and low > high
        ):  # equal: Open edX sends so what gives no points
            raise ValueError("min must not be more than max")
        if self.raw is not None and (
            (low is not None and self.raw < low) or (high is not None and self.raw > high)
        ):
            raise ValueError("raw must be between min and max")
        return self


class StatementResult(Part):
    """What came of it."""

    score: Score | None = None
    success: bool | None = None
    completion: bool | None = None
    response: str | None = None
    duration: Duration | None = None
    extensions: Extensions | None = None


Activities = Annotated[list[StatementActivity], Len(0, 100), BeforeValidator(_as_list)]


class ContextActivities(Part):
    """What else it had to do with."""

    parent: Activities | None = None
    grouping: Activities | None = None
    category: Activities | None = None
    other: Activities | None = None


def _kind(default: str) -> Discriminator:
    """Tell the kinds of objects apart by their `objectType`, and so name what is wrong with the one that is meant."""

    def kind(value: Any) -> str:
        found = (
            value.get("objectType", default)
            if isinstance(value, dict)
            else getattr(value, "objectType", default)
        )
        if found == "GroupActivity":
            return "Activity"
        return found if isinstance(found, str) else ""

    return Discriminator(
        kind,
        custom_error_type="object_type",
        custom_error_message="must be an object of an objectType that is allowed here",
    )


Actor = Annotated[Annotated[Agent, Tag("Agent")] | Annotated[Group, Tag("Group")], _kind("Agent")]


class ContextAgent(Part):
    """Another person whom it had to do with (2.0)."""

    objectType: Literal["contextAgent"]  # noqa: N815
    agent: Agent
    relevantTypes: Annotated[list[Iri], Len(1, 100)] | None = None  # noqa: N815


class ContextGroup(Part):
    """Other people whom it had to do with (2.0)."""

    objectType: Literal["contextGroup"]  # noqa: N815
    group: Group
    relevantTypes: Annotated[list[Iri], Len(1, 100)] | None = None  # noqa: N815


class StatementContext(Part):
    """Where it belongs."""

    registration: Uuid | None = None
    instructor: Actor | None = None
    team: Group | None = None
    contextActivities: ContextActivities | None = None  # noqa: N815
    contextAgents: list[ContextAgent] | None = None  # noqa: N815
    contextGroups: list[ContextGroup] | None = None  # noqa: N815
    revision: str | None = None
    platform: str | None = None
    language: LanguageTag | None = None
    statement: StatementRef | None = None
    extensions: Extensions | None = None


class Attachment(Part):
    """Something that came with it: only its description is kept."""

    usageType: Iri  # noqa: N815
    display: LanguageMap
    description: LanguageMap | None = None
    contentType: Annotated[str, Len(1, 200)]  # noqa: N815
    length: Annotated[int, Field(ge=0)]
    sha2: Annotated[str, StringConstraints(pattern=r"^[0-9a-fA-F]{56,128}$")]
    fileUrl: Iri | None = None  # noqa: N815


class _Said(Part):
    """What statements and the statements within them have."""

    actor: Actor
    verb: StatementVerb
    result: StatementResult | None = None
    context: StatementContext | None = None
    timestamp: Timestamp | None = None
    attachments: Annotated[list[Attachment], Len(0, 100)] | None = None


class SubStatement(_Said):
    """A statement as the object of another, such as a plan; none within it."""

    objectType: Literal["SubStatement"]  # noqa: N815
    object: Annotated[
        Annotated[StatementActivity, Tag("Activity")]
        | Annotated[Agent, Tag("Agent")]
        | Annotated[Group, Tag("Group")]
        | Annotated[StatementRef, Tag("StatementRef")],
        _kind("Activity"),
    ]


class Statement(_Said):
    """Somebody did something."""

    id: Uuid | None = None
    object: Annotated[
        Annotated[StatementActivity, Tag("Activity")]
        | Annotated[Agent, Tag("Agent")]
        | Annotated[Group, Tag("Group")]
        | Annotated[StatementRef, Tag("StatementRef")]
        | Annotated[SubStatement, Tag("SubStatement")],
        _kind("Activity"),
    ]
    stored: Timestamp | None = None
    """Ours to say: what comes is not kept."""
    authority: Actor | None = None
    version: str | None = None

    @field_validator("version")
    @classmethod
    def _known(cls, version: str | None) -> str | None:
        if version is not None and not VERSIONS.fullmatch(version):
            raise ValueError("must be 1.0.x or 2.0.x")
        return version

    @model_validator(mode="after")
    def _fits_together(self) -> Statement:
        context = self.context
        if (
            context is not None
            and (context.revision is not None or context.platform is not None)
            and not isinstance(self.object, StatementActivity)
        ):
            raise ValueError("context.revision and context.platform are for activities only")
        return self


class StatementIds(RootModel[list[str]]):
    """The ids of the statements of a request, in its order (1.0.3, part 3, 2.1.2)."""
