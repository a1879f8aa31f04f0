"""Catching up after a gap: the whole of what was missed, once and in order, or a reason."""

from tests.unit.realtime.house import House, texts


async def test_smoke(house: House) -> None:
    """[SUB2] x"""
    guest = await house.visitor("ada", "board:math")
    await house.add("math", "a", "b")
    await guest.event("note.added", 2)
    assert texts(guest.named("note.added")) == ["a", "b"]
