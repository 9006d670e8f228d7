"""Steps 3 and 4 of the road: the owner orders, a station takes one key by API, the owner sees the other."""

import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Error

from tests.e2e.browsing import Person
from tests.e2e.road_joining import Owner
from tests.e2e.road_stock import NAME, PRODUCT
from tests.e2e.stack import Stack

SCOPES = ("orders:read", "keys:claim", "builds:write", "builds:read")


@dataclass(frozen=True)
class Device:
    """A PC as its firmware names it."""

    manufacturer: str
    model: str
    serial: str

    def fields(self) -> dict[str, str]:
        """Return what forms and API ask for."""
        return {"manufacturer": self.manufacturer, "model": self.model, "serial": self.serial}


class Station:
    """An imaging station with a credential of its own."""

    def __init__(self, stack: Stack, credential: str) -> None:
        self.base_url, self.credential = stack.base_url, credential

    def call(
        self, path: str, body: dict[str, Any], *, once: str = ""
    ) -> tuple[int, dict[str, Any], dict[str, str]]:
        """Return status, document and headers of a POST."""
        headers = {"Authorization": f"Bearer {self.credential}", "Content-Type": "application/json"}
        if once:
            headers["Idempotency-Key"] = once
        request = urllib.request.Request(
            f"{self.base_url}/api/v1/{path}", json.dumps(body).encode(), headers, method="POST"
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                return response.status, json.load(response), dict(response.headers)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error), dict(error.headers)


def order(person: Person, *, quantity: int) -> list[str]:
    """Order from the catalogue and return the ids of the keys, which the next page shows at once."""
    person.go("/start/")
    person.follow("Order", within="nav.side")
    person.page.get_by_role("link", name=f"Order {NAME}").click()
    person.fill(quantity=str(quantity), reference="Our order 7")
    person.press("Check this quantity")
    person.reads("€57.00")
    person.press("Place order")
    person.page.wait_for_url("**/tpr/orders/*-*/")
    person.reads("Done. Your keys are assigned and ready.")
    return sorted(person.page.locator("main table tbody [data-row-link]").all_inner_texts())


def step_up(owner: Owner) -> None:
    """Prove the second factor anew, as the portal asks before what cannot be undone."""
    owner.person.page.wait_for_url("**/2fa/reauthenticate/**")
    owner.person.fill(code=owner.app.code())
    owner.person.press("Confirm")


def reveal(owner: Owner, key_id: str, device: Device) -> str:
    """Look at one key after the step-up and return it; the page hides it again by itself."""
    page = owner.person.page
    page.clock.install()
    owner.person.go(f"/tpr/keys/{key_id}/")
    owner.person.follow("Show the key")
    step_up(owner)
    page.wait_for_url("**/reveal/")
    owner.person.fill(**device.fields(), reason="The station is down today")
    with page.expect_response(lambda answer: answer.request.method == "POST") as waiting:
        owner.person.press("Show the key")
    assert waiting.value.status == 200
    assert "no-store" in waiting.value.headers["cache-control"]
    groups = page.locator("[data-reveal-key] span").all_inner_texts()
    page.clock.run_for(61_000)
    owner.person.reads("•••••")
    return "-".join(groups)


def nothing_is_left(person: Person, key: str) -> None:
    """Look for the key in the page, the storages, and behind the browser's back button."""
    page = person.page
    page_text = page.content()
    stored = page.evaluate("[localStorage, sessionStorage].map(store => JSON.stringify({...store})).join()")
    person.go("/tpr/keys/")
    try:
        page.go_back(wait_until="commit")
        behind = page.content()
    except Error as error:  # the browser does not send the form again by itself: as good as masked
        assert "ERR_CACHE_MISS" in str(error)  # noqa: PT017
        page.wait_for_url("chrome-error://**")
        behind = page.content()
    for place in (page_text, stored, behind):
        # The last group is the handle that every page may show.
        assert [group for group in key.split("-")[:4] if group in place] == []
    person.watch.troubles[:] = [said for said in person.watch.troubles if "ERR_CACHE_MISS" not in said]


def make_station(owner: Owner, stack: Stack) -> Station:
    """Make an API key in the browser; its text is shown this once."""
    person = owner.person
    person.go("/api-keys/new/")
    person.fill(name="Imaging line 1", daily_claims="10")
    for scope in SCOPES:
        person.page.locator(f"input[name=scopes][value='{scope}']").check()
    person.press("Make the API key")
    person.reads("It is shown this once.")
    credential = person.page.locator(".copy-row .mono").inner_text()
    person.follow("I have stored it")
    assert credential not in person.page.content()
    return Station(stack, credential)


def claim(station: Station, device: Device) -> tuple[str, str]:
    """Take one key for one PC as a station would: sent twice, it is one key; return its id and text."""
    body = {"product": PRODUCT, "device": device.fields()}
    status, first, headers = station.call("keys:claim", body, once="claim-1")
    assert status == 200
    assert headers["Cache-Control"] == "no-store"
    _, second, headers = station.call("keys:claim", body, once="claim-1")
    assert headers["Idempotent-Replayed"] == "true"
    assert second == first
    return first["product_key_id"], first["product_key"]


def refused_for_same_device(station: Station, device: Device) -> None:
    """Ask for a second key for the same PC: refused, and told why."""
    body = {"product": PRODUCT, "device": device.fields()}
    status, problem, _ = station.call("keys:claim", body, once="claim-2")
    assert (status, problem["status"]) == (409, 409)
    assert "product_key" not in problem
