"""Loading the state of a channel anew, where the log no longer has what was missed (SUB3)."""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from coursewire.client.outputs import Json, NeedSnapshot
from coursewire.client.owner import Owner
from coursewire.errors import CoursewireError

logger = logging.getLogger("coursewire.client")

RETRY_S: Final = 2.0


async def snapshot(owner: Owner, need: NeedSnapshot) -> Json:
    """Let the owner load what was missed, again after errors that pass; return the position to go on from.

    Where it cannot be had at all that is where the server stands: without one the channel would stay deaf.
    """
    while True:
        try:
            return await owner.load_snapshot(need.channel, need.reason, need.position)
        except CoursewireError as error:
            if not error.retryable:
                logger.warning("what was missed of %s cannot be had: %s", need.channel, error)
                return need.position
            await asyncio.sleep(RETRY_S)
        except Exception:
            # A bug, or an answer that this version cannot read.
            logger.exception("what was missed of %s cannot be read", need.channel)
            return need.position
