"""Every rule of SPEC.md is cited by a test, and no test cites a rule that is not there."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
RULE = re.compile(r"^- \*\*([A-Z]{3}\d+)\*\* ", re.MULTILINE)
CITATION = re.compile(r"\[([A-Z]{3}\d+)\]")
SUITES = (
    "tests/**/*.py",
    "tests/traces/*.json",
    "web/src/**/*.test.ts",
    "web/src/**/*.test.tsx",
    "web/tests/**/*.ts*",
)
FAMILIES = {"LOG": 5, "SUB": 5, "FAN": 4, "CMD": 2, "SES": 4, "CLI": 4, "DOC": 11, "ANN": 3}


def rules() -> list[str]:
    return RULE.findall((ROOT / "SPEC.md").read_text())


def citations() -> dict[str, set[str]]:
    """The files that cite each id. A trace file cites by its list of `rules`."""
    cited: dict[str, set[str]] = {}
    for pattern in SUITES:
        for path in ROOT.glob(pattern):
            text = path.read_text()
            pattern_of_file = re.compile(r'"([A-Z]{3}\d+)"') if path.suffix == ".json" else CITATION
            for rule in pattern_of_file.findall(text):
                cited.setdefault(rule, set()).add(path.relative_to(ROOT).as_posix())
    return cited


def test_the_spec_holds_every_family_of_rules_numbered_from_one() -> None:
    assert rules() == [
        f"{family}{number + 1}" for family, count in FAMILIES.items() for number in range(count)
    ]


def test_each_rule_is_cited_by_a_test() -> None:
    uncited = [rule for rule in rules() if rule not in citations()]
    assert uncited == [], "no test cites these rules of SPEC.md"


def test_no_test_cites_an_unknown_rule() -> None:
    unknown = {rule: files for rule, files in citations().items() if rule not in rules()}
    assert unknown == {}
