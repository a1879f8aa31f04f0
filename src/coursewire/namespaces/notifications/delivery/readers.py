"""Who may still read what leaves: a notification is a copy, and may wait for days while the rights of its owner end."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from coursewire.namespaces.notifications.delivery import store
from coursewire.namespaces.notifications.service.holders import quote_readers_among

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coursewire.namespaces.notifications.delivery.parcels import Claim, Parcel
    from coursewire.realtime.transaction import Transaction


def parcels(tx: Transaction, claims: Sequence[Claim]) -> list[Parcel]:
    """Return what is to be said to whom, for each claim in turn, without quotes that they may not read any more.

    What the LMS sends, such as a grade, quotes nobody, and is theirs all the same. Each source is asked about once.
    """
    found = store.parcels(tx, claims)
    people: dict[str, set[str]] = defaultdict(set)
    for parcel in found:
        for told in parcel.told:
            if told.source is not None:
                people[told.source].add(parcel.claim.user_id)
    if not people:
        return found
    may_read = {source: quote_readers_among(tx, source, those) for source, those in people.items()}
    return [
        replace(
            parcel,
            told=tuple(
                told
                for told in parcel.told
                if told.source is None or parcel.claim.user_id in may_read[told.source]
            ),
        )
        for parcel in found
    ]
