"""Removing a person from /analytics."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from coursewire.namespaces.analytics import store
from coursewire.namespaces.analytics.service.alerts import erase_alerts, without_person
from coursewire.namespaces.analytics.service.erased_jobs import erase_jobs
from coursewire.namespaces.analytics.service.measuring import erase_learner
from coursewire.namespaces.analytics.service.milestones import erase_milestones

if TYPE_CHECKING:
    from coursewire.identity.contract import UserErased
    from coursewire.realtime.transaction import Transaction


def erase_user(tx: Transaction, fact: UserErased) -> None:
    """Remove what there is of somebody: rows, what was logged about them, and the answers that they got (LOG5)."""
    store.erase_activity(tx, fact.user_id)
    jobs = erase_jobs(tx, fact.user_id)
    courses = sorted({*fact.course_ids, *(job.course_id for job in jobs if job.course_id is not None)})
    tx.forget_person(
        fact.user_id,
        own=[f"user:{fact.user_id}", *(f"job:{job.id}" for job in jobs)],
        others=[f"{kind}:{course_id}" for course_id in courses for kind in ("course", "cohort")],
        rewrite=partial(without_person, fact.user_id),
    )
    store.erase_statements(tx, fact.user_id)
    store.erase_progress(tx, fact.user_id)
    erase_learner(tx, fact.user_id)
    erase_milestones(tx, fact.user_id)
    erase_alerts(tx, fact.user_id)
