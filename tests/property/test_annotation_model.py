"""Annotations under any sequence of changes: whoever folds their channels, in any order, has what a list shows them.

Everybody acts from what they last saw, old or new, and asks for what is theirs and what is not. The streams of a reader
are folded in an order that is drawn, each in its own order: so a client gets them after being away.
"""

from __future__ import annotations

from itertools import chain
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from tests.unit.collaboration.study import PEOPLE, TARGET, Study

from coursewire.errors import Conflict, Forbidden, Invalid, NotFound
from coursewire.namespaces.collaboration.contract import Annotation
from coursewire.namespaces.collaboration.rules import audiences
from coursewire.namespaces.collaboration.rules.audiences import Viewer
from coursewire.namespaces.collaboration.service.audiences import entered

Json = dict[str, Any]
EXAMPLES, STEPS = (2_000, 50) if settings.get_current_profile_name() == "fuzz" else (25, 20)
OTHER = {**TARGET, "start": "AAEE", "end": "AAEF"}
people = st.sampled_from(sorted(PEOPLE))
visibilities = st.sampled_from(["course", "staff", "private", "group:red", "group:blue"])
changes = st.fixed_dictionaries(
    {},
    optional={
        "body": st.sampled_from(["one", "two"]),
        "motivation": st.sampled_from(["commenting", "questioning"]),
        "visibility": visibilities,
        "tags": st.sampled_from([[], ["a"], ["a", "b"]]),
    },
).filter(bool)
which = st.integers(0, 1_000)
REFUSALS = (Conflict, Forbidden, Invalid, NotFound)


def folded(events: list[Annotation]) -> dict[str, Annotation]:
    """What a client makes of its channels: of two reports the one with the higher revision holds [ANN3]."""
    newest: dict[str, Annotation] = {}
    for annotation in events:
        known = newest.get(annotation.id)
        if known is None or annotation.revision > known.revision:
            newest[annotation.id] = annotation
    shown = {one.id: one for one in newest.values() if one.state == "shown"}
    threads = {one.parent_id for one in shown.values()}
    heads = {one.id: one for one in newest.values() if one.state == "deleted" and one.id in threads}
    return shown | heads


class Margins(RuleBasedStateMachine):
    """Everybody writes beside one document."""

    def __init__(self) -> None:
        super().__init__()
        self.study = Study()
        self.seen: list[Annotation] = []
        """Every version of every annotation that an answer has shown."""
        self.order = 0

    def teardown(self) -> None:
        self.study.close()

    @initialize(order=st.integers(0, 2**32))
    def begin(self, order: int) -> None:
        self.order = order

    def _do(self, work: Any) -> None:
        """Act; what is refused leaves everything as it was."""
        before = self.study.everything()
        refused: Exception | None = None
        try:
            self.seen.append(work())
        except REFUSALS as error:
            refused = error
        assert refused is None or self.study.everything() == before, refused

    @rule(who=people, visibility=visibilities, body=st.sampled_from(["first", "@ada @ben @dan"]))
    def annotate(self, who: str, visibility: str, body: str) -> None:
        self._do(lambda: self.study.annotate(who, body, visibility=visibility, motivation="questioning"))

    @rule(who=people, pick=which)
    def reply(self, who: str, pick: int) -> None:
        if self.seen:
            to = self.seen[pick % len(self.seen)]
            self._do(lambda: self.study.reply(who, to))

    @rule(who=people, pick=which, wanted=changes)
    def update(self, who: str, pick: int, wanted: Json) -> None:
        if self.seen:
            of = self.seen[pick % len(self.seen)]
            self._do(lambda: self.study.update(who, of, **wanted))

    @rule(pick=which, wanted=changes)
    def update_own(self, pick: int, wanted: Json) -> None:
        if self.seen:
            of = self.seen[pick % len(self.seen)]
            self._do(lambda: self.study.update(of.author_id or "ada", of, **wanted))

    @rule(who=people, pick=which, on=st.booleans())
    def resolve(self, who: str, pick: int, on: bool) -> None:  # noqa: FBT001 - drawn by name
        if self.seen:
            of = self.seen[pick % len(self.seen)]
            self._do(lambda: self.study.resolve(who, of, on=on))

    @rule(who=people, pick=which, place=st.sampled_from([None, TARGET, OTHER]))
    def reanchor(self, who: str, pick: int, place: Json | None) -> None:
        if self.seen:
            of = self.seen[pick % len(self.seen)]
            self._do(lambda: self.study.reanchor(who, of, place))

    @rule(who=people, pick=which)
    def delete(self, who: str, pick: int) -> None:
        if self.seen:
            of = self.seen[pick % len(self.seen)]
            self._do(lambda: self.study.delete(who, of))

    @invariant()
    def everybody_has_what_a_list_shows_them(self) -> None:
        for who in PEOPLE:
            caller = self.study.caller(who)
            viewer: Viewer = self.study.do(entered, caller, "7").viewer
            channels = [*audiences.channels_seen_by(viewer, "7"), audiences.user_channel(who)]
            streams = [
                [Annotation.model_validate(data) for _, data in self.study.events(channel)]
                for channel in channels
            ]
            listed = {one.id: one for one in self.study.page(who, limit=200)}
            # What they may see no more is in no replay either (LOG5).
            past = {one.id for stream in streams for one in stream if one.state == "shown"}
            assert past <= {one.id for one in listed.values() if one.state == "shown"}, who
            expected = {one.id: _compared(one) for one in listed.values()}
            for order in (_mixed(streams, self.order), [*chain(*streams)], [*chain(*reversed(streams))]):
                assert {one.id: _compared(one) for one in folded(order).values()} == expected, who
            for annotation in listed.values():
                assert audiences.may_see(viewer, annotation.visibility, annotation.author_id)
            replies = [one.parent_id for one in listed.values() if one.parent_id is not None]
            for annotation in listed.values():
                assert annotation.reply_count == replies.count(annotation.id)


def _compared(annotation: Annotation) -> Annotation:
    """Counts of replies are of when an annotation was last said; names come with lists."""
    return annotation.model_copy(update={"reply_count": 0, "author_name": ""})


def _mixed(streams: list[list[Annotation]], order: int) -> list[Annotation]:
    """Take from the streams in an order that is drawn, from each in its own."""
    waiting = [list(reversed(stream)) for stream in streams if stream]
    found: list[Annotation] = []
    while waiting:
        order, place = divmod(order or 2**31 - 1, len(waiting))
        found.append(waiting[place].pop())
        waiting = [stream for stream in waiting if stream]
    return found


TestMargins = Margins.TestCase
TestMargins.settings = settings(max_examples=EXAMPLES, stateful_step_count=STEPS)


def test_a_fold_that_takes_the_last_report_would_be_wrong() -> None:
    """[ANN3] The order of channels decides nothing: only the revision does."""
    study = Study()
    made = study.annotate("ada")
    study.update("ada", made, visibility="staff")
    course, staff = (
        [Annotation.model_validate(data) for _, data in study.events(channel)]
        for channel in ("document:7", "document:7:staff")
    )
    study.close()
    for events in ([*course, *staff], [*staff, *course]):
        assert [one.state for one in folded(events).values()] == ["shown"]
    with pytest.raises(AssertionError):
        assert [*staff, *course][-1].state == "shown"
