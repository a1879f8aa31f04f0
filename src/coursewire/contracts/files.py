"""Writes every generated file, and tells which of those on disk are stale."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from coursewire.contracts import reference, typescript
from coursewire.contracts.asyncapi import asyncapi
from coursewire.contracts.registry import contracts
from coursewire.contracts.schema import document

_FOLDERS = ("contracts/schema", "contracts/typescript", "docs/reference")
"""Folders that hold generated files: what else lies there is stale."""

_WRITTEN = frozenset({"docs/reference/metrics.md"})
"""Pages among them that people write: what a contract cannot say."""


def generate() -> dict[str, str]:
    """Return every generated file, by its path from the root of the repository."""
    files: dict[str, str] = {}
    for contract in contracts():
        files[f"contracts/schema/{contract.name}.json"] = _json(document(contract))
        files[f"contracts/typescript/{contract.name}.ts"] = typescript.source(contract)
    files["contracts/asyncapi.json"] = _json(asyncapi())
    files |= {f"docs/reference/{name}": text for name, text in reference.pages().items()}
    return files


def stale(root: Path) -> list[str]:
    """Return the paths of generated files that are missing, differ, or should not be there."""
    files = generate()
    wrong = [
        path
        for path, text in files.items()
        if not (root / path).is_file() or (root / path).read_text("utf-8") != text
    ]
    return sorted(wrong + [path for path in _present(root) if path not in files])


def write(root: Path) -> list[str]:
    """Bring the generated files up to date and return the paths that changed."""
    files = generate()
    changed = stale(root)
    for path in changed:
        if path in files:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(files[path], encoding="utf-8", newline="\n")
        else:
            (root / path).unlink()
    return changed


def _present(root: Path) -> list[str]:
    return [
        path.relative_to(root).as_posix()
        for folder in _FOLDERS
        for path in (root / folder).glob("*")
        if path.is_file() and path.relative_to(root).as_posix() not in _WRITTEN
    ]


def _json(value: dict[str, Any]) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
