"""Who may listen to what (SUB1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coursewire.namespaces.analytics.rules import access

if TYPE_CHECKING:
    from coursewire.identity.caller import Caller
    from coursewire.realtime.transaction import Transaction


def check_course_channel(tx: Transaction, caller: Caller, course_id: str) -> None:
    """Allow `course:<id>` to the staff of the course."""
    access.check_staff(tx.roles_in(caller, course_id), field="channel")


def check_cohort_channel(tx: Transaction, caller: Caller, course_id: str) -> None:
    """Allow `cohort:<id>` to everybody enrolled."""
    access.check_enrolled(tx.roles_in(caller, course_id), field="channel")
