"""Who may make documents, and for whom: the list says so before anybody tries."""

from __future__ import annotations

import pytest
from tests.unit.collaboration.study import COURSE, Study

from coursewire.errors import Forbidden
from coursewire.namespaces.collaboration.contract import CreateDocument, DocumentPage, ListDocuments
from coursewire.vocabulary import new_id


def listed(study: Study, who: str, **fields: str) -> DocumentPage:
    page: DocumentPage = study.run(who, ListDocuments.model_validate({"course_id": COURSE, **fields}))
    return page


def make(study: Study, who: str, group: str | None) -> str:
    command = CreateDocument(key=new_id(), course_id=COURSE, title="Notes", group=group)
    made: str = study.run(who, command).document.id
    return made


@pytest.mark.parametrize(
    ("who", "may_make", "groups"),
    [
        ("ada", True, ["blue", "red"]),
        ("tom", True, ["blue", "red"]),
        ("ben", False, ["red"]),
        ("mia", False, []),
    ],
)
def test_the_list_says_for_whom_one_may_make_documents(
    study: Study, who: str, *, may_make: bool, groups: list[str]
) -> None:
    page = listed(study, who)
    assert (page.may_make, [one.id for one in page.groups]) == (may_make, groups)
    for group in (None, "blue", "red"):
        if may_make or group in groups:
            assert make(study, who, group) in [one.id for one in listed(study, who).items]
        else:
            with pytest.raises(Forbidden) as refused:
                make(study, who, group)
            assert refused.value.field == "group"


def test_the_pages_after_the_first_do_not_say_it_again(study: Study) -> None:
    study.document("8")
    first = listed(study, "ben", limit="1")
    assert first.next_cursor is not None
    assert first.groups != []
    assert listed(study, "ben", cursor=first.next_cursor).groups == []
