"""Hostile answers at the public application: refused with the form's own words, or kept harmlessly as they are."""

from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from core.tenancy import mar_scope
from partners.models import Application, ApplicationSection
from portal.web.public import apply_links
from portal.web.public.apply import throttle
from tests.factories.applications import ANSWERS
from tests.hostile.shop import Shop, changed_tables, contents, is_plain
from tests.licensing.exchange.corpus import CANARY_KEY
from tests.portal.web.public.applying import START, begin, form_data

DOOR = "/apply/"
COMPANY = "/apply/pages/company/"
# A draft is one row and one mail to send, beside the audit row and the session that count as traces.
WRITTEN = {"partners_application", "core_outboxitem"}
SAVED = {"partners_application", "partners_applicationsection"}


@pytest.fixture(autouse=True)
def fresh_counter(monkeypatch: pytest.MonkeyPatch) -> None:
    """Count anew in each test: the cache outlives the tests."""
    for counter in (throttle, apply_links.asking, apply_links.opening):
        monkeypatch.setattr(counter, "name", f"apply-{uuid4()}")


def _applicant(shop: Shop) -> tuple[Client, Application]:
    client = shop.visitor()
    return client, begin(client)


def _company(client: Client, **changes: str) -> Any:
    return client.post(COMPANY, form_data(ANSWERS["company"]) | changes)


@pytest.mark.parametrize("field", [name for name in START if name != "second_address"])
@pytest.mark.parametrize(
    "text", ["\0", "a\0b", "x" * 100_000, "\x1b[31mred", "a\u202eb"],
    ids=["nul", "nul inside", "long", "escape sequence", "direction mark"],
)  # fmt: skip
def test_hostile_start_is_refused_beside_its_field(shop: Shop, field: str, text: str) -> None:
    before = contents(shop.database)
    answer = shop.visitor().post(DOOR, START | {field: text})
    assert answer.status_code == 422
    assert field in answer.context["form"].errors
    assert "error-summary" in answer.content.decode()
    assert is_plain(answer)
    assert changed_tables(before, shop.database) == set()


@pytest.mark.parametrize("field", list(ANSWERS["company"]))
@pytest.mark.parametrize(
    "text", ["\0", "a\0b", "x" * 100_000, "\x1b[31mred", "a\u202eb"],
    ids=["nul", "nul inside", "long", "escape sequence", "direction mark"],
)  # fmt: skip
def test_hostile_answer_is_refused_beside_its_field_and_not_kept(shop: Shop, field: str, text: str) -> None:
    client, draft = _applicant(shop)
    before = contents(shop.database)
    answer = _company(client, **{field: text})
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    assert is_plain(answer)
    assert changed_tables(before, shop.database) == SAVED
    with mar_scope():
        assert not ApplicationSection.objects.get(application_id=draft.pk).answers[field]


@pytest.mark.parametrize("field", ["company", "trade_name", "street"])
@pytest.mark.parametrize("text", [CANARY_KEY, f"see ({CANARY_KEY.lower()})"])
def test_product_key_in_a_free_field_is_refused(shop: Shop, field: str, text: str) -> None:
    """A name that is a key could never be printed: it would stand in the way of every monthly report."""
    client, _draft = _applicant(shop)
    before = contents(shop.database)
    assert _company(client, **{field: text}).status_code == 422
    assert changed_tables(before, shop.database) == set()


@pytest.mark.parametrize("volume", ["0", "-1", "1e9", "9" * 400, "1.5", "NaN", "٣٠٠٠٠٠٠", ""])
def test_odd_volume_is_refused(shop: Shop, volume: str) -> None:
    client, draft = _applicant(shop)
    answer = client.post("/apply/pages/volumes/", form_data(ANSWERS["volumes"]) | {"expected_volume": volume})
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == ["expected_volume"]
    assert is_plain(answer)
    with mar_scope():
        assert Application.objects.get(pk=draft.pk).expected_volume == 0


@pytest.mark.parametrize("field", ["channels", "methods", "groups", "wiping_standard", "notice"])
def test_answer_from_no_list_is_refused(shop: Shop, field: str) -> None:
    client, _draft = _applicant(shop)
    page = {"channels": "volumes", "methods": "practice", "groups": "customers"}.get(field, "practice")
    assert client.post(f"/apply/pages/{page}/", {field: ["nonsense"]}).status_code == 422


def test_filled_trap_for_programs_is_refused(shop: Shop) -> None:
    before = contents(shop.database)
    assert shop.visitor().post(DOOR, START | {"second_address": "x"}).status_code == 422
    assert changed_tables(before, shop.database) == set()


@pytest.mark.parametrize(
    "company", ["=cmd|' /C calc'!A0", "+49 Recycling", "@home", "<script>alert(1)</script>", "O'Neill; DROP"]
)
def test_strange_but_possible_name_is_kept_and_shown_harmlessly(shop: Shop, company: str) -> None:
    client, draft = _applicant(shop)
    assert _company(client, company=company).status_code == 302
    with mar_scope():
        assert Application.objects.get(pk=draft.pk).company == company
    for page in (client.get("/apply/answers/"), shop.admin.get(f"/mar/applications/{draft.pk}/")):
        assert page.status_code == 200
        assert "<script>alert" not in page.content.decode()


def test_line_breaks_cannot_add_lines_to_a_mail(shop: Shop) -> None:
    client, draft = _applicant(shop)
    assert _company(client, company="Kreis\r\nBcc: all@example.test").status_code == 302
    with mar_scope():
        assert Application.objects.get(pk=draft.pk).company == "Kreis Bcc: all@example.test"
    wrong = {"contact_email": "eva@kreislauf.example\r\nBcc: all@example.test"}
    assert shop.visitor().post(DOOR, START | wrong).status_code == 422


def test_many_starts_from_one_address_are_stopped(shop: Shop) -> None:
    visitor = shop.visitor()
    answers = [visitor.post(DOOR, START).status_code for _ in range(7)]
    assert answers == [302] * throttle.limit + [429] * (7 - throttle.limit)


def test_a_start_writes_one_draft_and_its_mail(shop: Shop) -> None:
    before = contents(shop.database)
    assert shop.visitor().post(DOOR, START).status_code == 302
    assert changed_tables(before, shop.database) == WRITTEN


def test_guessing_the_address_of_a_link_is_stopped(shop: Shop) -> None:
    _client, draft = _applicant(shop)
    visitor = shop.visitor()
    path = f"/apply/open/{draft.pk}/{'x' * 43}/"
    answers = [visitor.post(path, {"email": f"a{number}@b.example"}).status_code for number in range(12)]
    assert answers == [409] * 10 + [429] * 2
