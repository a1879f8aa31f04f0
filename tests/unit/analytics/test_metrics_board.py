"""Figures that threads of the storage read while the event loop goes on with them."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.analytics.school import SECOND, School

from coursewire.namespaces.analytics.rules.held import Held


async def test_a_course_changes_only_while_no_thread_reads_it(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, bool] = {}

    def watch(name: str) -> None:
        method = getattr(Held, name)

        def call(held: Held, *arguments: Any) -> Any:
            seen[name] = seen.get(name, True) and school.board.lock.locked()
            return method(held, *arguments)

        monkeypatch.setattr(Held, name, call)

    for name in ("add", "say", "count_anew"):
        watch(name)
    school.enrol(["ben"])
    school.acts("ben")
    await school.look()
    school.enrol(["cleo"])
    school.acts("ben")
    await school.pass_time(2 * SECOND)
    assert seen == {"add": True, "say": True, "count_anew": True}
