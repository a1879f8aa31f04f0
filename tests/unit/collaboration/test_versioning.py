"""Versions that nobody asked for: while somebody edits, when they are done, once, and of what was edited only."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, cast

import pytest
from tests.unit.collaboration.drafts import Draft, add_line, remove_line
from tests.unit.collaboration.study import Study

from coursewire.errors import Unavailable
from coursewire.namespaces.collaboration.contract import ListVersions
from coursewire.namespaces.collaboration.service import saving_versions
from coursewire.namespaces.collaboration.store import documents
from coursewire.namespaces.collaboration.versioning import Versioning
from coursewire.realtime.background import Background

MINUTE = 60_000


class Work:
    """What a background work may use, on the database of a study."""

    def __init__(self, study: Study) -> None:
        self.study = study

    async def read(self, function: Callable[..., Any]) -> Any:
        return self.study.do(function)

    write = read


class Watch:
    """Somebody who looks, and the clock."""

    def __init__(self, study: Study) -> None:
        self.study = study
        self.versioning = Versioning()
        self.work = cast("Background", Work(study))

    async def look(self, *, minutes: int = 0) -> int:
        self.study.ledger.now += minutes * MINUTE
        return await self.versioning.look(self.work)

    def reasons(self, document_id: str = "essay") -> list[str | None]:
        found = self.study.run("ada", ListVersions(document_id=document_id)).items
        return [version.automatic for version in found]


@pytest.fixture
def watch(study: Study) -> Watch:
    return Watch(study)


@pytest.fixture
def draft(study: Study) -> Draft:
    study.ledger.now += 10 * MINUTE
    return Draft(study, "<p>one</p>", created_at=study.ledger.now, updated_at=study.ledger.now)


async def test_a_version_is_saved_when_nobody_edits_any_more(draft: Draft, watch: Watch) -> None:
    draft.study.ledger.now += MINUTE
    draft.edit("ben", add_line("two"))
    assert await watch.look(minutes=4) == 0
    assert await watch.look(minutes=1) == 1
    assert watch.reasons() == ["session_end"]
    assert draft.study.do(partial(saving_versions.due_versions, behind="", edited_after=0)) == []
    assert await watch.look(minutes=1) == 0
    assert await watch.look(minutes=600) == 0


async def test_while_somebody_edits_a_version_is_saved_every_half_hour(draft: Draft, watch: Watch) -> None:
    saved = 0
    for number in range(100):
        draft.study.ledger.now += MINUTE
        draft.edit("ben", add_line(str(number)))
        saved += await watch.look()
    assert saved == 3
    assert watch.reasons() == ["interval"] * 3
    assert await watch.look(minutes=5) == 1
    assert watch.reasons() == ["session_end", *["interval"] * 3]


async def test_what_was_only_deleted_is_an_edit(draft: Draft, watch: Watch) -> None:
    draft.study.ledger.now += MINUTE
    draft.edit("ben", remove_line(0))
    assert await watch.look(minutes=6) == 1


@pytest.mark.usefixtures("draft")
async def test_a_seed_is_no_edit(watch: Watch) -> None:
    assert await watch.look(minutes=6) == 0
    assert watch.reasons() == []


async def test_what_has_a_name_already_gets_no_other_version(draft: Draft, watch: Watch) -> None:
    draft.study.ledger.now += MINUTE
    draft.edit("ben", add_line("two"))
    draft.save("ben", "Mine")
    assert await watch.look(minutes=6) == 0
    assert watch.reasons() == [None]


async def test_in_another_life_everything_is_new(draft: Draft, watch: Watch) -> None:
    draft.study.ledger.now += MINUTE
    draft.edit("ben", add_line("two"))
    draft.save("ben", "Mine")
    draft.study.do(documents.set_epoch, "essay", "e2")
    draft.edit("cleo", add_line("three"))
    assert await watch.look(minutes=6) == 1


async def test_a_node_that_begins_finds_what_was_edited_before(draft: Draft, watch: Watch) -> None:
    draft.study.ledger.now += MINUTE
    draft.edit("ben", add_line("two"))
    assert await watch.look(minutes=10_000) == 1


async def test_one_document_that_fails_does_not_keep_the_others(
    draft: Draft, watch: Watch, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    other = Draft(draft.study, "<p>one</p>", "other")
    draft.study.ledger.now += MINUTE
    for each in (draft, other):
        each.edit("ben", add_line("two"))
    real = saving_versions.state_to_save

    def failing(tx: Any, document_id: str) -> Any:
        if document_id == "essay":
            raise Unavailable("this document cannot be read")
        return real(tx, document_id)

    monkeypatch.setattr(saving_versions, "state_to_save", failing)
    assert await watch.look(minutes=6) == 1
    assert (watch.reasons("essay"), watch.reasons("other")) == ([], ["session_end"])
    assert "no version of document essay" in caplog.text


async def test_more_documents_than_one_look_takes(
    draft: Draft, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    drafts = [draft, *(Draft(draft.study, "<p>one</p>", f"d{number}") for number in range(4))]
    draft.study.ledger.now += MINUTE
    for each in drafts:
        each.edit("ben", add_line("two"))
    looked: list[str] = []
    real = saving_versions.due_versions

    def few(tx: Any, *, behind: str, edited_after: int) -> Any:
        looked.append(behind)
        return real(tx, behind=behind, edited_after=edited_after)[:2]

    monkeypatch.setattr(saving_versions, "due_versions", few)
    assert await watch.look(minutes=6) == 5
    assert looked == ["", "d1", "d3", "essay"]
