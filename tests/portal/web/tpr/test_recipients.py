"""Recipients and quota exceptions in the partner's browser: from the class to the order, and what is refused."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from core.tenancy import mar_scope
from licensing.models import Order, QuotaException
from partners.models import Partner, Recipient
from tests.factories import make_mar, make_member
from tests.factories.quota import WHY, make_exception
from tests.factories.recipients import (
    PAPER,
    make_citizenship,
    make_draft,
    make_giver,
    make_recipient,
    make_submitted,
)
from tests.web import sign_in

pytestmark = pytest.mark.django_db
SCHOOL = {"name": "Grundschule Am Park", "register_id": "DE-HH 12345", "country": "DE", "town": "Hamburg",
          "website": "https://schule.example", "size": "under_100", "purpose": "Primary school"}  # fmt: skip


@pytest.fixture
def giver() -> Partner:
    make_mar()
    return make_giver()


@pytest.fixture
def buyer(giver: Partner) -> Client:
    return sign_in(Client(), make_member("tpr_buyer", partner=giver))


def _paper(name: str = "proof.png") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, PAPER)


def _approved(giver: Partner, **changes: Any) -> Recipient:
    """Return a recipient approved as of now: pages read the real clock."""
    return make_recipient(
        giver, at=timezone.now(), until=timezone.now().date() + timedelta(days=90), **changes
    )


def test_from_the_class_to_the_submission(giver: Partner, buyer: Client) -> None:
    page = buyer.get("/tpr/recipients/new/").content.decode()
    for words in ("Technology Access Programme", "AT 1836", "Licence or recognition of the school"):
        assert words in page
    created = buyer.post("/tpr/recipients/new/?class=academic", SCHOOL)
    assert created.status_code == 302
    detail = created["Location"]
    refused = buyer.post(f"{detail}submit/")
    assert refused.status_code == 409
    assert "The evidence for this class is not complete." in refused.content.decode()
    assert buyer.post(f"{detail}evidence/", {"kind": "school_status", "file": _paper()}).status_code == 302
    assert "proof.png" in buyer.get(detail).content.decode()
    assert buyer.post(f"{detail}submit/").status_code == 302
    with mar_scope():
        assert Recipient.objects.values_list("state", "claim").get() == ("submitted", "first")


def test_a_programme_is_asked_for_its_criteria_and_a_school_is_not(buyer: Client) -> None:
    assert 'name="criteria"' in buyer.get("/tpr/recipients/new/?class=tap").content.decode()
    assert 'name="criteria"' not in buyer.get("/tpr/recipients/new/?class=academic").content.decode()


@pytest.mark.parametrize("field", ["name", "town", "purpose", "register_id", "website"])
def test_a_person_is_refused_at_the_field_and_the_rest_stays_as_typed(buyer: Client, field: str) -> None:
    wrong = {"website": "https://x.example/?mail=anna@schule.example"}.get(field, "anna@schule.example")
    answer = buyer.post("/tpr/recipients/new/?class=academic", SCHOOL | {field: wrong})
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    kept = "Hamburg" if field != "town" else "Grundschule Am Park"
    assert kept in answer.content.decode()
    with mar_scope():
        assert Recipient.objects.count() == 0


@pytest.mark.parametrize(
    ("name", "content"),
    [("Letter of Frau Meier.png", PAPER), ("proof.png", b"MZ\x90\x00 no paper"), ("a.png", b"")],
)
def test_a_personal_name_or_no_paper_is_refused_at_the_field(
    giver: Partner, buyer: Client, name: str, content: bytes
) -> None:
    draft = make_draft(giver, paper=False)
    url = f"/tpr/recipients/{draft.pk}/"
    answer = buyer.post(
        f"{url}evidence/", {"kind": "school_status", "file": SimpleUploadedFile(name, content)}
    )
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, ["file"])
    assert "No paper yet." in buyer.get(url).content.decode()


def test_the_second_partner_reads_conflict_under_review_and_nothing_of_the_first(giver: Partner) -> None:
    first = make_submitted(make_giver())
    second = make_draft(giver, name="Grundschule am Parke", register_id="")
    client = sign_in(Client(), make_member("tpr_owner", partner=giver))
    page = client.post(f"/tpr/recipients/{second.pk}/submit/", follow=True).content.decode()
    assert "conflict under review" in page
    with mar_scope():
        for word in (first.partner.name, first.partner.code, str(first.pk)):
            assert word not in page


def test_draft_is_changed_paper_taken_back_and_recipient_withdrawn(giver: Partner, buyer: Client) -> None:
    draft = make_draft(giver)
    url = f"/tpr/recipients/{draft.pk}/"
    assert buyer.post(f"{url}edit/", SCHOOL | {"town": "Kiel"}).status_code == 302
    with mar_scope():
        paper = draft.evidence.get()
    download = buyer.get(f"{url}evidence/{paper.pk}/file/")
    assert (download.status_code, download.content) == (200, PAPER)
    assert buyer.post(f"{url}evidence/{paper.pk}/remove/").status_code == 302
    assert buyer.get(f"{url}evidence/{paper.pk}/file/").status_code == 404
    assert "Withdraw" in buyer.get(f"{url}withdraw/").content.decode()
    assert buyer.post(f"{url}withdraw/").status_code == 302
    with mar_scope():
        assert Recipient.objects.values_list("state", "town").get() == ("withdrawn", "Kiel")


def test_readers_look_and_strangers_find_nothing(giver: Partner) -> None:
    draft = make_draft(giver)
    url = f"/tpr/recipients/{draft.pk}/"
    reader = sign_in(Client(), make_member("tpr_readonly", partner=giver))
    assert reader.get(url).status_code == 200
    assert reader.post(f"{url}submit/").status_code == 403
    stranger = sign_in(Client(), make_member("tpr_owner", partner=make_giver()))
    assert (stranger.get(url).status_code, stranger.post(f"{url}submit/").status_code) == (404, 404)
    with mar_scope():
        assert Recipient.objects.get().state == "draft"


def test_the_order_names_a_recipient_of_the_right_class(giver: Partner, buyer: Client) -> None:
    school, tap = _approved(giver), _approved(giver, class_code="tap", name="PCs for All", register_id="")
    windows, office = make_citizenship(stock=3), make_citizenship(office=True, stock=3)
    page = buyer.get(f"/tpr/order/{office.code}/").content.decode()
    assert (tap.name in page, school.name in page) == (True, False)
    url = f"/tpr/order/{windows.code}/"
    sent = {"quantity": "2", "reference": "", "token": str(uuid4()), "place": "1"}
    nobody = buyer.post(url, sent)
    assert nobody.status_code == 409
    assert "Name it." in nobody.content.decode()
    assert buyer.post(url, sent | {"recipient": str(uuid4())}).status_code == 422
    placed = buyer.post(url, sent | {"recipient": str(school.pk), "token": str(uuid4())})
    assert placed.status_code == 302
    assert school.name in buyer.get(placed["Location"]).content.decode()
    with mar_scope():
        assert Order.objects.get().recipient_id == school.pk


def test_the_catalogue_shows_the_quota_of_citizenship_products_only(giver: Partner, buyer: Client) -> None:
    make_citizenship(stock=1)
    page = buyer.get("/tpr/order/").content.decode()
    assert page.count("Citizenship Windows this month") == 2  # the label, and read aloud
    assert "250 left" in page


def test_an_exception_is_asked_for_shown_and_taken_back(giver: Partner, buyer: Client) -> None:
    assert "An approved recipient comes first" in buyer.get("/tpr/quota/new/").content.decode()
    school, product = _approved(giver), make_citizenship()
    today = timezone.now().date()
    form = {
        "product": product.pk, "recipient": str(school.pk), "quantity": "100", "justification": WHY,
        "period_start": today.isoformat(), "period_end": (today + timedelta(days=20)).isoformat(),
    }  # fmt: skip
    late = buyer.post("/tpr/quota/new/", form | {"period_end": "2020-01-01", "letter": _paper("letter.png")})
    assert (late.status_code, list(late.context["form"].errors)) == (422, ["period_end"])
    asked = buyer.post("/tpr/quota/new/", form | {"letter": _paper("letter.png")})
    assert asked.status_code == 302
    page = buyer.get(asked["Location"]).content.decode()
    assert ("100" in page, WHY in page, "letter.png" in page) == (True, True, True)
    assert buyer.get(f"{asked['Location']}letter/").content == PAPER
    assert buyer.post(f"{asked['Location']}withdraw/").status_code == 302
    with mar_scope():
        assert QuotaException.objects.get().state == "withdrawn"


def test_lists_cost_the_same_for_one_row_and_three(giver: Partner, buyer: Client) -> None:
    product = make_citizenship()
    counts: dict[str, list[int]] = {"/tpr/recipients/": [], "/tpr/quota/": []}
    buyer.get("/tpr/recipients/")  # the first page of a session costs one more
    for number, name in enumerate(["Alpha", "Beta Haus", "Gamma Zentrum"]):
        school = _approved(giver, name=name, register_id=f"R {number}")
        make_exception(
            giver, school, product, state="requested", end=timezone.now().date() + timedelta(days=60)
        )
        if number == 1:
            continue
        for url, found in counts.items():
            with CaptureQueriesContext(connection) as queries:
                assert buyer.get(url).status_code == 200
            found.append(len(queries))
    assert {url: len(set(found)) for url, found in counts.items()} == {
        "/tpr/recipients/": 1,
        "/tpr/quota/": 1,
    }
