"""A document that begins anew while people write in it: what it says is found in a reader, and is what it says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from fastapi import Response
from pydantic import BaseModel
from tests.unit.collaboration.drafts import Draft, add_line, remove_line
from tests.unit.collaboration.study import PATH, Study

from coursewire.errors import Forbidden, NotFound
from coursewire.namespaces.collaboration.http import documents as routes
from coursewire.namespaces.collaboration.service import beginning_anew, managing
from coursewire.realtime.namespace import Outdated


@pytest.fixture
def draft(study: Study) -> Draft:
    return Draft(study, "<p>one</p>")


class Work:
    """A request of somebody's, between whose read and write something may happen."""

    def __init__(self, draft: Draft, user: str, between: Callable[[], object]) -> None:
        self.caller = draft.study.caller(user)
        self._study = draft.study
        self._between = between
        self.done: list[str] = []

    async def read(self, namespace: str, fn: Callable[[Any], Any]) -> Any:
        assert namespace == PATH
        self.done.append("read")
        found = self._study.do(fn)
        self._between()
        return found

    async def write(
        self, namespace: str, fn: Callable[[Any], BaseModel | None], *, status: int = 200
    ) -> Response:
        assert (namespace, status) == (PATH, 200)
        self.done.append("write")
        self._study.do(fn)
        return Response()


async def forget(draft: Draft, between: Callable[[], object], user: str = "ada") -> list[str]:
    work = Work(draft, user, between)
    await routes.forget_past(draft.id, work)
    return work.done


def edits(draft: Draft, times: int) -> Callable[[], None]:
    """Write something, so often."""
    lines = iter(range(times))

    def edit() -> None:
        for line in lines:
            draft.edit("ben", add_line(f"line {line}"))
            break

    return edit


@pytest.mark.parametrize(
    ("times", "done"),
    [(0, ["read", "write"]), (2, ["read", "write"] * 3), (9, ["read", "write"] * 3 + ["write"])],
)
async def test_what_is_written_meanwhile_is_in_it(draft: Draft, times: int, done: list[str]) -> None:
    """[DOC8] Then it is found once more, in the end in the writer; and its past is gone."""
    draft.edit("ben", add_line("secret"))
    draft.edit("ben", remove_line(1))
    epoch = draft.row.epoch
    assert await forget(draft, edits(draft, times)) == done
    written = min(times, 3)
    assert draft.text() == "".join(["one\n", *(f"line {line}\n" for line in range(written))])
    assert draft.row.epoch != epoch
    assert b"secret" not in draft.doc().get_update()


def test_one_that_was_found_before_another_life_is_found_once_more(draft: Draft) -> None:
    """[DOC8] Two of the staff forget at once."""
    study, ada = draft.study, draft.study.caller("ada")
    planned = study.do(beginning_anew.plan_beginning, ada, draft.id)
    study.do(beginning_anew.forget_past, ada, draft.id, planned)
    with pytest.raises(Outdated):
        study.do(beginning_anew.forget_past, ada, draft.id, planned)


async def test_what_is_quoted_meanwhile_is_forgotten_too(draft: Draft) -> None:
    """[LOG5] A note that is new, and one that has another place."""
    study = draft.study
    draft.edit("ben", add_line("a secret"))
    draft.edit("ben", remove_line(1))

    def quoting(exact: str) -> dict[str, Any]:
        return {"quote": {"exact": exact, "prefix": "", "suffix": ""}, "start": "AAEC", "end": "AAED"}

    moved = study.annotate("ben", document_id=draft.id, target=quoting("one"))

    def quote() -> None:
        study.reanchor("ben", moved, quoting("a secret"))
        study.annotate("ben", "new", document_id=draft.id, target=quoting("secret"))

    assert await forget(draft, quote) == ["read", "write"]
    assert "secret" not in study.everything()
    assert [one.orphaned for one in study.page("ben", draft.id)] == [True, True]


async def test_who_may_not_is_told_by_the_writer_so_that_a_repeat_gets_its_first_answer(draft: Draft) -> None:
    """[LOG3] Though there is no document any more."""
    with pytest.raises(Forbidden):
        await forget(draft, lambda: None, "ben")
    draft.study.do(managing.remove, draft.row)
    work = Work(draft, "ada", lambda: None)
    with pytest.raises(NotFound):
        await routes.forget_past(draft.id, work)
    assert work.done == ["read", "write"]
