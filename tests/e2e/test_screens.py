"""Every page of every wing on the small demo: wide and narrow, light and dark, nothing odd in the console."""

import os
import re

import pytest

from tests.databases import ROOT
from tests.e2e.browsing import Crowd, Person
from tests.e2e.crawl import NO_PAGES, pages_of
from tests.e2e.stack import Stack
from tests.test_policy_of_every_route import OPEN_PAGES, PAGES

pytestmark = pytest.mark.slow
WIDE, NARROW = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
# Pages that no link leads to while the demo stands as it does; "{id}" is filled by the query.
UNLINKED: dict[str, tuple[tuple[str, str, str], ...]] = {
    "tpr": (
        ("olivia", "/tpr/exit/", "SELECT 1"),
        # Offered once a public key is registered.
        ("olivia", "/tpr/keys/files/new/", "SELECT 1"),
        ("olivia", "/tpr/builds/{id}/revert/", "SELECT b.id FROM licensing_build b JOIN partners_partner p"
         " ON p.id = b.partner_id WHERE p.code = 'TPR-0001' LIMIT 1"),
        ("olivia", "/tpr/keys/{id}/reveal/", "SELECT product_key_id FROM licensing_productkey k JOIN partners_partner p"
         " ON p.id = k.partner_id WHERE p.code = 'TPR-0001' LIMIT 1"),
        ("olivia", "/tpr/returns/{id}/withdraw/", "SELECT r.id FROM licensing_partnerreturn r JOIN partners_partner p"
         " ON p.id = r.partner_id WHERE p.code = 'TPR-0001' AND r.state = 'requested' LIMIT 1"),
        # Whether the crawl's one key may be swapped or was lost depends on what other tests did before.
        *(
            ("olivia", f"/tpr/keys/{{id}}/{step}/", "SELECT product_key_id FROM licensing_productkey k"
             " JOIN partners_partner p ON p.id = k.partner_id"
             " WHERE p.code = 'TPR-0001' AND k.state IN (2, 11, 12) AND k.hold = 'none' ORDER BY k.id LIMIT 1")
            for step in ("wrong", "lost")
        ),
    ),
    "mar": (
        ("marta", "/mar/partners/{id}/lift/", "SELECT id FROM partners_partner WHERE state = 'suspended' LIMIT 1"),
        ("marta", "/mar/partners/{id}/suspend/", "SELECT id FROM partners_partner WHERE state = 'active' LIMIT 1"),
        *(
            ("marta", f"/mar/partners/{{id}}/exit/{step}",
             "SELECT id FROM partners_partner WHERE state = 'winding_down' LIMIT 1")
            for step in ("", "end/", "recall/")
        ),
        ("marta", "/mar/keys/{id}/recall/", "SELECT product_key_id FROM licensing_productkey WHERE state = 12 LIMIT 1"),
        ("jonas", "/mar/applications/{id}/send-back/",
         "SELECT id FROM partners_application WHERE state = 'recommended' LIMIT 1"),
        ("jonas", "/mar/recipients/{id}/refuse/", "SELECT id FROM partners_recipient LIMIT 1"),
        ("jonas", "/mar/recipients/{id}/return/", "SELECT id FROM partners_recipient LIMIT 1"),
        ("carla", "/mar/sanctions/new/", "SELECT 1"),
        ("marta", "/mar/orders/{id}/cancel/", "SELECT id FROM licensing_order LIMIT 1"),
        ("marta", "/mar/exchange/cbrs/{id}/mark-sent/", "SELECT id FROM licensing_computerbuildreport LIMIT 1"),
        ("marta", "/mar/exchange/builds/{id}/resend/", "SELECT id FROM licensing_build WHERE ack_code <> '' LIMIT 1"),
        ("jonas", "/mar/applications/{id}/reject/", "SELECT id FROM partners_application LIMIT 1"),
        ("jonas", "/mar/stock/imports/{id}/release/", "SELECT id FROM licensing_keybatch LIMIT 1"),
        *(
            ("jonas", f"/mar/stock/imports/{{id}}/{step}/",
             "SELECT batch_id FROM licensing_batchstop WHERE state = 'stopped' LIMIT 1")
            for step in ("undo", "give-back")
        ),
        ("jonas", "/mar/stock/pools/{id}/open/",
         "SELECT code FROM licensing_stockpool WHERE opened_at IS NULL LIMIT 1"),
        ("jonas", "/mar/stock/imports/{id}/reject/", "SELECT id FROM licensing_keybatch LIMIT 1"),
    ),
    "compliance": tuple(
        (who, f"/compliance/reports/{{id}}/{step}/", "SELECT id FROM reporting_usagereport LIMIT 1")
        for who, step in (
            ("carla", "review"), ("jonas", "approve"), ("carla", "submit"), ("carla", "answer"), ("carla", "correct"),
            ("carla", "compare"), ("carla", "build"),
        )
    ),
}  # fmt: skip
# Reached by doing something first: tests/e2e/test_whole_road.py goes there.
NOT_WITHOUT_DOING = {
    "apply-answers",
    "apply-appeal",
    "apply-knowledge",
    "apply-open",
    "apply-page",
    "apply-paper",
    "apply-questions",
    "apply-statement",
    "apply-status",
    "apply-tasks",
    "apply-withdraw",
    "check-result",
    "factor-replace",
    "factor-reset-open",
    "factor-reset-wait",
    "join",
    "theme-set",
    "terms-accept",
    "tpr:build-upload-detail",
    # Another test's browser goes there, or a test of views does.
    "compliance:privacy-ask",
    "compliance:privacy-erase",
    "compliance:privacy-export",
    "compliance:score-model",
    "mar:application-ask",
    "mar:bulk-invitation-detail",
    "mar:company-change",
    "mar:incident-close",
    "mar:key-correct",
    "mar:partner-owner-reset-evidence",
    "mar:partner-exit-finish",
    "mar:partner-exit-settle",
    "mar:partner-exit-waive",
    "mar:partner-withdraw",
    "mar:renewal-refuse",
    "mar:renewal-review",
    "mar:standing-confirm",
    "mar:standing-grace-end",
    "mar:standing-keep",
    "mar:standing-lift-block",
    "tpr:bulk-detail",
    "tpr:test",
}
PEOPLE = {"tpr": ("olivia", "nina"), "mar": ("marta", "jonas"), "compliance": ("carla", "anton")}


def _names(wing: str) -> set[str]:
    """Return the names of a wing's pages; what both houses share belongs to the partner's."""
    found = {route.name for route in PAGES if "GET" in route.methods and not NO_PAGES.search(route.name)}
    return {name for name in found if name.startswith(f"{wing}:") or (wing == "tpr" and ":" not in name)}


def _faults(person: Person, name: str) -> list[str]:
    """Return what is wrong with the open page in its four looks."""
    page, found = person.page, []
    headings = page.locator("h1").count()
    if headings != 1:
        found.append(f"{name}: {headings} headings of the first order")
    if not page.title().strip():
        found.append(f"{name}: no title")
    for look in ("light", "dark"):
        page.emulate_media(color_scheme=look)  # type: ignore[arg-type]
        for size in (NARROW, WIDE):
            page.set_viewport_size(size)  # type: ignore[arg-type]
            wider = page.evaluate(
                "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            )
            if wider > 0:
                found.append(f"{name}, {size['width']} wide: {wider} px to scroll sideways")
            _keep_picture(person, f"{name}-{size['width']}-{look}")
    return found


def _keep_picture(person: Person, name: str) -> None:
    """Save a screenshot when somebody asks for them by PORTAL_SCREENSHOTS=1."""
    if os.environ.get("PORTAL_SCREENSHOTS"):
        file = ROOT / "var" / "screens" / f"{re.sub(r'[^a-z0-9-]+', '_', name)}.png"
        person.page.screenshot(path=file, full_page=True)


@pytest.mark.parametrize("wing", PEOPLE)
def test_every_page_of_a_wing_looks_right(crowd: Crowd, stack: Stack, wing: str) -> None:
    seen, faults = set[str](), list[str]()
    starts: dict[str, list[str]] = {who: ["/start/"] for who in PEOPLE[wing]}
    for who, address, query in UNLINKED[wing]:
        (found,) = stack.one(query)
        starts.setdefault(who, []).append(address.replace("{id}", str(found)))
    for who, paths in starts.items():
        person = crowd.demo_person(who)
        for name, path in pages_of(person, *paths, known=seen):
            faults += _faults(person, name or path)
    assert faults == []
    unseen = _names(wing) - seen - NOT_WITHOUT_DOING
    assert not unseen, "; ".join(sorted(unseen))


def test_public_pages_look_right(crowd: Crowd) -> None:
    visitor, seen, faults = crowd.newcomer(), set[str](), list[str]()
    for name, path in pages_of(visitor, "/", "/demo/", "/demo/mail/", known=seen):
        faults += _faults(visitor, name or path)
    assert faults == []
    expected = {
        route.name
        for route in OPEN_PAGES
        if route.policy
        and route.policy.kind == "public"
        and "GET" in route.methods
        and not NO_PAGES.search(route.name)
    }
    assert expected - seen - NOT_WITHOUT_DOING == set()


def test_description_of_the_api_opens(crowd: Crowd) -> None:
    """The browser of the API comes with its library: only its errors and requests are held against it."""
    visitor = crowd.newcomer()
    visitor.go("/api/docs")
    visitor.page.get_by_text("/api/v1/keys:claim").first.wait_for()
