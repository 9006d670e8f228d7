"""The partner's rules: inbox, agreements with their papers, courses without JavaScript, the sale of a PC."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from core.actor import Actor
from core.tenancy import mar_scope
from licensing.models import ChangeNotice, ChangeReading, Device, KeyHandOver, Product, ProgrammeChange
from partners.models import TermsAcceptance, TrainingAttempt
from partners.services.training import WrittenCourse, save_course
from tests.factories import AT, make_agreement, make_mar, make_member, make_partner, make_product, make_terms
from tests.factories.exchange import make_builds
from tests.web import sign_in

pytestmark = pytest.mark.django_db
QUESTIONS = "# One?\n+ yes\n- no\n> Because.\n\n# Two?\n+ a\n+ b\n- c\n> Both.\n"


@pytest.fixture
def shop(client: Client) -> Any:
    make_mar()
    partner = make_partner()
    owner = make_member("tpr_owner", partner=partner, name="Olga Owner")
    sign_in(client, owner)
    return partner, owner, client


def _change(partner: Any, product: Product | None = None) -> ProgrammeChange:
    product = product or make_product()
    with mar_scope():
        change = ProgrammeChange.objects.create(
            product=product, order_stop_at=AT + timedelta(days=900), written_by=make_member("mar_admin"), written_at=AT,
            published_by=make_member("mar_approver"), announced_at=AT, free_keys=0,
            texts={"en": {"title": "It ends", "text": "Soon."}},
        )  # fmt: skip
        ChangeNotice.objects.create(
            change=change, partner=partner, keys_assigned=3, keys_taken=2, devices_unsold=1
        )
    return change


def _course() -> None:
    with mar_scope():
        save_course(
            WrittenCourse(
                code="licences", title="Licences", pass_mark=70, valid_months=12, is_required=True, required_from=AT,
                readings={"en": "Read this first."}, questions={"en": QUESTIONS},
            ),
            is_new=True, by=Actor.system("test"), at=AT,
        )  # fmt: skip


def test_the_bar_counts_unread_changes_until_they_are_read(shop: Any) -> None:
    partner, owner, client = shop
    change = _change(partner)
    assert "1 unread" in " ".join(client.get("/tpr/rules/").text.split())
    page = client.get(f"/tpr/rules/changes/{change.pk}/")
    assert "I have read it" in page.text
    assert client.post(f"/tpr/rules/changes/{change.pk}/read/").status_code == 302
    with mar_scope():
        assert ChangeReading.objects.get().user_id == owner.pk
    assert "unread" not in client.get("/tpr/rules/").text.split("<main")[0]


@pytest.mark.parametrize("quantity", [1, 3])
def test_the_inbox_asks_as_many_queries_for_three_changes_as_for_one(
    shop: Any, quantity: int, django_assert_max_num_queries: Any
) -> None:
    for _ in range(quantity):
        _change(shop[0])
    with django_assert_max_num_queries(27):
        assert shop[2].get("/tpr/rules/").status_code == 200


def test_an_announced_version_is_shown_with_its_days_and_accepted_by_the_owner(shop: Any) -> None:
    _partner, owner, client = shop
    now = timezone.now()
    make_terms(
        "2027-1", text="New words.", announced_at=now - timedelta(days=1), effective_from=now + timedelta(days=29),
        due_from=now + timedelta(days=40),
    )  # fmt: skip
    address = f"/tpr/rules/agreements/{make_agreement().pk}/"
    page = client.get(address)
    assert "days left to accept it" in page.text
    assert page.context["left"] == 40
    assert ("New words." in page.text, page.context["form"].initial["text_sha256"] in page.text) == (
        True,
        True,
    )
    assert page.text.count(page.context["form"].initial["text_sha256"]) == 2  # shown, and in the form
    form = {**page.context["form"].initial, "agreed": "on"}
    assert client.post(f"{address}accept/", form).status_code == 302
    with mar_scope():
        stored = TermsAcceptance.objects.get(terms__version="2027-1")
        assert (stored.user_id, stored.role, stored.language, stored.ip) == (
            owner.pk, "tpr_owner", "en", "127.0.0.1",
        )  # fmt: skip
    again = client.post(f"{address}accept/", form)
    assert (again.status_code, "accepted already" in again.text) == (409, True)


def test_the_paper_is_a_pdf_for_its_own_partner_alone(shop: Any) -> None:
    partner, _owner, client = shop
    with mar_scope():
        mine = TermsAcceptance.objects.get(partner=partner)
        foreign = TermsAcceptance.objects.get(partner=make_partner())
    paper = client.get(f"/tpr/rules/acceptances/{mine.pk}/paper/")
    assert paper["Content-Type"] == "application/pdf"
    assert b"".join(paper.streaming_content).startswith(b"%PDF")
    assert client.get(f"/tpr/rules/acceptances/{foreign.pk}/paper/").status_code == 404


def test_a_test_is_taken_by_plain_forms_and_says_why(shop: Any) -> None:
    _partner, _owner, client = shop
    _course()
    assert "Read this first." in client.get("/tpr/rules/courses/licences/").text
    assert client.get("/tpr/rules/courses/licences/test/").status_code == 302
    begun = client.post("/tpr/rules/courses/licences/begin/")
    assert begun["Location"] == "/tpr/rules/courses/licences/test/"
    page = client.get(begun["Location"])
    assert (page.text.count('type="radio" name="q0"'), page.text.count('type="checkbox" name="q1"')) == (2, 3)
    client.post(begun["Location"], {"q0": "1", "q1": ["0", "1", "99", "x"]})
    failed = client.get(begun["Location"])
    assert "Not passed yet" in failed.text
    assert "Because." in failed.text
    client.post("/tpr/rules/courses/licences/begin/")
    client.post(begun["Location"], {"q0": "0", "q1": ["0", "1"]})
    assert "Your pass is valid until" in client.get(begun["Location"]).text
    with mar_scope():
        scores = list(TrainingAttempt.objects.order_by("started_at").values_list("score", "is_passed"))
    assert scores == [(50, False), (100, True)]
    refused = client.post("/tpr/rules/courses/licences/begin/")
    assert (refused.status_code, "cannot be renewed yet" in refused.text) == (409, True)


def test_a_sale_is_noted_and_after_the_stop_refused(shop: Any) -> None:
    partner, _owner, client = shop
    (build,) = make_builds(1, partner=partner)
    with mar_scope():
        KeyHandOver.objects.create(
            partner=partner, key=build.key, device=build.device, channel="reveal", reason="Station is down",
            handed_by="Technician", handed_at=AT,
        )  # fmt: skip
    address = f"/tpr/devices/{build.device_id}/sale/"
    form = {"sold_on": "2026-01-10", "country": "PL", "channel": "shop"}
    # Poland is none of his countries: noted all the same, and said.
    assert "agree on it with the MAR" in client.post(address, form, follow=True).text
    assert "agree on it" not in client.post(address, form | {"country": "DE"}, follow=True).text
    with mar_scope():
        assert str(Device.objects.get().sold_on) == "2026-01-10"
        Product.objects.filter(pk=build.key.product_id).update(sell_before="2026-01-01T00:00:00Z")
    refused = client.post(address, form | {"sold_on": "2026-01-11"})
    assert (refused.status_code, "may no longer be sold" in refused.text) == (409, True)
    assert client.post(address, form | {"sold_on": "tomorrow"}).status_code == 422
    with mar_scope():
        assert str(Device.objects.get().sold_on) == "2026-01-10"
