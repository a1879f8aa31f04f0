"""A document that begins anew, or is deleted: nothing beside it says what it said, or that it was there."""

from __future__ import annotations

from typing import Any

from tests.unit.collaboration.study import Study

from coursewire.namespaces.collaboration.service import managing
from coursewire.namespaces.collaboration.service.forgotten_quotes import find_quotes, forget_quotes
from coursewire.namespaces.collaboration.store import documents


def target(exact: str, prefix: str = "", suffix: str = "") -> dict[str, Any]:
    return {"quote": {"exact": exact, "prefix": prefix, "suffix": suffix}, "start": "AAEC", "end": "AAED"}


def forget(study: Study, text: str) -> None:
    """Let the document say this and no more."""
    study.do(forget_quotes, "7", study.do(find_quotes, "7", text))


def test_quotes_of_what_is_not_said_any_more_are_forgotten(study: Study) -> None:
    """[LOG5] [DOC8] In rows, in what was told, in remembered answers; what is said still can be found by its quote."""
    kept = study.annotate("ben", "kept", target=target("first\nsecond", "the ", " secret"))
    gone = study.annotate("ben", "about it", target=target("a secret", "was ", "!"), visibility="group:red")
    private = study.annotate("ben", "mine", target=target("my secret"), visibility="private")
    head = study.annotate("ben", "why?", target=target("another secret"))
    study.reply("ada", head)
    study.delete("ben", head)
    forget(study, "Here is the first\n\nsecond line.")
    assert "secret" not in study.everything()
    shown = {one.id: one for one in study.page("ben")}
    now = shown[kept.id]
    assert now.target is not None
    assert now.target.model_dump() == {
        "quote": {"exact": "first\nsecond", "prefix": "the ", "suffix": ""},
        "start": None,
        "end": None,
        "selector": None,
    }
    assert (now.orphaned, now.revision, now.body) == (False, 2, "kept")
    for one in (gone, private, head):
        found = shown[one.id].target
        assert found is not None
        assert (found.quote.exact, found.quote.prefix, found.start) == ("…", "", None)
        assert shown[one.id].orphaned
    assert study.reanchor("ben", shown[gone.id], target("second line")).orphaned is False


def test_forgetting_shows_nobody_what_they_had_lost(study: Study) -> None:
    """[ANN3] A past that told no more than ids goes on telling no more."""
    made = study.annotate("ben", "hidden words", target=target("a secret"))
    study.update("ben", made, visibility="private")
    before = study.events("document:7")
    forget(study, "")
    assert study.events("document:7") == before
    assert "hidden words" not in repr(before)


def test_forgetting_again_changes_nothing(study: Study) -> None:
    study.annotate("ben", target=target("here"))
    forget(study, "here")
    before = study.everything()
    forget(study, "here")
    assert study.everything() == before


def test_with_a_document_goes_all_that_was_beside_it(study: Study) -> None:
    """[LOG5] From every channel, private ones too, and from inboxes."""
    study.annotate("ben", "a secret for @cleo")
    study.annotate("ben", "a secret of mine", visibility="private")
    study.annotate("ada", "a secret of the staff", visibility="staff", target=target("their secret"))
    row = study.do(documents.load_document, "7")
    study.do(managing.remove, row)
    assert "secret" not in study.everything()
    assert [item.title for item in study.inbox("cleo")] == ["An annotation was taken back"]
    assert study.names("user:ben") == ["created"]
