"""From long-polling to a WebSocket: the poll that waits, and what was never fetched."""

from __future__ import annotations

from tests.unit.edge.polling_world import World, turns
from tests.unit.edge.stand_ins import websocket

PROBE = b"\x81\x86\0\0\0\x002probe"


async def test_a_poll_is_released_by_the_probe_and_the_next_ones_do_not_wait() -> None:
    world = await World.opened()
    poll = await world.waiting()
    probe, socket = websocket(world.server, f"/socket.io/?EIO=4&transport=websocket&sid={world.sid}")
    probe.data_received(PROBE)
    assert socket.take().endswith(b"\x81\x063probe")
    assert (await poll.answered()).body == b"6"
    assert (await world.get().answered()).body == b"6"
    world.session.send("still by polling")
    assert (await world.get().answered()).body == b"4still by polling"


async def test_what_was_never_fetched_goes_over_and_no_noop_with_it() -> None:
    world = await World.opened()
    probe, socket = websocket(world.server, f"/socket.io/?EIO=4&transport=websocket&sid={world.sid}")
    probe.data_received(PROBE)
    world.session.send("kept")
    poll = world.get()
    socket.take()
    probe.data_received(b"\x81\x81\0\0\0\x005")
    assert socket.take() == b"\x81\x054kept"
    assert (await poll.answered()).status == 400
    assert (await world.post(b"4late").answered()).status == 400
    assert world.session.transport.name == "websocket"
    assert world.told == []


async def test_a_poll_in_flight_at_the_upgrade_gets_noop() -> None:
    world = await World.opened()
    poll = await world.waiting()
    probe, _ = websocket(world.server, f"/socket.io/?EIO=4&transport=websocket&sid={world.sid}")
    probe.data_received(PROBE + b"\x81\x81\0\0\0\x005")
    assert (await poll.answered()).body == b"6"


async def test_no_post_is_held_back_once_the_probe_is_answered_and_the_socket_is_held_instead() -> None:
    """socket.io-client says UPGRADE only when its POST is answered; the two waited for each other until it gave up."""
    world = await World.opened()
    world.session.pause_reading()
    post = world.post(b"4one")
    await turns()
    assert not post.status
    probe, socket = websocket(world.server, f"/socket.io/?EIO=4&transport=websocket&sid={world.sid}")
    probe.data_received(PROBE)
    assert (await post.answered()).body == b"ok"
    assert (await world.post(b"4two").answered()).body == b"ok"
    was_reading = [socket.reading]
    probe.data_received(b"\x81\x81\0\0\0\x005")
    was_reading.append(socket.reading)
    world.session.resume_reading()
    assert [*was_reading, socket.reading] == [True, False, True]


async def test_a_post_is_held_back_again_when_the_upgrade_was_given_up() -> None:
    world = await World.opened()
    world.session.pause_reading()
    probe, _ = websocket(world.server, f"/socket.io/?EIO=4&transport=websocket&sid={world.sid}")
    probe.data_received(PROBE)
    probe.connection_lost(None)
    post = world.post(b"4one")
    await turns()
    assert not post.status
    world.session.resume_reading()
    assert (await post.answered()).body == b"ok"
