"""What the weave shows is what pycrdt shows, in the same order, whoever wrote where at the same time."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st
from tests.property.test_yjs_updates import Room, written

from coursewire.namespaces.collaboration.encoding.rendering import text_of
from coursewire.namespaces.collaboration.encoding.weaving import Weave


@given(st.integers(0, 2**32).map(Random))
def test_a_weave_says_what_the_document_says(rng: Random) -> None:
    room = Room()
    for _ in range(3):
        written(rng, room, 4)
        weave = Weave(room.doc.get_update())
        assert "".join(says for _item, says in weave.shown()) == text_of(room.doc)
        room.reload()
