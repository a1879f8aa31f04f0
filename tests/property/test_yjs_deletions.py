"""What is deleted in many places is deleted in several goes, and is the same document."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycrdt import Doc, merge_updates
from tests.property.yjs_nonsense import clocks_of, edit, root_of, updates_of

from coursewire.namespaces.collaboration.encoding import applying
from coursewire.namespaces.collaboration.encoding.applying import apply, apply_heard
from coursewire.namespaces.collaboration.encoding.reading import read_update
from coursewire.namespaces.collaboration.encoding.rendering import html_of

seeds = st.integers(0, 2**32).map(Random)


@given(seeds, st.integers(20, 120), st.integers(1, 12))
def test_in_goes_or_at_once_it_is_the_same_document(rng: Random, before: int, worth: int) -> None:
    """Of a life of edits: some are there, the others come in one update, with what they delete of both."""
    doc: Doc[Any] = Doc()
    root_of(doc)
    heard = updates_of(doc)
    while len(heard) < before + 60:
        edit(rng, doc)
    at_once, in_goes, heard_of = Doc[Any](), Doc[Any](), Doc[Any]()
    for copy in (at_once, in_goes, heard_of):
        copy.apply_update(merge_updates(*heard[:before]))
    late = merge_updates(*heard[before:])
    at_once.apply_update(late)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(applying, "WORTH_IT", worth)
        apply(in_goes, read_update(late), late)
        apply_heard(heard_of, late)
    expected = read_update(at_once.get_update())
    for copy in (in_goes, heard_of):
        assert html_of(copy) == html_of(at_once) == html_of(doc)
        assert clocks_of(copy) == clocks_of(at_once) == clocks_of(doc)
        # What each says that the other lacks: nothing, its deletions included.
        written = read_update(copy.get_update())
        assert written.blocks.keys() == expected.blocks.keys()
        assert sorted(written.deletes) == sorted(expected.deletes)
