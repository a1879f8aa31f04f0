"""Brings what tokens claim into the roster, once per token, and remembers who has been sent away."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from typing import TYPE_CHECKING

from coursewire.errors import AuthExpired
from coursewire.identity import membership
from coursewire.identity.caller import claims_digest
from coursewire.identity.membership import News
from coursewire.realtime.transaction import Reactions, Transaction

if TYPE_CHECKING:
    from coursewire.identity.caller import Caller
    from coursewire.storage import Storage
    from coursewire.storage import Transaction as StorageTransaction

logger = logging.getLogger(__name__)

KNOWN_CLAIMS = 50_000
"""Users whose last claims are remembered as written. The longest unseen is forgotten: it costs a read."""

KEPT_ENDS = 1_000
"""Users whose sessions were ended last: whoever stood at the door meanwhile is not let in. The oldest goes; the
database, which is asked before, has all of them."""

NOTED_AFTER_S = 1.0
NOTED_AT_ONCE = 5_000
"""Times of tokens that say nothing else new are written together, after so long or when there are so many."""


class Claims:
    """What this node knows of tokens' claims. All methods belong to the event loop."""

    def __init__(self, storage: Storage, reactions: Reactions) -> None:
        self._storage = storage
        self._reactions = reactions
        self._known: OrderedDict[str, int] = OrderedDict()
        self._ended: OrderedDict[str, int] = OrderedDict()
        self._later: dict[str, int] = {}
        """User -> `issued_at` of a token that claims what stands in the roster, to be written as its newest."""
        self._timer: asyncio.TimerHandle | None = None

    async def sync(self, caller: Caller) -> None:
        """Bring the token's claims into the roster, unless they are known to stand there.

        Raises AuthExpired when the user's sessions were ended after the token was issued.
        """
        if caller.is_service:
            return
        digest = claims_digest(caller)
        if self._known.get(caller.user_id) == digest:
            self._known.move_to_end(caller.user_id)
            return
        news = await self._storage.glance(lambda raw: membership.news_in_claims(raw, caller))
        if news is News.CHANGES:
            if self._later.get(caller.user_id, 0) > caller.issued_at:
                # An older token must find that there was a newer one, or its claims would count again.
                await self._note()
            await self._storage.write(lambda raw: self._write(raw, caller))
        # What was read may be older than the word that came meanwhile.
        if caller.issued_at <= self._ended.get(caller.user_id, -1):
            raise AuthExpired("this session was ended; a new token is needed")
        if news is News.LATER:
            self._note_soon(caller)
        self._known[caller.user_id] = digest
        if len(self._known) > KNOWN_CLAIMS:
            self._known.popitem(last=False)

    def end(self, user_id: str, ended_at: int) -> None:
        """Refuse the user's tokens of up to `ended_at`, milliseconds since 1970."""
        self._known.pop(user_id, None)
        self._ended[user_id] = ended_at
        self._ended.move_to_end(user_id)
        if len(self._ended) > KEPT_ENDS:
            self._ended.popitem(last=False)

    async def close(self) -> None:
        """Write what was to be written later."""
        if self._later:
            await self._note()

    def _write(self, raw: StorageTransaction, caller: Caller) -> None:
        tx = Transaction(raw, "", caller, self._reactions)
        for fact in membership.sync_claims(raw, caller):
            tx.tell(fact)

    def _note_soon(self, caller: Caller) -> None:
        self._later[caller.user_id] = max(caller.issued_at, self._later.get(caller.user_id, 0))
        if len(self._later) >= NOTED_AT_ONCE:
            self._note()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(NOTED_AFTER_S, self._note)

    def _note(self) -> asyncio.Future[None]:
        """Write the times together. What a crash or a full queue loses costs a second look at the next tokens."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        later, self._later = self._later, {}
        noted: asyncio.Future[None] = self._storage.write(lambda raw: membership.note_claims(raw, later))
        noted.add_done_callback(_noted)
        return noted


def _noted(done: asyncio.Future[None]) -> None:
    if not done.cancelled() and (error := done.exception()) is not None:
        logger.warning("the times of tokens could not be noted; they will be looked at again", exc_info=error)
