"""The portal, the browser and the people of the browser tests."""

import os
import re
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.databases import ROOT
from tests.e2e.browsing import CHROMIUM_ARGS, Crowd
from tests.e2e.stack import Stack, running_stack

TROUBLES = ROOT / "var" / "e2e-troubles"


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """Run one portal with the small demo for all browser tests of this worker."""
    with running_stack() as running:
        yield running


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Run the browser for one file: while it runs, Django's database is closed to this process."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"), args=CHROMIUM_ARGS
        )
        yield browser
        browser.close()


@pytest.fixture
def crowd(chromium: Browser, stack: Stack, request: pytest.FixtureRequest) -> Iterator[Crowd]:
    """Give a test its people; afterwards no browser may have complained."""
    gathered = Crowd(chromium, stack.base_url, _trouble_folder(request.node))
    yield gathered
    if getattr(request.node, "has_failed", False):
        gathered.keep_pictures()
        stack.keep_logs(gathered.trouble_folder)
        gathered.watch.troubles.clear()  # the test has failed already, and said why
        gathered.watch.expected.clear()
    gathered.leave()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[Any]) -> Generator[Any, Any, Any]:
    """Note a failure for the fixtures, and say what the browsers said."""
    report = yield
    if report.when == "call" and report.failed:
        item.has_failed = True  # type: ignore[attr-defined]
        crowd = getattr(item, "funcargs", {}).get("crowd")
        if crowd is not None:
            report.sections.append(("browsers", "\n".join([*crowd.watch.troubles, *_addresses(crowd)])))
            report.sections.append(("pictures and logs", str(_trouble_folder(item))))
    return report


def _addresses(crowd: Crowd) -> list[str]:
    return [f"person {number} is at {person.page.url}" for number, person in enumerate(crowd.people)]


def _trouble_folder(item: Any) -> Path:
    return TROUBLES / re.sub(r"[^\w.-]+", "_", item.name)
