"""What holds for every file: names no machine, says what it does, stays small, and never sleeps in a test."""

import ast
import json
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MOST_LINES = 400
LONGER: dict[str, str] = {
    # path: why it may be longer
    "contracts/typescript/chat.ts": "generated",
}
# Written in parts, so that this file does not name them itself.
FOREIGN = re.compile(
    "|".join(
        (
            r"pypi\." + "org",
            "python" + "hosted",
            r"npm" + r"js\.(org|com)",
            r"yarn" + "pkg",
            r"deb" + r"\.debian",
            r"/wo" + "rk/",
            r"/opt/py" + "pi",
            r"/ro" + "ot/",
            r"--(extra-)?index" + "-url",
            r"//regi" + "stry",
        )
    )
)
BINARY = {".png", ".jpg", ".ico", ".woff2", ".gz", ".db"}


def tracked(*suffixes: str) -> list[Path]:
    """The files of the repository, those about to be added included."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    paths = [ROOT / name for name in listed]
    return [path for path in paths if path.is_file() and (not suffixes or path.suffix in suffixes)]


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_no_file_names_a_package_index_or_a_path_of_this_machine() -> None:
    found = [
        f"{named(path)}:{number}: {line.strip()[:80]}"
        for path in tracked()
        if path.suffix not in BINARY
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1)
        if FOREIGN.search(line)
    ]
    assert found == []


def test_no_lock_of_npm_says_where_a_package_came_from() -> None:
    locks = [path for path in tracked(".json") if path.name == "package-lock.json"]
    assert locks
    for path in locks:
        packages = json.loads(path.read_text())["packages"]
        assert [name for name, entry in packages.items() if "resolved" in entry] == [], named(path)


def test_the_locks_of_npm_hold_every_platform() -> None:
    for path in (path for path in tracked(".json") if path.name == "package-lock.json"):
        packages = json.loads(path.read_text())["packages"]
        locked = {name.rpartition("node_modules/")[2] for name in packages}
        wanted = {name for entry in packages.values() for name in entry.get("optionalDependencies", ())}
        assert wanted - locked == set(), f"{named(path)}: `npm ci` would refuse it"


@pytest.mark.parametrize("path", sorted((ROOT / "requirements").glob("*.txt")), ids=lambda path: path.name)
def test_every_locked_requirement_is_pinned_and_hashed(path: Path) -> None:
    requirements = re.split(r"\n(?=\S)", path.read_text().replace("\\\n", " "))
    for requirement in filter(None, (text.split("#")[0].strip() for text in requirements)):
        assert re.match(r"[a-z0-9.-]+(\[[a-z0-9_,-]+\])?==\S+ .*--hash=sha256:", requirement), requirement[
            :80
        ]


def test_every_python_file_says_what_it_does() -> None:
    silent = [named(path) for path in tracked(".py") if not ast.get_docstring(ast.parse(path.read_text()))]
    assert silent == []


def test_every_typescript_file_says_what_it_does() -> None:
    silent = [
        named(path)
        for path in tracked(".ts", ".tsx", ".mjs")
        if not re.match(r"(/\*\*?|//)", path.read_text().lstrip())
    ]
    assert silent == []


def test_files_stay_small() -> None:
    long = {
        named(path): count
        for path in tracked(".py", ".ts", ".tsx", ".css", ".mjs")
        if (count := len(path.read_text().splitlines())) > MOST_LINES and named(path) not in LONGER
    }
    assert long == {}, f"more than {MOST_LINES} lines; split it, or give a reason in LONGER"


def test_the_reasons_for_long_files_are_still_needed() -> None:
    for name in LONGER:
        assert len((ROOT / name).read_text().splitlines()) > MOST_LINES, f"{name} is short now"


def test_no_python_test_sleeps() -> None:
    sleeping = [
        f"{named(path)}:{call.lineno}"
        for path in tracked(".py")
        if named(path).startswith("tests/")
        for call in ast.walk(ast.parse(path.read_text()))
        if isinstance(call, ast.Call)
        and _name(call.func) in {"sleep", "wait_for_timeout"}
        and not _only_yields(call)
    ]
    assert sleeping == [], "await the event instead"


def test_no_typescript_test_sleeps() -> None:
    sleeping = [
        named(path)
        for path in tracked(".ts", ".tsx")
        if ".test." in path.name
        and re.search(r"\bsleep\(|waitForTimeout|=> setTimeout\((r|res|resolve|done),", path.read_text())
    ]
    assert sleeping == [], "await the event instead, or use fake timers"


def test_no_test_is_skipped_or_expected_to_fail() -> None:
    marks = {"skip", "skipif", "skipIf", "xfail", "importorskip", "skipUnless"}
    skipped = [
        f"{named(path)}:{node.lineno}"
        for path in tracked(".py")
        if named(path).startswith("tests/")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr in marks
    ]
    skipped += [
        named(path)
        for path in tracked(".ts", ".tsx")
        if ".test." in path.name
        and re.search(r"\b(it|test|describe)\.(skip|only|todo|fails)", path.read_text())
    ]
    assert skipped == []


def test_nothing_is_left_to_do() -> None:
    marker = re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "X" + "XX")) + r")\b")
    found = [
        f"{named(path)}:{number}"
        for path in tracked(".py", ".ts", ".tsx", ".css", ".mjs", ".md", ".toml")
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if marker.search(line)
    ]
    assert found == []


def _name(function: ast.expr) -> str:
    match function:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
    return ""


def _only_yields(call: ast.Call) -> bool:
    """`asyncio.sleep(0)` lets the event loop run once, and waits for nothing."""
    return len(call.args) == 1 and isinstance(call.args[0], ast.Constant) and call.args[0].value == 0
