"""Follow every link of a wing, one page of each name."""

import re
from collections import deque
from collections.abc import Iterator
from urllib.parse import urlsplit

from django.urls import Resolver404, resolve
from playwright.sync_api import Error

from tests.e2e.browsing import Person

# These answer with a file or a fragment, not with a page.
NO_PAGES = re.compile(
    r"sample|download|report-file|logo|-file$|-csv$|-paper$|calendar|import-errors|progress|join-leave|^health|^api-schema$|^api-docs$|^after-sign-in$|^demo-|^metrics$|^account_email$"
)


def name_of(path: str) -> str:
    """Return the name of the route that answers a path, empty for none of ours."""
    try:
        return resolve(urlsplit(path).path).view_name
    except Resolver404:
        return ""


def pages_of(person: Person, *starts: str, known: set[str]) -> Iterator[tuple[str, str]]:
    """Yield name and path of every page reached whose name is not known yet, while it is open."""
    waiting = deque(starts)
    known |= {name_of(start) for start in starts}
    while waiting:
        path = waiting.popleft()
        try:
            person.go(path)
        except Error as error:
            if "Download is starting" not in error.message:
                raise
            continue  # a file, not a page
        yield name_of(path), path
        for found in _links(person):
            name = name_of(found)
            if name and name not in known and not NO_PAGES.search(name):
                known.add(name)
                waiting.append(found)


def _links(person: Person) -> list[str]:
    """Return the addresses within the portal that the open page links to."""
    links: list[str] = person.page.eval_on_selector_all("a[href]", "links => links.map(link => link.href)")
    base = person.watch.base_url
    return [link.removeprefix(base).partition("#")[0] for link in links if link.startswith(base + "/")]
