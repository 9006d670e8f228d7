"""docs/domain-rules.md and the code name the same rules."""

import re

from tests.docs.pages import ROOT, text_of

PACKAGES = ("core", "partners", "licensing", "compliance", "reporting", "portal")
CITED = re.compile(r'rule="([A-Z][A-Z0-9]*(?:-[A-Z0-9]+)+)"')
NUMBERED = re.compile(r"\b((?:ORD|PRC|HND|DEV|BLD|EXC|RET|CMP|TIER|P-[A-Z]+)-\d+)\b")
RANGE = re.compile(r"\b(EXC)-(\d+) to EXC-(\d+)\b")
DESCRIBED = re.compile(r"^\| \*\*([A-Z0-9-]+)\*\* \|", re.MULTILINE)


def cited_rules() -> set[str]:
    found: set[str] = set()
    for package in PACKAGES:
        for file in (ROOT / package).rglob("*.py"):
            text = file.read_text(encoding="utf-8")
            found |= set(CITED.findall(text)) | set(NUMBERED.findall(text))
    return found


def described_rules() -> list[str]:
    return DESCRIBED.findall(text_of("docs/domain-rules.md"))


def test_every_rule_the_code_cites_is_described():
    assert cited_rules() - set(described_rules()) == set()


def test_every_described_rule_is_cited_by_the_code():
    assert set(described_rules()) - cited_rules() == set()


def test_a_rule_is_described_once():
    rules = described_rules()
    assert sorted(rules) == sorted(set(rules))


def test_the_file_named_beside_a_rule_cites_it():
    wrong = []
    for line in text_of("docs/domain-rules.md").splitlines():
        found = DESCRIBED.match(line)
        if not found:
            continue
        file = ROOT / re.findall(r"`([a-z_/]+\.py)`", line)[-1]
        if not file.exists() or found[1] not in _with_ranges(file.read_text(encoding="utf-8")):
            wrong.append((found[1], str(file.relative_to(ROOT))))
    assert wrong == []


def _with_ranges(text: str) -> str:
    for family, first, last in RANGE.findall(text):
        text += " ".join(f"{family}-{number}" for number in range(int(first), int(last) + 1))
    return text
