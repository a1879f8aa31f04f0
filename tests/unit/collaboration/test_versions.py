"""Versions: saved, listed, read, compared, brought back as an edit, forgotten; each only by whom it is for."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from pycrdt import Doc
from tests.unit.collaboration.drafts import Draft, add_line, remove_line, write_in
from tests.unit.collaboration.study import Study, refused

from coursewire.errors import Forbidden, Invalid, NotFound, TooLarge
from coursewire.namespaces.collaboration.contract import (
    CompareVersions,
    Comparison,
    ListVersions,
    ReadVersion,
    RestoreVersion,
    SaveVersion,
    Version,
    VersionContent,
    VersionRestored,
)
from coursewire.namespaces.collaboration.encoding.rendering import text_of
from coursewire.namespaces.collaboration.rules import limits
from coursewire.namespaces.collaboration.rules import versions as rules
from coursewire.namespaces.collaboration.service import beginning_anew, editing, saving_versions
from coursewire.namespaces.collaboration.service import versions as service
from coursewire.namespaces.collaboration.store import documents
from coursewire.namespaces.collaboration.store import versions as store
from coursewire.realtime.namespace import Outdated
from coursewire.vocabulary import new_id

HTML = "<h1>Essay</h1><p>one two three</p><p>last</p>"


@pytest.fixture
def draft(study: Study) -> Draft:
    return Draft(study, HTML)


def listed(study: Study, who: str, **fields: Any) -> list[Version]:
    found: list[Version] = study.run(who, ListVersions(document_id="essay", **fields)).items
    return found


def compared(study: Study, who: str, before: Version, after: Version | None = None) -> Comparison:
    command = CompareVersions(version_id=before.id, with_id=after and after.id)
    found: Comparison = study.run(who, command)
    return found


def restore(study: Study, who: str, version: Version) -> VersionRestored:
    answer: VersionRestored = study.run(who, RestoreVersion(key=new_id(), version_id=version.id))
    return answer


def automatic(draft: Draft, reason: Any = "interval") -> Version | None:
    found = draft.study.do(saving_versions.state_to_save, draft.id)
    assert found is not None
    saved: Version | None = draft.study.do(saving_versions.save_automatic, draft.id, reason, *found)
    return saved


def test_a_version_keeps_what_was_there_and_who_wrote_it(study: Study, draft: Draft) -> None:
    draft.edit("ben", write_in(1, 13, " four"))
    first = draft.save("ada", "First draft")
    draft.edit("cleo", add_line("new"))
    draft.edit("ada", remove_line(0))
    second = draft.save("ben", "Second draft")
    assert [version.number for version in (first, second)] == [1, 2]
    assert (first.saved_by, first.editors, first.automatic) == ("ada", ["ben"], None)
    assert second.editors == ["ada", "cleo"]  # also who only took something away
    assert listed(study, "mia") == [second, first]
    content: VersionContent = study.run("mia", ReadVersion(version_id=first.id))
    assert content.text == "Essay\none two three four\nlast\n"
    assert content.html == "<h1>Essay</h1><p>one two three four</p><p>last</p>"
    assert content.version == first


def test_the_list_goes_on_where_it_ended(study: Study, draft: Draft) -> None:
    saved = [draft.save("ada", f"Draft {number}") for number in range(5)]
    page = study.run("ben", ListVersions(document_id="essay", limit=2))
    assert (page.items, page.next_cursor) == (saved[:2:-1], "4")
    page = study.run("ben", ListVersions(document_id="essay", limit=3, cursor=page.next_cursor))
    assert (page.items, page.next_cursor) == (saved[2::-1], None)
    refused(Invalid, "cursor", lambda: study.run("ben", ListVersions(document_id="essay", cursor="x")))
    refused(Invalid, "cursor", lambda: study.run("ben", ListVersions(document_id="essay", cursor="9" * 10)))


def test_a_comparison_says_who_added_what_and_who_took_away_what(study: Study, draft: Draft) -> None:
    before = draft.save("ada", "Before")
    draft.edit("ben", write_in(1, 3, " and a half"))
    draft.edit("cleo", add_line("by Cleo"))
    draft.edit("ben", remove_line(0))
    after = draft.save("ada", "After")
    draft.edit("ada", add_line("by Ada"))
    runs = [
        ("Essay\n", "removed", "ben"),
        ("one", "kept", None),
        (" and a half", "added", "ben"),
        (" two three\nlast\n", "kept", None),
        ("by Cleo\n", "added", "cleo"),
    ]
    for pair in ((before, after), (after, before)):
        found = compared(study, "mia", *pair)
        assert (found.before, found.after) == (before, after)
        assert [(run.text, run.change, run.user_id) for run in found.runs] == runs
    found = compared(study, "mia", before)
    assert found.after is None
    assert [(run.text, run.change, run.user_id) for run in found.runs] == [
        *runs,
        ("by Ada\n", "added", "ada"),
    ]


def test_versions_of_two_lives_are_compared_by_their_lines(study: Study, draft: Draft) -> None:
    before = draft.save("ada", "Before")
    study.do(documents.set_epoch, "essay", "e2")
    runs = compared(study, "ben", before).runs
    assert [(run.text, run.change, run.user_id) for run in runs] == [
        ("Essay\none two three\nlast\n", "removed", None)
    ]


def test_a_comparison_has_a_bounded_number_of_runs(
    study: Study, draft: Draft, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = draft.save("ada", "Before")
    draft.edit("ben", write_in(1, 3, " and a half"))
    monkeypatch.setattr(service, "MOST_RUNS", 2)
    found = compared(study, "ben", before)
    assert (len(found.runs), found.truncated) == (2, True)
    monkeypatch.setattr(service, "MOST_RUNS", 3)
    assert not compared(study, "ben", before).truncated


def test_a_version_comes_back_as_an_edit_of_who_restores_it(study: Study, draft: Draft) -> None:
    """[DOC6] [LOG1]"""
    version = draft.save("ada", "Good")
    draft.edit("ben", remove_line(1))
    draft.edit("cleo", add_line("nonsense"))
    count = len(study.logged("document:essay"))
    answer = restore(study, "ada", version)
    assert draft.text() == "Essay\none two three\nlast\n"
    (event,) = study.logged("document:essay")[count:]
    assert (event.event, event.actor) == ("document.updated", "ada")
    assert answer.version == version
    assert (answer.before.automatic, answer.before.title) == ("before_restore", "")
    assert answer.before.editors == ["ben", "cleo"]
    runs = compared(study, "ben", answer.before).runs
    assert ("one two three\n", "added", "ada") in [(run.text, run.change, run.user_id) for run in runs]
    restore(study, "ada", answer.before)
    assert draft.text() == "Essay\nlast\nnonsense\n"


def test_a_restore_converges_with_who_edits_meanwhile(study: Study, draft: Draft) -> None:
    """[DOC6]"""
    version = draft.save("ada", "Good")
    draft.edit("ben", write_in(1, 0, "zero "))
    cleo, dan = draft.editor("cleo"), draft.editor("dan")
    typed: list[tuple[str, bytes]] = []
    subscriptions = [
        doc.observe(lambda event, who=who: typed.append((who, bytes(event.update))))
        for who, doc in (("cleo", cleo), ("dan", dan))
    ]
    write_in(2, 4, " but one 😀")(cleo)
    write_in(1, 18, "!")(dan)
    for doc, subscription in zip((cleo, dan), subscriptions, strict=True):
        doc.unobserve(subscription)
    restore(study, "ada", version)
    for who, update in typed:
        draft.log(who, update)
    for doc in (cleo, dan):
        for event in study.logged("document:essay"):
            doc.apply_update(event.attachment or b"")
    assert text_of(cleo) == text_of(dan) == draft.text() == "Essay\none two three!\nlast but one 😀\n"


def test_a_restore_of_what_is_there_changes_nothing(study: Study, draft: Draft) -> None:
    version = draft.save("ada", "Good")
    count = len(study.logged("document:essay"))
    answer = restore(study, "ben", version)
    assert (answer.version, answer.before) == (version, version)
    assert len(study.logged("document:essay")) == count
    assert listed(study, "ben") == [version]


def test_a_version_of_another_life_comes_back_as_well(study: Study, draft: Draft) -> None:
    version = draft.save("ada", "Good")
    study.do(documents.set_epoch, "essay", "e2")
    assert draft.text() == ""
    restore(study, "ada", version)
    assert draft.text() == "Essay\none two three\nlast\n"


def test_a_long_document_comes_back_in_several_updates(study: Study, draft: Draft) -> None:
    version = draft.save("ada", "Short")
    draft.edit("ben", lambda doc: [add_line(f"{number} " + "x" * 900)(doc) for number in range(400)])
    long = draft.save("ada", "Long")
    restore(study, "ada", version)
    count = len(study.logged("document:essay"))
    restore(study, "ada", long)
    sizes = [len(event.attachment or b"") for event in study.logged("document:essay")[count:]]
    assert len(sizes) >= 3
    assert max(sizes) <= saving_versions.TOGETHER
    assert draft.text().count("x" * 900) == 400


def test_a_paragraph_that_is_too_long_does_not_come_back(study: Study, draft: Draft) -> None:
    for _ in range(2):
        draft.edit("ben", write_in(1, 0, "x" * 300_000))
    version = draft.save("ada", "Long")
    draft.edit("ben", remove_line(1))
    refused(TooLarge, "version_id", lambda: restore(study, "ada", version))
    assert draft.text() == "Essay\nlast\n"
    assert listed(study, "ada") == [version]


def test_whose_edits_a_restore_undid_is_told_who_may_still_open_it(study: Study, draft: Draft) -> None:
    draft.edit("dan", add_line("before"))
    version = draft.save("ada", "Good")
    for who in ("ben", "ada", "cleo"):
        draft.edit(who, add_line("after"))
    study.unenrol("cleo")
    restore(study, "ada", version)
    restore(study, "ada", version)
    (item,) = study.inbox("ben")
    assert item.title == "Ada brought back an earlier version of Essay essay"
    assert (item.category, item.actor and item.actor.user_id) == ("collaboration", "ada")
    assert item.action is not None
    assert item.action.url == "/documents/essay"
    assert [study.inbox(who) for who in ("dan", "ada", "cleo")] == [[], [], []]


def test_who_may_not_edit_reads_versions_and_saves_none(study: Study, draft: Draft) -> None:
    version = draft.save("ada", "Good")
    assert listed(study, "mia") == [version]
    save = SaveVersion(key=new_id(), document_id="essay", title="Mine")
    refused(Forbidden, "document_id", lambda: study.run("mia", save))
    refused(Forbidden, "document_id", lambda: restore(study, "mia", version))
    assert listed(study, "mia") == [version]


def test_who_may_not_open_a_document_hears_nothing_of_its_versions(study: Study) -> None:
    draft = Draft(study, HTML, group="red")
    version = draft.save("ben", "Ours")
    for command, field in (
        (ListVersions(document_id="essay"), "document_id"),
        (SaveVersion(key=new_id(), document_id="essay", title="Mine"), "document_id"),
        (ReadVersion(version_id=version.id), "version_id"),
        (CompareVersions(version_id=version.id), "version_id"),
        (RestoreVersion(key=new_id(), version_id=version.id), "version_id"),
    ):
        for stranger in ("dan", "nobody"):
            refused(NotFound, field, partial(study.run, stranger, command))
    for unknown in (ReadVersion(version_id="x"), CompareVersions(version_id="x")):
        refused(NotFound, "version_id", partial(study.run, "ben", unknown))


def test_versions_of_two_documents_are_not_compared(study: Study, draft: Draft) -> None:
    version = draft.save("ada", "Good")
    other = Draft(study, HTML, "other").save("ada", "Other")
    refused(Invalid, "with_id", lambda: compared(study, "ben", version, other))
    hidden = Draft(study, HTML, "hidden", group="blue").save("ada", "Hidden")
    refused(NotFound, "with_id", lambda: compared(study, "ben", version, hidden))


def test_named_versions_have_a_bound(study: Study, draft: Draft, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "MOST_NAMED", 2)
    for _ in range(2):
        draft.save("ada", "Draft")
    refused(TooLarge, "document_id", lambda: draft.save("ada", "Draft"))
    assert len(listed(study, "ada")) == 2


def test_of_automatic_versions_the_newest_are_kept(
    study: Study, draft: Draft, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "MOST_AUTOMATIC", 2)
    named = draft.save("ada", "Draft")
    for number in range(4):
        draft.edit("ben", add_line(str(number)))
        assert automatic(draft) is not None
    assert [version.number for version in listed(study, "ada")] == [5, 4, named.number]
    assert listed(study, "ada", named_only=True) == [named]
    rows = study.everything()
    assert rows.count("'session_end'") + rows.count("'interval'") == 2


def test_an_automatic_version_is_saved_once(study: Study, draft: Draft) -> None:
    """Of two nodes that look at the same time, one saves."""
    draft.edit("ben", add_line("new"))
    found = study.do(saving_versions.state_to_save, "essay")
    first = study.do(saving_versions.save_automatic, "essay", "session_end", *found)
    assert (first.automatic, first.editors, first.saved_by) == ("session_end", ["ben"], None)
    assert study.do(saving_versions.save_automatic, "essay", "session_end", *found) is None
    assert automatic(draft) is None
    study.do(documents.set_epoch, "essay", "e2")
    assert study.do(saving_versions.save_automatic, "essay", "interval", b"\0\0", "e1", 99) is None
    assert study.do(saving_versions.state_to_save, "gone") is None


@pytest.mark.parametrize(
    ("now", "edited_at", "since", "reason"),
    [
        (10 * 60_000, 9 * 60_000, 8 * 60_000, None),
        (10 * 60_000, 5 * 60_000, 4 * 60_000, "session_end"),
        (40 * 60_000, 39 * 60_000, 10 * 60_000, "interval"),
        (40 * 60_000, 39 * 60_000, 10 * 60_000 + 1, None),
    ],
)
def test_a_version_is_due_now_and_then_and_when_nobody_edits_any_more(
    now: int, edited_at: int, since: int, reason: str | None
) -> None:
    assert rules.reason_to_save(now, edited_at, since) == reason


def test_who_is_erased_is_in_no_version_and_in_no_answer(study: Study, draft: Draft) -> None:
    """[LOG5] Also not in an answer that is remembered for its repeat."""
    draft.edit("ben", add_line("new"))
    mine = draft.save("ben", "Draft")
    draft.edit("ben", add_line("newer"))
    draft.edit("cleo", add_line("newest"))
    command = RestoreVersion(key=new_id(), version_id=mine.id)
    before: Version = study.run("ada", command).before
    assert before.editors == ["ben", "cleo"]
    study.erase("ben")
    shown = listed(study, "ada")
    assert [(version.saved_by, version.editors) for version in shown] == [(None, ["cleo"]), (None, [])]
    again = study.run("ada", command)
    assert (again.duplicate, again.before.editors, again.version.saved_by) == (True, ["cleo"], None)
    assert again.version.title == "Draft"
    for row in study.everything().splitlines():
        assert 'saved_by":"ben' not in row
        assert '["ben' not in row


def test_versions_go_with_their_document(study: Study, draft: Draft) -> None:
    """[LOG5] Also how they were called."""
    draft.edit("ben", add_line("secret"))
    save = SaveVersion(key=new_id(), document_id="essay", title="About the secret")
    study.run("ben", save)
    other = Draft(study, HTML, "other")
    other.edit("ben", add_line("kept"))
    kept = other.save("ben", "Draft")
    study.do(beginning_anew.forget_past, study.caller("ada"), "essay")
    assert listed(study, "ada") == []
    assert "About the secret" not in study.everything()
    assert study.run("ben", save).version.title == ""  # the answer to its repeat
    assert study.run("ada", ListVersions(document_id="other")).items == [kept]


def test_the_doc_of_a_version_is_its_state(study: Study, draft: Draft) -> None:
    version = draft.save("ada", "Draft")
    doc: Doc[Any] = study.do(service.doc_of_version, version)
    assert text_of(doc) == draft.text()
    assert version.size == len(study.do(store.state_of_version, version.id))


def test_what_is_written_while_a_restore_is_found_is_merged_and_kept(
    draft: Draft, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[DOC6] Planned in a reader; what came in between is in the version of before."""
    study, ada = draft.study, draft.study.caller("ada")
    good = draft.save("ada", "Good")
    draft.edit("ada", write_in(1, 0, "bad "))
    command = RestoreVersion(key=new_id(), version_id=good.id)
    planned = study.do(saving_versions.plan_restore, ada, command, caller=ada)
    with monkeypatch.context() as patched:
        patched.setattr(editing, "RESTORED", 7)  # as an editor counts
        draft.edit("ben", add_line("meanwhile"))
    answer = study.do(saving_versions.restore_version, ada, command, planned, caller=ada)
    assert draft.text() == "Essay\none two three\nlast\nmeanwhile\n"
    kept = study.run("ada", ReadVersion(version_id=answer.before.id))
    assert kept.text == "Essay\nbad one two three\nlast\nmeanwhile\n"


def test_a_version_that_two_bring_back_at_once_is_there_once(draft: Draft) -> None:
    """[DOC6] Of two that were planned at the same state the second is planned again; so is one of a former life."""
    study, ada = draft.study, draft.study.caller("ada")
    good = draft.save("ada", "Good")
    draft.edit("ada", remove_line(1))
    command = RestoreVersion(key=new_id(), version_id=good.id)
    planned = study.do(saving_versions.plan_restore, ada, command, caller=ada)
    restore(study, "tom", good)
    with pytest.raises(Outdated):
        study.do(saving_versions.restore_version, ada, command, planned, caller=ada)
    restore(study, "ada", good)
    assert draft.text() == "Essay\none two three\nlast\n"
    saving = SaveVersion(key=new_id(), document_id="essay", title="Late")
    read = study.do(saving_versions.read_state, ada, saving, caller=ada)
    study.do(beginning_anew.forget_past, ada, draft.id)
    with pytest.raises(Outdated):
        study.do(saving_versions.save_version, ada, saving, read, caller=ada)


def test_a_restore_keeps_to_the_bounds_of_a_document(draft: Draft, monkeypatch: pytest.MonkeyPatch) -> None:
    """[DOC4] Each leaves traces: again and again, they would make a document that cannot be opened any more."""
    study = draft.study
    full = draft.save("ada", "Full")
    draft.edit("ada", remove_line(1))
    short = draft.save("ada", "Short")
    monkeypatch.setattr(limits, "MOST_DOCUMENT", 400)
    done: list[VersionRestored] = []

    def go_on() -> None:
        while len(done) < 100:
            done.append(restore(study, "ada", (full, short)[len(done) % 2]))

    refused(TooLarge, "version_id", go_on)
    assert done
    assert len(draft.doc().get_update()) <= limits.MOST_DOCUMENT
