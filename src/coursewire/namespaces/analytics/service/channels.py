"""Who may listen to what (SUB1), and which current values come with it."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from typing import TYPE_CHECKING, Any

from coursewire.namespaces.analytics.rules import access
from coursewire.namespaces.analytics.service import job_lists
from coursewire.namespaces.analytics.service.metrics import latest_metrics

if TYPE_CHECKING:
    from coursewire.identity.caller import Caller
    from coursewire.namespaces.analytics.board import Board
    from coursewire.realtime.contract import Event
    from coursewire.realtime.transaction import Transaction


def check_course_channel(tx: Transaction, caller: Caller, course_id: str) -> None:
    """Allow `course:<id>` to the staff of the course."""
    access.check_staff(tx.roles_in(caller, course_id), field="channel")


def check_cohort_channel(tx: Transaction, caller: Caller, course_id: str) -> None:
    """Allow `cohort:<id>` to everybody enrolled."""
    access.check_enrolled(tx.roles_in(caller, course_id), field="channel")


def latest_of_course(board: Board, tx: Transaction, course_id: str) -> Iterable[Event[Any]]:
    """Return what `course:<id>` shows now: each part adds its own."""
    return chain(job_lists.active_of_course(tx, course_id), latest_metrics(board, tx, course_id, "course"))


def latest_of_user(tx: Transaction, user_id: str) -> Iterable[Event[Any]]:
    """Return what `user:<id>` shows now: each part adds its own."""
    return chain(job_lists.active_of_owner(tx, user_id))
