"""docs/architecture.md names the locks in the order the code does."""

import re

import pytest

from tests.docs.pages import ROOT, section, text_of

APPS = sorted(file.parent.name for file in ROOT.glob("*/locks.py"))


def _steps(text: str) -> list[str]:
    return [step.strip() for step in " ".join(text.split()).split("→")]


def test_every_app_that_locks_stands_in_the_page():
    page = section(text_of("docs/architecture.md"), "Order of locks")
    assert sorted(re.findall(r"^- (\w+): ", page, re.MULTILINE)) == APPS


@pytest.mark.parametrize("app", APPS)
def test_the_page_names_the_order_of_the_code(app):
    page = section(text_of("docs/architecture.md"), "Order of locks")
    written = re.search(rf"^- {app}: (.*?)\.$", page, re.MULTILINE | re.DOTALL)
    said = re.search(r"^Order: (.*?)\.$", text_of(f"{app}/locks.py"), re.MULTILINE | re.DOTALL)
    assert written is not None
    assert said is not None
    assert _steps(written[1]) == _steps(said[1])
