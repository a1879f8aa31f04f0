"""A version comes back in a document that others are in: they hear it as an edit, and what they type goes on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from random import Random

import pytest
from pycrdt import XmlElement, XmlFragment, XmlText
from tests.unit.collaboration.reading_room import ReadingRoom, Writer

from coursewire.namespaces.collaboration.encoding.rendering import text_of
from coursewire.namespaces.collaboration.encoding.seeding import doc_of_html
from coursewire.namespaces.collaboration.encoding.tree import become, tree_of
from coursewire.namespaces.collaboration.service.contents import load_contents
from coursewire.vocabulary import new_id


@pytest.fixture
async def room() -> AsyncIterator[ReadingRoom]:
    room = await ReadingRoom.open()
    yield room
    await room.close()


async def essay(room: ReadingRoom) -> str:
    document_id = await room.document()
    ada = await room.come("ada")
    await ada.open(document_id)
    before = ada.doc.get_state()
    with ada.doc.transaction():
        for _ in become(ada.doc, tree_of(doc_of_html("<p>one</p><p>two</p><p>three</p>"))):
            pass
    await ada.send(ada.doc.get_update(before))
    ada.guest.vanish()
    return document_id


async def test_everybody_in_the_document_gets_what_is_restored(room: ReadingRoom) -> None:
    """[DOC6]"""
    document_id = await essay(room)
    ada, ben = await room.come("ada"), await room.come("ben")
    for writer in (ada, ben):
        await writer.open(document_id)
    version = (await ada.ask("version.save", key=new_id(), document_id=document_id, title="Good"))["version"]
    await ben.type("not ")
    await ada.reads("not one\ntwo\nthree")
    answer = await ada.ask("version.restore", key=new_id(), version_id=version["id"])
    assert (answer["version"]["id"], answer["before"]["automatic"]) == (version["id"], "before_restore")
    for writer in (ada, ben):
        await writer.reads("one\ntwo\nthree")
    await ben.type("still ")
    await ada.reads("still one\ntwo\nthree")
    cleo = await room.come("cleo")
    await cleo.open(document_id)
    assert cleo.text == ada.text
    runs = (await cleo.ask("version.compare", version_id=answer["before"]["id"]))["runs"]
    assert [(run["text"], run["change"], run.get("user_id")) for run in runs] == [
        ("not ", "removed", "ada"),
        ("still ", "added", "ben"),
        ("one\ntwo\nthree\n", "kept", None),
    ]


@pytest.mark.parametrize("seed", range(3))
async def test_a_restore_converges_with_who_types_at_the_same_time(room: ReadingRoom, seed: int) -> None:
    """[DOC6]"""
    rng = Random(seed)  # noqa: S311 - the same lesson each time
    document_id = await essay(room)
    writers = [await room.come(user) for user in ("ada", "ben", "cleo")]
    for writer in writers:
        await writer.open(document_id)
    versions = []
    for number in range(3):
        saved = await writers[0].ask("version.save", key=new_id(), document_id=document_id, title=str(number))
        versions.append(saved["version"]["id"])
        for writer in writers:
            await writer.send(scribble(rng, writer))
            writer.catch_up()
    acks = []
    for _ in range(8):
        writer = rng.choice(writers)
        if rng.random() < 0.4:
            payload = {"key": new_id(), "version_id": rng.choice(versions)}
            acks.append((writer, writer.guest.say("version.restore", payload, "/collaboration")))
        else:
            acks.append((writer, writer.say(scribble(rng, writer))))
        if rng.random() < 0.5:
            writer.catch_up()
    for writer, ack in acks:
        assert (await writer.guest.answer(ack))["ok"]
    late = await room.come("mona")
    await late.open(document_id)
    for writer in writers:
        await writer.reads(late.text)
    replica = await room.rooms._rooms[document_id].ready()
    assert text_of(replica.doc).rstrip("\n") == late.text
    rows = await room.read(lambda tx: text_of(load_contents(tx, document_id).doc))
    assert rows.rstrip("\n") == late.text


def scribble(rng: Random, writer: Writer) -> bytes:
    """Type somewhere, or take a paragraph away; return the update."""
    before = writer.doc.get_state()
    root = writer.doc.get("default", type=XmlFragment)
    index = rng.randrange(len(root.children) + 1)
    if index < len(root.children) and rng.random() < 0.3:
        del root.children[index]
        return writer.doc.get_update(before)
    element = root.children[index] if index < len(root.children) else None
    if isinstance(element, XmlElement) and len(element.children):
        line = element.children[0]
        assert isinstance(line, XmlText)
        line.insert(0, rng.choice(("a", "字", "😀")))
    else:
        root.children.insert(index, XmlElement("paragraph"))
    return writer.doc.get_update(before)
