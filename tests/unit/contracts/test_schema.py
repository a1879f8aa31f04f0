"""What the generated contracts say, and that they need no list of namespaces."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import coursewire.namespaces
from coursewire import errors
from coursewire.contracts import reference, typescript
from coursewire.contracts.asyncapi import asyncapi
from coursewire.contracts.registry import Contract, contracts
from coursewire.contracts.schema import document

LIBRARY = '''
"""What /library says and hears."""

from typing import Annotated

from annotated_types import Len

from coursewire.realtime.contract import Command, Delivery, Event, Mode, Once, Result
from coursewire.vocabulary import Key, Model


class Book(Model):
    """A book."""

    title: str
    """On its cover."""
    pages: Annotated[int, "without the cover"]
    editor: str | None = None
    tags: list[str] = []


class OneBook(Once):
    book: Book


class LendBook(Command, name="book.lend", mode=Mode.WRITE, returns=OneBook):
    """Take a book home."""

    key: Key
    title: str
    days: int = 14


class BookLent(Event[Book], name="book.lent", delivery=Delivery.LATEST, per="title", rate=0.5):
    """A book went home."""


class Scan(Model):
    """A page as it looks."""

    page: int
    image: Annotated[bytes, Len(1, 1024)]


class Scans(Result):
    scans: list[Scan]


class ScanPage(Command, name="page.scan", returns=Scans, attachment="image"):
    """Keep what a page looks like."""

    page: int
    image: bytes


class PageScanned(Event[Scan], name="page.scanned", attachment="image"):
    """Somebody has kept a page."""


COMMANDS = (LendBook, ScanPage)
EVENTS = (BookLent, PageScanned)
'''


def chat() -> Contract:
    return next(contract for contract in contracts() if contract.name == "chat")


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Contract]:
    """A namespace that is nothing but a new folder."""
    (tmp_path / "library").mkdir()
    (tmp_path / "library" / "__init__.py").touch()
    (tmp_path / "library" / "contract.py").write_text(LIBRARY)
    monkeypatch.setattr(coursewire.namespaces, "__path__", [*coursewire.namespaces.__path__, str(tmp_path)])
    contracts.cache_clear()
    asyncapi.cache_clear()
    yield next(contract for contract in contracts() if contract.name == "library")
    for name in [name for name in sys.modules if name.startswith("coursewire.namespaces.library")]:
        del sys.modules[name]
    contracts.cache_clear()
    asyncapi.cache_clear()


def test_a_new_namespace_folder_is_found_by_itself(library: Contract) -> None:
    source = typescript.source(library)
    assert 'import type { RealtimeCommands, RealtimeEvents } from "./realtime";' in source
    assert "export interface LibraryCommands extends RealtimeCommands {" in source
    assert '"book.lent": { data: Book; delivery: "latest"; per: "title" };' in source
    assert '"book.lend": { mode: "write", key: "required" },' in source
    assert "library" in asyncapi()["channels"]
    assert "library.md" in reference.pages()


def test_fields_are_described_by_the_text_beside_them(library: Contract) -> None:
    book = document(library)["$defs"]["Book"]["properties"]
    assert book["title"]["description"] == "On its cover."
    assert book["pages"]["description"] == "without the cover"


def test_what_a_client_sends_may_leave_out_every_default(library: Contract) -> None:
    assert document(library)["$defs"]["LendBook"]["required"] == ["key", "title"]
    assert "  days?: number;" in typescript.source(library)


def test_what_the_server_sends_holds_everything_but_none(library: Contract) -> None:
    definitions = document(library)["$defs"]
    assert definitions["Book"]["required"] == ["title", "pages", "tags"]
    assert definitions["Book"]["properties"]["editor"] == {"type": "string"}
    assert set(definitions["OneBook"]["required"]) == {"duplicate", "book"}
    assert "  editor?: string;" in typescript.source(library)


def test_bytes_are_bytes_in_every_form(library: Contract) -> None:
    source, page, messages = (
        typescript.source(library),
        reference.page(library),
        asyncapi()["components"]["messages"],
    )
    assert source.count("  image: Uint8Array;") == 2
    assert '"page.scan": { mode: "read", key: "none", attachment: "image" },' in source
    assert '"page.scanned": { delivery: "logged", attachment: "image" },' in source
    assert "| read | none | [ScanPage](#scanpage), then the bytes of `image` | [Scans](#scans) |" in page
    assert "| logged | [Scan](#scan), then the bytes of `image` |" in page
    assert "| `image` | bytes | 1-1024 bytes |" in page
    said = messages["library.page.scanned"]
    assert said["payload"]["prefixItems"][2] == {"type": "string", "format": "binary"}
    assert len(said["payload"]["prefixItems"]) == 4
    assert (said["x-attachment"], messages["library.page.scan"]["x-attachment"]) == ("image", "image")
    assert "x-attachment" not in messages["library.book.lent"]


@pytest.mark.parametrize("contract", contracts(), ids=lambda contract: contract.name)
def test_every_command_and_event_of_a_contract_is_in_every_form(contract: Contract) -> None:
    names = [command.command for command in contract.commands] + [event.event for event in contract.events]
    source, page, api = typescript.source(contract), reference.page(contract), asyncapi()
    assert names
    for name in names:
        assert f'"{name}": {{' in source or f"  {name}: {{" in source
        assert f"| `{name}` |" in page
        assert f"{contract.name}.{name}" in api["components"]["messages"]


@pytest.mark.parametrize("contract", contracts(), ids=lambda contract: contract.name)
def test_a_row_of_a_page_is_one_line(contract: Contract) -> None:
    rows = [line for line in reference.page(contract).splitlines() if line.startswith("| ")]
    assert rows
    assert [row for row in rows if not row.endswith(" |")] == []


def test_no_null_travels() -> None:
    for contract in contracts():
        assert '"null"' not in repr(document(contract)).replace("'", '"')


def test_a_model_of_the_common_part_is_imported_from_there() -> None:
    assert "export interface Position " not in typescript.source(chat())
    assert "Position" in typescript.source(chat()).split(' from "./realtime"')[0]
    assert "export interface Position " in typescript.source(contracts()[0])


def test_the_error_of_the_contract_does_not_shadow_that_of_the_language() -> None:
    source = typescript.source(contracts()[0])
    assert "export interface CoursewireError {" in source
    assert "interface Error " not in source
    assert all(f'"{code}"' in source for code in errors.CODES)


def test_a_construct_without_a_type_is_refused_rather_than_typed_as_any() -> None:
    with pytest.raises(typescript.UnsupportedError):
        typescript.type_of(chat(), {"not": {"type": "string"}})


def test_every_reference_of_the_asyncapi_document_leads_somewhere() -> None:
    api = asyncapi()
    targets = list(_references(api))
    assert len(targets) > 100
    for target in targets:
        found: Any = api
        for part in target.removeprefix("#/").split("/"):
            found = found[part]


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for inner in value.values():
            yield from _references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _references(inner)
