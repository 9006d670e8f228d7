"""Hostile answers on the public form: refused with the form's own words, or kept harmlessly as they are."""

from typing import Any
from uuid import uuid4

import pytest

from core.tenancy import mar_scope
from partners.models import Application
from portal.web.public.apply import throttle
from tests.hostile.shop import Shop, changed_tables, contents, is_plain
from tests.licensing.exchange.corpus import CANARY_KEY

DOOR = "/apply/"
GOOD = {
    "company": "Kreislauf PC GmbH",
    "country": "DE",
    "vat_id": "DE 123 456 789",
    "contact_name": "Eva Brandt",
    "contact_email": "eva@kreislauf.example",
    "wiping_standard": "NIST SP 800-88 Rev. 2",
    "expected_volume": "120",
    "note": "We repair for schools.",
    "second_address": "",
}
# An application is one row, one note in the audit log, one mail to send.
WRITTEN = {"partners_application", "core_outboxitem"}


@pytest.fixture(autouse=True)
def fresh_counter(monkeypatch: pytest.MonkeyPatch) -> None:
    """Count anew in each test: the cache outlives the tests."""
    monkeypatch.setattr(throttle, "name", f"apply-{uuid4()}")


def apply(shop: Shop, **changes: str) -> Any:
    return shop.visitor().post(DOOR, GOOD | changes)


@pytest.mark.parametrize("field", [name for name in GOOD if name != "second_address"])
@pytest.mark.parametrize(
    "text", ["\0", "a\0b", "x" * 100_000, "\x1b[31mred", "a\u202eb"],
    ids=["nul", "nul inside", "long", "escape sequence", "direction mark"],
)  # fmt: skip
def test_hostile_answer_is_refused_beside_its_field(shop: Shop, field: str, text: str) -> None:
    before = contents(shop.database)
    answer = apply(shop, **{field: text})
    assert answer.status_code == 422
    assert field in answer.context["form"].errors
    assert "error-summary" in answer.content.decode()
    assert is_plain(answer)
    assert changed_tables(before, shop.database) == set()


@pytest.mark.parametrize("field", ["company", "contact_name", "note"])
@pytest.mark.parametrize("text", [CANARY_KEY, f"see ({CANARY_KEY.lower()})"])
def test_product_key_in_a_free_field_is_refused(shop: Shop, field: str, text: str) -> None:
    """A name that is a key could never be printed: it would stand in the way of every monthly report."""
    before = contents(shop.database)
    assert apply(shop, **{field: text}).status_code == 422
    assert changed_tables(before, shop.database) == set()


@pytest.mark.parametrize("volume", ["0", "-1", "1e9", "9" * 400, "1.5", "NaN", "٣٠٠٠٠٠٠", ""])
def test_odd_volume_is_refused(shop: Shop, volume: str) -> None:
    before = contents(shop.database)
    answer = apply(shop, expected_volume=volume)
    assert answer.status_code == 422
    assert is_plain(answer)
    assert changed_tables(before, shop.database) == set()


def test_filled_trap_for_programs_is_refused(shop: Shop) -> None:
    before = contents(shop.database)
    assert apply(shop, second_address="x").status_code == 422
    assert changed_tables(before, shop.database) == set()


@pytest.mark.parametrize(
    "company", ["=cmd|' /C calc'!A0", "+49 Recycling", "@home", "<script>alert(1)</script>", "O'Neill; DROP"]
)
def test_strange_but_possible_name_is_kept_and_shown_harmlessly(shop: Shop, company: str) -> None:
    before = contents(shop.database)
    assert apply(shop, company=company).status_code == 302
    assert changed_tables(before, shop.database) == WRITTEN
    with mar_scope():
        kept = Application.objects.filter(company=company).latest("submitted_at")
    page = shop.admin.get(f"/mar/applications/{kept.pk}/")
    assert page.status_code == 200
    assert "<script>alert" not in page.content.decode()


def test_line_breaks_cannot_add_lines_to_a_mail(shop: Shop) -> None:
    assert apply(shop, company="Kreis\r\nBcc: all@example.test", contact_name="Eva\nX: y").status_code == 302
    with mar_scope():
        kept = Application.objects.latest("submitted_at")
    assert (kept.company, kept.contact_name) == ("Kreis Bcc: all@example.test", "Eva X: y")
    assert apply(shop, contact_email="eva@kreislauf.example\r\nBcc: all@example.test").status_code == 422


def test_many_applications_from_one_address_are_stopped(shop: Shop) -> None:
    visitor = shop.visitor()
    answers = [visitor.post(DOOR, GOOD).status_code for _ in range(7)]
    assert answers == [302] * throttle.limit + [429] * (7 - throttle.limit)
