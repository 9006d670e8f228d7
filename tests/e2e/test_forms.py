"""Forms: sent empty they say what to correct (UX-I), sent twice they act once (UX-J)."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page

from tests.e2e.browsing import Crowd, Person
from tests.e2e.stack import Stack

pytestmark = pytest.mark.slow
PRODUCT = "WIN11-HOME-REF-COM"
# Who, where, and which button; "first" is a page that leads to the form by its first row.
EMPTY_FORMS = (
    ("", "/apply/", "Begin the application"),
    ("", "/check/", "Show the answer"),
    ("", "/accounts/login/", "Sign in"),
    ("", "/accounts/password/reset/", ""),
    ("olivia", "/people/invite/", ""),
    ("olivia", "/api-keys/new/", "Make the API key"),
    ("olivia", "/tpr/builds/upload/", "Upload"),
    ("olivia", f"/tpr/order/{PRODUCT}/", "Check this quantity"),
    ("nina", "/terms/", "Accept the terms"),
    ("stefan", "/mar/stock/imports/new/", "Upload and check"),
    ("marta", "/mar/exchange/answers/", ""),
    ("marta", "/mar/exchange/returns/new/", ""),
)


def _press(person: Person, button: str) -> None:
    if button:
        person.press(button)
    else:
        person.page.locator("main form .form-foot button").first.click()


def _empty(person: Person) -> None:
    for field in person.page.locator(
        "main form input:not([type=hidden]):not([type=checkbox], [type=radio], [type=file])"
    ).all():
        if field.is_visible() and field.is_editable():
            field.fill("")


@pytest.mark.parametrize(
    ("who", "address", "button"), EMPTY_FORMS, ids=lambda part: part.strip("/").replace("/", "-")
)
def test_empty_form_says_what_to_correct(crowd: Crowd, who: str, address: str, button: str) -> None:
    person = crowd.demo_person(who) if who else crowd.newcomer()
    page = person.go(address)
    _empty(person)
    is_ours = not address.startswith("/accounts/")
    if is_ours:
        with person.refused(422):
            _press(person, button)
    else:
        _press(person, button)
    summary = page.locator("[data-error-summary]")
    summary.wait_for()
    assert page.title().startswith("Error: ")
    assert summary.evaluate("e => e === document.activeElement")
    links = summary.locator("a").all()
    assert links
    for link in links:
        _leads_to_its_field(page, link)


def _leads_to_its_field(page: Page, link: Locator) -> None:
    """Following the link focuses the field, whose own error says the same words."""
    _label, words = link.inner_text().split(" – ", 1)
    link.click()
    field = page.locator(f"{link.get_attribute('href')}:focus")
    assert field.get_attribute("aria-invalid") == "true"
    described = (
        "e => (e.getAttribute('aria-describedby') ?? e.closest('fieldset').getAttribute('aria-describedby'))"
    )
    notes = [page.locator(f"#{note}").inner_text() for note in field.evaluate(described).split()]
    assert any(words in note for note in notes), (words, notes)


def test_form_keeps_what_was_typed(crowd: Crowd) -> None:
    visitor = crowd.newcomer()
    visitor.go("/apply/")
    visitor.page.locator("main [name='kind'][value='charity']").check()
    visitor.fill(contact_email="nonsense", country="FR")
    with visitor.refused(422):
        visitor.press("Begin the application")
    kept = {
        name: visitor.page.locator(f"[name={name}]").input_value() for name in ("contact_email", "country")
    }
    assert kept == {"contact_email": "nonsense", "country": "FR"}
    assert visitor.page.locator("main [name='kind'][value='charity']").is_checked()


def _orders(stack: Stack, reference: str) -> int:
    (count,) = stack.one("SELECT count(*) FROM licensing_order WHERE reference = %s", reference)
    assert isinstance(count, int)
    return count


def _ready_to_order(person: Person, reference: str) -> None:
    person.go(f"/tpr/order/{PRODUCT}/")
    person.fill(quantity="1", reference=reference)


def test_double_click_orders_once(crowd: Crowd, stack: Stack) -> None:
    ben = crowd.demo_person("ben")
    _ready_to_order(ben, "double click")
    ben.page.locator("main").get_by_role("button", name="Place order").dblclick()
    ben.page.wait_for_url("**/tpr/orders/*-*/")
    assert _orders(stack, "double click") == 1


def test_enter_pressed_twice_orders_once(crowd: Crowd, stack: Stack) -> None:
    ben = crowd.demo_person("ben")
    _ready_to_order(ben, "enter twice")
    ben.page.locator("[name=reference]").press("Enter")
    ben.page.keyboard.press("Enter")
    ben.page.wait_for_url("**/tpr/orders/*-*/")
    assert _orders(stack, "enter twice") == 1


def test_double_click_without_scripts_orders_once(crowd: Crowd, stack: Stack) -> None:
    """The guard of the page is a comfort; the token in the form is what counts."""
    ben = crowd.demo_person("ben", java_script_enabled=False)
    _ready_to_order(ben, "no guard")
    ben.page.locator("main").get_by_role("button", name="Place order").dblclick()
    ben.page.wait_for_url("**/tpr/orders/*-*/")
    assert _orders(stack, "no guard") == 1


def test_going_back_and_sending_again_orders_once(crowd: Crowd, stack: Stack) -> None:
    ben = crowd.demo_person("ben")
    _ready_to_order(ben, "back again")
    ben.press("Place order")
    ben.page.wait_for_url(re.compile(r"/tpr/orders/.+"))
    first = ben.path
    ben.page.go_back()
    ben.page.wait_for_url("**/tpr/order/**")
    ben.fill(quantity="1", reference="back again")
    ben.press("Place order")
    ben.page.wait_for_url(re.compile(r"/tpr/orders/.+"))
    assert ben.path == first
    assert _orders(stack, "back again") == 1


def test_file_that_is_too_large_gets_a_page_not_a_broken_connection(crowd: Crowd, tmp_path: Path) -> None:
    stefan = crowd.demo_person("stefan")
    file = tmp_path / "delivery.csv"
    with file.open("wb") as large:
        large.truncate(70 * 1024 * 1024)
    stefan.go("/mar/stock/imports/new/")
    stefan.page.locator("input[type=file]").set_input_files(file)
    with stefan.refused(413):
        stefan.press("Upload and check")
    assert stefan.heading == "That file is too large"
