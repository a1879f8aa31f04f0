"""What waits for a long-polling client."""

from __future__ import annotations

from coursewire.edge.outbox import Outbox
from coursewire.wire.frames import Encoded


def test_it_counts_bytes_and_is_full_above_its_bound() -> None:
    """[FAN3]"""
    outbox = Outbox(high=10)
    assert not outbox
    outbox.put(Encoded(["2[1,2]"]))
    assert (outbox.size, outbox.full) == (7, False)
    outbox.put(Encoded([b"\1\2\3"]))
    assert (outbox.size, outbox.full) == (10, False)
    outbox.put(Encoded([b"\4"]))
    assert (outbox.size, outbox.full) == (11, True)


def test_it_gives_everything_in_order_and_is_empty_again() -> None:
    outbox = Outbox(high=10)
    for number in range(3):
        outbox.put(Encoded([f"2[{number}]"]))
    assert outbox.take().packets == ("42[0]", "42[1]", "42[2]")
    assert not outbox
    assert (outbox.size, outbox.full) == (0, False)


def test_it_gives_a_part_when_asked_for_no_more_even_of_packets_that_were_put_together() -> None:
    outbox = Outbox(high=10)
    outbox.put(Encoded([f"2[{number}]" for number in range(3)]))
    assert outbox.take(2).packets == ("42[0]", "42[1]")
    assert outbox.size == 5
    assert outbox.take(2).packets == ("42[2]",)


def test_it_has_drained_at_a_quarter_of_its_bound() -> None:
    outbox = Outbox(high=8)
    outbox.put(Encoded([b"1", b"2", b"3"]))
    assert not outbox.drained
    outbox.take(1)
    assert outbox.drained
