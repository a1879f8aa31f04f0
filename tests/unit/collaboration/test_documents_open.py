"""Documents from end to end on one node: made, opened, edited together, read again."""

from __future__ import annotations

from tests.unit.collaboration.reading_room import ReadingRoom


async def test_what_one_types_the_others_read(room: ReadingRoom) -> None:
    """[DOC1] Created, opened twice, edited by both, opened by a third."""
    document_id = await room.document()
    ada, ben = await room.come("ada"), await room.come("ben")
    opened = await ada.open(document_id)
    assert (opened["mode"], opened["document"]["id"], opened["layout"]) == ("edit", document_id, 1)
    assert set(opened["positions"]) == {f"document:{document_id}", f"document:{document_id}:staff"}
    await ben.open(document_id)
    saved = await ada.send(ada.edit("Hello"))
    assert saved == {"sequence": 1, "saved": True}
    await ben.reads("Hello")
    await ben.type("字😀 ", 0)
    await ada.reads("字😀 Hello")
    [heard] = [one for one in ben.guest.named("document.updated") if one.meta["actor"] == "ada"]
    assert (heard.data["sequence"], heard.data["client_id"], heard.offset) == (1, ada.doc.client_id, 1)
    cleo = await room.come("cleo")
    await cleo.open(document_id)
    assert cleo.text == "字😀 Hello"


async def test_a_document_that_was_let_go_is_what_it_was(room: ReadingRoom) -> None:
    """[DOC1] From its rows alone."""
    document_id = await room.document(template="lab-report")
    ada = await room.come("ada")
    await ada.open(document_id)
    await ada.type("Our ")
    assert ada.text.startswith("Our Lab report\n")
    ada.guest.vanish()
    await room.settle()
    room.rooms.let_go(room.rooms._rooms[document_id].idle_since or 0.0)
    assert room.rooms.find(document_id) is None
    ben = await room.come("ben")
    await ben.open(document_id)
    assert ben.text == ada.text
