"""A key runs its command once."""

from __future__ import annotations

import pytest
from tests.unit.log.ledger import Ledger

from coursewire import log
from coursewire.errors import Conflict
from coursewire.storage import ConstraintViolated


def test_a_repeat_gets_the_first_answer(ledger: Ledger) -> None:
    """[LOG3]"""
    assert ledger.do(log.recall, "ada", "/chat", "k1", b"digest") is None
    ledger.do(log.remember, "ada", "/chat", "k1", b"digest", b'{"n":1}')
    assert ledger.do(log.recall, "ada", "/chat", "k1", b"digest") == b'{"n":1}'


@pytest.mark.parametrize(
    ("caller", "namespace", "key"),
    [("bo", "/chat", "k1"), ("ada", "/analytics", "k1"), ("ada", "/chat", "k2")],
)
def test_a_key_belongs_to_its_caller_and_namespace(
    ledger: Ledger, caller: str, namespace: str, key: str
) -> None:
    """[LOG3]"""
    ledger.do(log.remember, "ada", "/chat", "k1", b"digest", b"{}")
    assert ledger.do(log.recall, caller, namespace, key, b"digest") is None


def test_the_same_key_with_another_payload_is_a_conflict(ledger: Ledger) -> None:
    """[LOG3]"""
    ledger.do(log.remember, "ada", "/chat", "k1", b"digest", b"{}")
    with pytest.raises(Conflict) as raised:
        ledger.do(log.recall, "ada", "/chat", "k1", b"other")
    assert raised.value.field == "key"


def test_a_key_is_remembered_once(ledger: Ledger) -> None:
    """[LOG3] Whoever forgot to recall changes nothing."""
    ledger.do(log.remember, "ada", "/chat", "k1", b"digest", b'"first"')
    with pytest.raises(ConstraintViolated):
        ledger.do(log.remember, "ada", "/chat", "k1", b"digest", b'"second"')
    assert ledger.do(log.recall, "ada", "/chat", "k1", b"digest") == b'"first"'
