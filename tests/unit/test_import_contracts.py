"""The `only` contract of import-linter: it keeps what is listed and breaks on anything else."""

import pytest
from grimp import ImportGraph
from scripts.import_contracts import OnlyContract


def graph(*imports: tuple[str, str]) -> ImportGraph:
    built = ImportGraph()
    for importer, imported in imports:
        for module in (importer, imported):
            if module not in built.modules:
                built.add_module(module, is_squashed="." not in module and module != "coursewire")
        built.add_import(importer=importer, imported=imported, line_number=7, line_contents="import")
    return built


def contract(**options: object) -> OnlyContract:
    return OnlyContract(
        name="only", session_options={"root_packages": ["coursewire"]}, contract_options=options
    )


@pytest.mark.parametrize(
    "imported",
    [
        "coursewire",
        "coursewire.wire.frames",
        "coursewire.errors",
        "coursewire.errors.more",
        "orjson",
        "struct",
    ],
)
def test_what_is_listed_is_kept(imported: str) -> None:
    only = contract(
        modules=["coursewire.wire"],
        may_import=["coursewire.errors"],
        packages=["orjson"],
        standard_library=["struct"],
    )
    assert only.check(graph(("coursewire.wire.engineio", imported)), verbose=False).kept


@pytest.mark.parametrize("imported", ["coursewire.edge", "coursewire.errorsmore", "socket", "httpx"])
def test_anything_else_breaks_and_is_named(imported: str, capsys: pytest.CaptureFixture[str]) -> None:
    only = contract(
        modules=["coursewire.wire"],
        may_import=["coursewire.errors"],
        packages=["orjson"],
        standard_library=["struct"],
    )
    check = only.check(graph(("coursewire.wire.engineio", imported)), verbose=False)
    assert not check.kept
    only.render_broken_contract(check)
    assert f"coursewire.wire.engineio may not import {imported} (line 7)" in capsys.readouterr().out.replace(
        "\n", " "
    )


def test_a_star_is_one_part_of_a_name() -> None:
    only = contract(
        modules=["coursewire.namespaces.*.rules"], may_import=["coursewire.namespaces.*.contract"]
    )
    kept = graph(("coursewire.namespaces.chat.rules", "coursewire.namespaces.library.contract"))
    broken = graph(("coursewire.namespaces.library.rules", "coursewire.namespaces.chat.store"))
    elsewhere = graph(("coursewire.namespaces.chat.service", "coursewire.namespaces.chat.store"))
    assert only.check(kept, verbose=False).kept
    assert not only.check(broken, verbose=False).kept
    assert only.check(elsewhere, verbose=False).kept


def test_without_a_list_every_package_may_be_imported() -> None:
    assert (
        contract(modules=["coursewire.edge"])
        .check(graph(("coursewire.edge.ws", "uvicorn")), verbose=False)
        .kept
    )
