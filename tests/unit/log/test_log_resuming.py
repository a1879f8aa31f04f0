"""Whether a position can be resumed: everything after it, or nothing and the reason."""

from __future__ import annotations

import pytest
from tests.unit.log.ledger import Ledger

from coursewire import log


@pytest.fixture
def epoch(ledger: Ledger) -> str:
    """Five events of 10 bytes in `room:1`; return the epoch of the stream."""
    for number in range(1, 6):
        ledger.do(
            log.append, "/chat", "room:1", event="e", data=b'"%08d"' % number, id=str(number), at=number * 100
        )
    found: str = ledger.do(log.position, "/chat", "room:1").epoch
    return found


def offsets(resumed: log.Resumed) -> list[int]:
    return [event.offset for event in resumed.events]


@pytest.mark.parametrize("since", range(6))
def test_every_later_event_comes_in_order(ledger: Ledger, epoch: str, since: int) -> None:
    """[SUB2]"""
    resumed = ledger.do(log.resume, "/chat", "room:1", (epoch, since))
    assert (resumed.epoch, resumed.offset, resumed.recovered, resumed.reason) == (epoch, 5, True, None)
    assert offsets(resumed) == list(range(since + 1, 6))


def test_a_stream_never_written_resumes_with_nothing(ledger: Ledger) -> None:
    """[SUB2]"""
    epoch = ledger.do(log.position, "/chat", "room:9").epoch
    assert ledger.do(log.resume, "/chat", "room:9", (epoch, 0)) == (epoch, 0, True, None, [])


def test_another_epoch_is_not_resumed(ledger: Ledger, epoch: str) -> None:
    """[SUB3] Even where the offset would fit."""
    assert ledger.do(log.resume, "/chat", "room:1", ("other", 5)) == (epoch, 5, False, "epoch", [])


def test_a_position_ahead_of_the_stream_is_not_resumed(ledger: Ledger, epoch: str) -> None:
    """[SUB3] It was never given out here: the log must have lost its end."""
    assert ledger.do(log.resume, "/chat", "room:1", (epoch, 6)) == (epoch, 5, False, "ahead", [])


def test_a_position_before_the_retained_tail_is_not_resumed(ledger: Ledger, epoch: str) -> None:
    """[SUB3] [LOG4]"""
    ledger.do(log.trim, 0, 3)
    assert ledger.do(log.position, "/chat", "room:1") == (epoch, 5, 3)
    assert ledger.do(log.resume, "/chat", "room:1", (epoch, 1)) == (epoch, 5, False, "trimmed", [])
    assert offsets(ledger.do(log.resume, "/chat", "room:1", (epoch, 2))) == [3, 4, 5]


def test_a_position_below_zero_is_not_resumed(ledger: Ledger, epoch: str) -> None:
    """[SUB3] No client of ours has one."""
    assert ledger.do(log.resume, "/chat", "room:1", (epoch, -1)).reason == "trimmed"


def test_more_events_than_the_limit_are_not_resumed_in_part(ledger: Ledger, epoch: str) -> None:
    """[SUB3]"""
    assert offsets(ledger.do(log.resume, "/chat", "room:1", (epoch, 2), 3)) == [3, 4, 5]
    assert ledger.do(log.resume, "/chat", "room:1", (epoch, 1), 3) == (epoch, 5, False, "limit", [])


def test_more_bytes_than_the_limit_are_not_resumed_in_part(ledger: Ledger, epoch: str) -> None:
    """[SUB3]"""
    assert offsets(ledger.do(log.resume, "/chat", "room:1", (epoch, 2), limit_bytes=30)) == [3, 4, 5]
    refused = ledger.do(log.resume, "/chat", "room:1", (epoch, 2), limit_bytes=29)
    assert refused == (epoch, 5, False, "limit", [])


def test_a_stream_begun_anew_is_not_resumed(ledger: Ledger, epoch: str) -> None:
    """[SUB3] [LOG4]"""
    ledger.do(log.reset, "/chat", "room:1")
    assert ledger.do(log.resume, "/chat", "room:1", (epoch, 0)).reason == "epoch"
