"""People at their browsers: each has a context of his own, and everything odd that it says is kept."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, Response

CHROMIUM_ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_FAILED_LOAD = "Failed to load resource: the server responded with a status of "


class Watch:
    """What must not happen in any browser: errors, broken policies, words with another host."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self.troubles: list[str] = []
        self.expected: list[int] = []

    def follow(self, context: BrowserContext) -> None:
        """Listen to everything a context does."""
        context.on("console", self._on_console)
        context.on("weberror", lambda error: self.troubles.append(f"script error: {error.error}"))
        context.on("request", self._on_request)
        context.on("requestfailed", self._on_failure)
        context.on("response", self._on_response)

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type not in ("error", "warning"):
            return
        # A page that answers 422 is told to the console too; _on_response judges those by their status.
        if not message.text.startswith(_FAILED_LOAD):
            self.troubles.append(f"console {message.type}: {message.text} at {message.location.get('url')}")

    def _on_request(self, request: Request) -> None:
        if not request.url.startswith((self.base_url + "/", "data:", "blob:")):
            self.troubles.append(f"request to another host: {request.url}")

    def _on_failure(self, request: Request) -> None:
        if request.failure != "net::ERR_ABORTED":  # left the page, or the answer became a download
            self.troubles.append(f"request failed: {request.url}: {request.failure}")

    def _on_response(self, response: Response) -> None:
        if response.status < 400:
            return
        if response.status in self.expected:
            self.expected.remove(response.status)
        else:
            self.troubles.append(f"status {response.status}: {response.request.method} {response.url}")


class Person:
    """Someone at a browser."""

    def __init__(self, context: BrowserContext, watch: Watch) -> None:
        self.context = context
        self.watch = watch
        self.page: Page = context.new_page()

    def go(self, path: str) -> Page:
        """Open an address of the portal."""
        self.page.goto(self.watch.base_url + path)
        return self.page

    def press(self, name: str, *, within: str = "main") -> None:
        """Press the button with this name."""
        self.page.locator(within).get_by_role("button", name=name, exact=True).click()

    def follow(self, name: str, *, within: str = "main") -> None:
        """Follow the link with this name."""
        self.page.locator(within).get_by_role("link", name=name, exact=True).first.click()

    def fill(self, **fields: str) -> None:
        """Fill fields by their names in the form."""
        for name, value in fields.items():
            field = self.page.locator(f"main [name='{name}']")
            if field.first.evaluate("e => e.tagName") == "SELECT":
                field.select_option(value)
            else:
                field.fill(value)

    @contextmanager
    def refused(self, status: int) -> Iterator[None]:
        """Expect exactly one answer of this status."""
        self.watch.expected.append(status)
        with self.page.expect_response(lambda response: response.status == status):
            yield
        self.page.wait_for_load_state()

    def reads(self, text: str) -> None:
        """Wait until the page shows a text."""
        self.page.locator("body").get_by_text(text).first.wait_for(timeout=30_000)

    @property
    def heading(self) -> str:
        """Return the page's heading."""
        return " ".join(self.page.locator("h1").inner_text().split())

    @property
    def path(self) -> str:
        """Return the path of the address bar."""
        return self.page.url.removeprefix(self.watch.base_url)


class Crowd:
    """All people of one test; at its end nothing odd may have happened to any of them."""

    def __init__(self, browser: Browser, base_url: str, trouble_folder: Path) -> None:
        self.browser = browser
        self.watch = Watch(base_url)
        self.people: list[Person] = []
        self.trouble_folder = trouble_folder

    def newcomer(self, **options: Any) -> Person:
        """Return someone with an empty browser."""
        context = self.browser.new_context(
            viewport=options.pop("viewport", {"width": 1440, "height": 900}), locale="en-GB", **options
        )
        context.set_default_timeout(30_000)
        self.watch.follow(context)
        person = Person(context, self.watch)
        self.people.append(person)
        return person

    def demo_person(self, key: str, **options: Any) -> Person:
        """Return a person of the demo, signed in by a click on /demo."""
        person = self.newcomer(**options)
        person.go("/demo/")
        person.page.locator(f"form:has(input[value='{key}'])").get_by_role("button").click()
        person.page.wait_for_url(lambda url: "/demo" not in url)
        return person

    def keep_pictures(self) -> None:
        """Save what everyone sees now, for whoever looks for the fault."""
        self.trouble_folder.mkdir(parents=True, exist_ok=True)
        for number, person in enumerate(self.people):
            file = self.trouble_folder / f"person-{number}"
            person.page.screenshot(path=file.with_suffix(".png"), full_page=True)
            file.with_suffix(".html").write_text(person.page.content())

    def leave(self) -> None:
        """Close every browser and fail for anything odd."""
        for person in self.people:
            person.context.close()
        assert self.watch.troubles == []
        assert self.watch.expected == []
