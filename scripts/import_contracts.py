"""An import-linter contract that says what a package may import at all: every other import breaks it."""

from __future__ import annotations

import re
import sys
from typing import Any

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output


class OnlyContract(Contract):
    """Direct imports of `modules` reach only what is listed.

    A name stands for a module and all below it; `*` stands for one part of a name.

    may_import: the modules of ours, besides `modules` themselves.
    packages: the third-party packages; without it, any.
    standard_library: the modules of the standard library; without it, any.
    """

    type_name = "only"

    modules = fields.ListField(subfield=fields.StringField())
    may_import = fields.ListField(subfield=fields.StringField(), required=False)
    packages = fields.ListField(subfield=fields.StringField(), required=False)
    standard_library = fields.ListField(subfield=fields.StringField(), required=False)

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:  # noqa: ARG002, FBT001 - the base class's
        """Return whether the contract is kept, and which imports break it."""
        wrong = [
            (importer, imported)
            for importer in sorted(graph.modules)
            if _matches(importer, self.modules)
            for imported in sorted(graph.find_modules_directly_imported_by(importer))
            if not self._may_import(imported)
        ]
        return ContractCheck(
            kept=not wrong, metadata={"wrong": [(*pair, _lines(graph, *pair)) for pair in wrong]}
        )

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Print one line per forbidden import."""
        for importer, imported, lines in check.metadata["wrong"]:
            output.print_error(f"- {importer} may not import {imported} ({lines})", bold=False)

    def _may_import(self, imported: str) -> bool:
        if imported == "coursewire":
            return True  # it holds the map and the version, and imports nothing
        if imported.startswith("coursewire."):
            return _matches(imported, [*_listed(self.modules), *_listed(self.may_import)])
        top = imported.partition(".")[0]
        listed = self.standard_library if top in sys.stdlib_module_names else self.packages
        return listed is None or top in _listed(listed)


def _listed(value: Any) -> list[str]:
    return list(value or ())


def _matches(module: str, patterns: Any) -> bool:
    expressions = (re.escape(pattern).replace(r"\*", r"[^.]+") + r"(\..+)?" for pattern in _listed(patterns))
    return any(re.fullmatch(expression, module) for expression in expressions)


def _lines(graph: ImportGraph, importer: str, imported: str) -> str:
    details = graph.get_import_details(importer=importer, imported=imported)
    return ", ".join(f"line {detail['line_number']}" for detail in details)
