"""What was reported in chat, told to those who keep order there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from coursewire.namespaces.notifications.contract import Action
from coursewire.namespaces.notifications.rules import Content
from coursewire.namespaces.notifications.service.giving import Manner, give_new
from coursewire.vocabulary import new_id

if TYPE_CHECKING:
    from coursewire.namespaces.chat.contract import MessageReported, Reason
    from coursewire.namespaces.notifications.channels import OutgoingChannels
    from coursewire.realtime.transaction import Transaction

REASONS: Final[dict[Reason, str]] = {
    "spam": "Spam",
    "harassment": "Hurts or threatens",
    "cheating": "Helps to cheat",
    "off_topic": "Does not belong here",
    "other": "Something else",
}
"""As the page of reports words them."""


def follow_report(channels: OutgoingChannels, tx: Transaction, fact: MessageReported) -> None:
    """Tell the staff of a course: one item per room and person, which says the newest and counts.

    It quotes nothing and names nobody, neither who wrote the message nor who reported it: both are in the list of
    reports, for as long as somebody is staff and may look there, and an inbox keeps what it has.
    """
    # Into a private room of their course staff cannot look: of that, they see the reported message in the list.
    is_open = fact.room_kind != "group"
    place = f" in {fact.room_title}" if fact.room_title else ""
    link = f"/chat?room={fact.room_id}&message={fact.message_id}" if is_open else "/chat?reports=open"
    content = Content(
        id=new_id(),
        category="discussion",
        priority="normal",
        title=f"A message was reported{place}"[:200],
        body=REASONS[fact.reason],
        html=f"<p>{REASONS[fact.reason]}</p>\n",
        created_at=tx.now,
        course_id=fact.course_id,
        action=Action(label="Look at it" if is_open else "Open the reports", url=link),
    )
    give_new(
        tx, channels, content, Manner(group_key=f"chat-reports:{fact.room_id}", addressed=True), fact.staff
    )
