"""AI jobs that end: their owners are told, unless it was they who wanted it."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

from coursewire.identity import membership
from coursewire.namespaces.notifications.contract import Action
from coursewire.namespaces.notifications.rules import Content
from coursewire.namespaces.notifications.service.giving import Manner, give_new
from coursewire.vocabulary import new_id

if TYPE_CHECKING:
    from coursewire.namespaces.analytics.contract import Job, JobFinished
    from coursewire.namespaces.notifications.channels import OutgoingChannels
    from coursewire.realtime.transaction import Transaction

TITLE: Final = 180
"""Characters of a job's title: there is room for what became of it."""
BODY: Final = 280
"""Characters of what its worker said."""


def follow_job(channels: OutgoingChannels, tx: Transaction, event: JobFinished) -> None:
    """Tell the owner what became of a job: one item per kind, course and outcome, which says the newest and counts."""
    job = event.data
    if job.state == "cancelled" and job.cancelled_by == "owner":
        return
    if membership.user(tx, job.owner_id) is None:
        return  # a service's own, which the staff of its course see; or somebody's who was erased
    failed = job.state == "failed"
    said = _clipped((job.error if failed else None) or job.message, BODY)
    content = Content(
        id=new_id(),
        category="analysis",
        priority="high" if failed else "normal",
        title=_headline(job),
        body=said,
        html=f"<p>{escape(said)}</p>\n" if said else "",
        created_at=tx.now,
        course_id=job.course_id,
        action=Action(label="Open", url=f"/analytics/jobs/{job.id}"),
    )
    # What failed stands for itself: it must not sink into an item that says that all went well, nor the other way.
    group_key = f"job:{job.kind}:{job.course_id or ''}:{job.state}"
    give_new(tx, channels, content, Manner(group_key=group_key, addressed=True), [job.owner_id])


def _headline(job: Job) -> str:
    title = _clipped(job.title, TITLE)
    if job.state == "succeeded":
        return f"{title} is done"
    return f"{title} failed" if job.state == "failed" else f"{title} was cancelled"


def _clipped(text: str, length: int) -> str:
    """Return the beginning of a text in one line. It is no Markdown: an error may be full of `*` and `_`."""
    line = " ".join(text.split())
    return line if len(line) <= length else line[: length - 1].rstrip() + "…"
