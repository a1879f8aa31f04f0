"""Documents that people edit one after the other, or at once, straight in the database of a `Study`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pycrdt import Doc, XmlElement, XmlFragment, XmlText
from tests.unit.collaboration.study import Study

from coursewire.namespaces.collaboration.contract import OneVersion, SaveVersion, Version
from coursewire.namespaces.collaboration.encoding.rendering import text_of
from coursewire.namespaces.collaboration.service.contents import load_contents
from coursewire.namespaces.collaboration.service.editing import log_edit
from coursewire.namespaces.collaboration.service.seeds import seed_of, write_seed
from coursewire.namespaces.collaboration.store import documents
from coursewire.vocabulary import new_id


class Draft:
    """One document, and an editor of it for each person."""

    def __init__(self, study: Study, html: str, document_id: str = "essay", **fields: Any) -> None:
        self.study = study
        self.id = document_id
        study.document(document_id, **fields)
        study.do(write_seed, self.row, seed_of("text", html=html))
        self._editors: dict[str, Doc[Any]] = {}

    @property
    def row(self) -> documents.DocumentRow:
        found = self.study.do(documents.load_document, self.id)
        assert found is not None
        row: documents.DocumentRow = found
        return row

    def doc(self) -> Doc[Any]:
        """The document as it is committed."""
        doc: Doc[Any] = self.study.do(load_contents, self.id).doc
        return doc

    def text(self) -> str:
        return text_of(self.doc())

    def editor(self, who: str) -> Doc[Any]:
        """Somebody's copy, up to date."""
        if who not in self._editors:
            doc: Doc[Any] = Doc()
            doc.get("default", type=XmlFragment)
            self._editors[who] = doc
        self._editors[who].apply_update(self.doc().get_update())
        return self._editors[who]

    def edit(self, who: str, change: Callable[[Doc[Any]], object]) -> None:
        """Let somebody change their copy, and log that."""
        doc = self.editor(who)
        heard: list[bytes] = []
        subscription = doc.observe(lambda event: heard.append(bytes(event.update)))
        with doc.transaction():
            change(doc)
        doc.unobserve(subscription)
        for update in heard:
            self.log(who, update)

    def log(self, who: str, update: bytes) -> None:
        self.study.do(log_edit, who, self.row, update, self._editors[who].client_id)

    def save(self, who: str, title: str) -> Version:
        answer: OneVersion = self.study.run(who, SaveVersion(key=new_id(), document_id=self.id, title=title))
        return answer.version


def line(doc: Doc[Any], index: int) -> XmlText:
    """The text of an element at the top of a document."""
    element = doc.get("default", type=XmlFragment).children[index]
    assert isinstance(element, XmlElement)
    text = element.children[0]
    assert isinstance(text, XmlText)
    return text


def add_line(text: str) -> Callable[[Doc[Any]], object]:
    """Put a paragraph behind all others."""
    return lambda doc: doc.get("default", type=XmlFragment).children.append(
        XmlElement("paragraph", None, [XmlText(text)])
    )


def remove_line(index: int) -> Callable[[Doc[Any]], object]:
    def change(doc: Doc[Any]) -> None:
        del doc.get("default", type=XmlFragment).children[index]

    return change


def write_in(index: int, at: int, text: str) -> Callable[[Doc[Any]], object]:
    """Put text into an element at the top; `at` counts bytes."""
    return lambda doc: line(doc, index).insert(at, text)
