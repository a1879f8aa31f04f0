"""Every dependency has its reason in decision 0002, and no reason outlives its dependency."""

import json
import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]


def _name(requirement: str) -> str:
    return re.split(r"[\[<>=~;! ]", requirement)[0].lower().replace("_", "-")


def declared() -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    requirements = list(project["project"]["dependencies"])
    for group in project["dependency-groups"].values():
        requirements += [entry for entry in group if isinstance(entry, str)]
    names = {_name(requirement) for requirement in requirements}
    for folder in ("web", "bench"):
        package = json.loads((ROOT / folder / "package.json").read_text())
        names |= set(package.get("dependencies", ())) | set(package.get("devDependencies", ()))
    return names


def explained() -> set[str]:
    text = (ROOT / "docs/decisions/0002-dependencies.md").read_text().partition("## Not taken")[0]
    cells = re.findall(r"^\| (`.*?`) \| \S", text, re.MULTILINE)
    return {name.lower().replace("_", "-") for cell in cells for name in re.findall(r"`([^`]+)`", cell)}


def test_every_dependency_has_a_reason() -> None:
    assert declared() - explained() == set()


def test_no_reason_outlives_its_dependency() -> None:
    assert explained() - declared() == set()


def test_what_is_declared_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    locked = {
        _name(line)
        for line in (ROOT / "requirements/development.txt").read_text().splitlines()
        if "==" in line
    }
    runtime = {
        _name(line) for line in (ROOT / "requirements/runtime.txt").read_text().splitlines() if "==" in line
    }
    wanted = {_name(requirement) for requirement in project["project"]["dependencies"]}
    assert wanted <= runtime <= locked
    node = {_name(line) for line in (ROOT / "requirements/node.txt").read_text().splitlines() if "==" in line}
    for group in project["dependency-groups"].values():
        assert {_name(entry) for entry in group if isinstance(entry, str)} <= locked | node


def test_npm_versions_are_exact() -> None:
    for folder in ("web", "bench"):
        package = json.loads((ROOT / folder / "package.json").read_text())
        for name, version in {
            **package.get("dependencies", {}),
            **package.get("devDependencies", {}),
        }.items():
            assert re.fullmatch(r"\d+\.\d+\.\d+", version), f"{folder}: {name} {version}"


def test_there_is_one_of_what_must_be_one() -> None:
    """Two copies of Yjs do not know each other's types, and an editor of two versions wants two cores."""
    packages = json.loads((ROOT / "web/package-lock.json").read_text())["packages"]
    found: dict[str, list[str]] = {}
    for path, package in packages.items():
        found.setdefault(path.rpartition("node_modules/")[2], []).append(package.get("version", ""))
    editor = {name: versions for name, versions in found.items() if name.startswith("@tiptap/")}
    assert len(editor) > 8
    assert {version for versions in editor.values() for version in versions} == {
        *found["@tiptap/core"],
        *found["@tiptap/y-tiptap"],
    }
    single = {*editor, "yjs", "y-protocols", "lib0", "react", "prosemirror-model", "prosemirror-state"}
    assert {name: versions for name, versions in found.items() if name in single and len(versions) > 1} == {}
