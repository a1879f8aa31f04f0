"""A command with a key runs once; a repeat gets the first answer (LOG3)."""

from __future__ import annotations

from sqlalchemy import bindparam, insert, select

from coursewire.errors import Conflict
from coursewire.log.schema import remembered
from coursewire.storage import Prepared, Transaction

_RECALL = Prepared(
    select(remembered.c.digest, remembered.c.result).where(
        remembered.c.namespace == bindparam("namespace"),
        remembered.c.caller == bindparam("caller"),
        remembered.c.key == bindparam("key"),
    )
)
_REMEMBER = Prepared(
    insert(remembered).values({name: bindparam(name) for name in remembered.c.keys() if name != "seq"})  # noqa: SIM118
)


def recall(tx: Transaction, caller: str, namespace: str, key: str, digest: bytes) -> bytes | None:
    """Return the first answer (JSON) to this key of this caller, or None when the key is new.

    `digest` is of the command's name and payload. Raises Conflict when the key was used for another one.
    """
    row = tx.one(_RECALL, caller=caller, namespace=namespace, key=key)
    if row is None:
        return None
    if row.digest != digest:
        raise Conflict("this key was used for another command", field="key")
    result: bytes = row.result
    return result


def remember(
    tx: Transaction,
    caller: str,
    namespace: str,
    key: str,
    digest: bytes,
    result: bytes,
    subject: str | None = None,
) -> None:
    """Keep the answer (JSON) to a command that ran, in the transaction it ran in.

    `subject` names the thing the answer shows, so that `redact` finds it. Raises ConstraintViolated when
    the key is known: `recall` comes first.
    """
    tx.run(
        _REMEMBER,
        caller=caller,
        namespace=namespace,
        key=key,
        digest=digest,
        result=result,
        subject=subject,
        at=tx.now,
    )
