"""What /notifications asks the other namespaces, in the transaction in which it wants to know. It never travels."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class QuoteReadersAsked:
    """Who of some people may read now what a notification quotes: whoever keeps it has answered when `tell` returns.

    A notification is a copy, and rights end without those who hold one being told. So it is asked for whenever
    something of it is about to be told: when what it quotes has changed, and when it leaves by email or push.
    """

    source: str
    """The id of what it quotes, such as a message or an annotation."""
    user_ids: tuple[str, ...]
    """At most 500: one query."""
    may_read: set[str] = field(default_factory=set)
    """The answer. Nobody, when it is gone or nobody knows it."""
