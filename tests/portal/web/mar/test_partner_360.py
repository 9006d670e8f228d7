"""Partner 360: one address for each side of a partner, the acts this person may take, notes nobody else reads."""

from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core.models import AuditEvent
from core.tenancy import mar_scope
from partners.models import Document, Partner, PartnerNote
from tests.factories import AT, key_text, make_mar, make_member, make_partner
from tests.factories.exchange import make_builds
from tests.web import sign_in

pytestmark = pytest.mark.django_db
TABS = (
    "", "orders/", "keys/", "devices/", "reports/", "documents/", "people/", "company/", "agreements/", "notes/",
    "timeline/",
)  # fmt: skip


@pytest.fixture
def partner():
    make_mar()
    return make_partner(name="Again GmbH")


def _as(role: str, **fields) -> Client:
    return sign_in(Client(), make_member(role, **fields))


def _path(partner, tab: str = "") -> str:
    return f"/mar/partners/{partner.pk}/{tab}"


@pytest.mark.parametrize("tab", TABS)
def test_each_side_has_its_own_address_and_marks_its_tab(partner, tab):
    make_builds(1, partner=partner)
    page = _as("mar_admin").get(_path(partner, tab))
    assert page.status_code == 200
    assert f'href="{_path(partner, tab)}" aria-current="page"' in page.text
    assert "Again GmbH" in page.text


def test_an_auditor_reads_but_has_neither_notes_nor_acts(partner):
    client = _as("auditor")
    assert client.get(_path(partner)).status_code == 200
    assert _path(partner, "notes/") not in client.get(_path(partner)).text
    assert client.get(_path(partner, "notes/")).status_code == 403
    assert 'class="menu-item" href="/mar/partners/' not in client.get(_path(partner)).text


def _rows(partner, tab: str, count: int) -> None:
    if tab == "documents/":
        with mar_scope():
            for number in range(count):
                Document.objects.create(
                    partner=partner, kind="certificate", file_name=f"{number}.pdf", content_type="application/pdf",
                    size=1, sha256="0" * 64, path="x", uploaded_by="Owner", uploaded_at=AT,
                )  # fmt: skip
    elif tab == "notes/":
        author = make_member("mar_admin")
        with mar_scope():
            for _number in range(count):
                PartnerNote.objects.create(partner=partner, author=author, text="x", at=AT)
    elif tab == "people/":
        for _number in range(count):
            make_member("tpr_buyer", partner=partner)
    elif tab == "timeline/":
        with mar_scope():
            for number in range(count):
                AuditEvent.objects.create(
                    at=AT, action="partners.terms.accepted", actor_kind="user", actor_id=str(number),
                    actor_label="Olga", partner_id=partner.pk, object_type="partner", object_id=str(partner.pk),
                )  # fmt: skip
    else:
        for _number in range(count):
            make_builds(1, partner=partner)


@pytest.mark.parametrize(
    "tab", ["orders/", "keys/", "devices/", "reports/", "documents/", "people/", "notes/", "timeline/"]
)
def test_a_tab_asks_as_often_for_three_rows_as_for_one(partner, tab):
    client = _as("mar_admin")
    client.get(_path(partner, tab))
    counts = []
    for more in (1, 2):
        _rows(partner, tab, more)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert client.get(_path(partner, tab)).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_the_timeline_tells_sentences_and_filters(partner):
    _rows(partner, "timeline/", 1)
    client = _as("mar_admin")
    assert "accepted the terms" in client.get(_path(partner, "timeline/")).text
    assert "accepted the terms" not in client.get(_path(partner, "timeline/?area=licensing.order.")).text
    assert "accepted the terms" in client.get(_path(partner, "timeline/?area=partners.")).text


def test_a_note_is_kept_pinned_and_never_reaches_the_partner(partner):
    client = _as("mar_admin", name="Marta")
    assert client.post(_path(partner, "notes/"), {"text": "Rings on Fridays."}).status_code == 302
    with mar_scope():
        note = PartnerNote.objects.get()
    client.post(_path(partner, f"notes/{note.pk}/pin/"), {"is_pinned": "1"})
    assert "On top" in client.get(_path(partner, "notes/")).text
    assert client.post(_path(partner, f"notes/{uuid4()}/pin/")).status_code == 404
    owner = sign_in(Client(), make_member("tpr_owner", partner=partner))
    for path in ("/tpr/", "/tpr/settings/", "/tpr/settings/company/", "/tpr/settings/history/"):
        text = owner.get(path).text
        assert "Rings on Fridays" not in text
        assert "wrote a note" not in text
    assert "wrote a note" in client.get(_path(partner, "timeline/")).text


def test_a_note_takes_no_product_key_and_no_empty_text(partner):
    client = _as("compliance")
    assert client.post(_path(partner, "notes/"), {"text": f"He sent {key_text(7)}"}).status_code == 422
    assert client.post(_path(partner, "notes/"), {"text": " "}).status_code == 422
    assert client.post(_path(partner, "notes/"), {"text": "x" * 2001}).status_code == 422
    with mar_scope():
        assert PartnerNote.objects.count() == 0


def test_a_change_of_company_data_is_asked_here_and_decided_there(partner):
    owner = sign_in(Client(), make_member("tpr_owner", partner=partner))
    wanted = {"name": "Anew GmbH", "country": "DE", "vat_id": "", "iban": "", "reason": "Register"}
    assert owner.post("/tpr/settings/company/change/", wanted | {"iban": "DE00"}).status_code == 422
    assert owner.post("/tpr/settings/company/change/", wanted).status_code == 302
    assert "Waits for the programme office" in owner.get("/tpr/settings/company/").text
    admin = _as("mar_admin")
    assert "1 change of company data to confirm" in admin.get("/mar/").text
    assert "Again GmbH" in admin.get("/mar/partners/?change=requested").text
    with mar_scope():
        change = partner.company_changes.get()
    path = _path(partner, f"company/{change.pk}/")
    assert admin.post(path, {"decision": "confirm", "note": ""}).status_code == 422
    assert admin.post(path, {"decision": "confirm", "note": "Extract seen."}).status_code == 302
    with mar_scope():
        assert Partner.objects.get(pk=partner.pk).name == "Anew GmbH"
    assert "Extract seen." in owner.get("/tpr/settings/company/").text
    assert admin.post(path, {"decision": "refuse", "note": "x"}).status_code == 409


def test_a_colleague_without_the_right_sees_the_house_and_changes_nothing(partner):
    client = sign_in(Client(), make_member("tpr_technician", partner=partner))
    for page in ("company/", "sites/", "contacts/", "documents/", "history/"):
        assert client.get(f"/tpr/settings/{page}").status_code == 200
    for page in ("company/contact/", "company/change/", "sites/new/", "brands/new/", "documents/new/"):
        assert client.post(f"/tpr/settings/{page}").status_code == 403


def test_duties_stand_on_the_page_and_in_the_calendar_file(partner):
    client = sign_in(Client(), make_member("tpr_owner", partner=partner))
    assert "Nothing is due" in client.get("/tpr/duties/").text
    with mar_scope():
        from django.utils import timezone

        Document.objects.create(
            partner=partner, kind="certificate", title="R2v3; DROP", file_name="r2.pdf", size=1, sha256="0" * 64,
            content_type="application/pdf", path="x", uploaded_by="Owner", uploaded_at=AT,
            expires_on=timezone.now().date(),
        )  # fmt: skip
    assert "Renew: R2v3; DROP" in client.get("/tpr/duties/").text
    assert "Renew: R2v3; DROP" in client.get("/tpr/").text
    assert "Renew: R2v3; DROP" in _as("mar_admin").get(_path(partner)).text
    file = client.get("/tpr/duties/duties.ics")
    assert file["Content-Type"] == "text/calendar; charset=utf-8"
    assert "SUMMARY:Renew: R2v3\\; DROP" in file.text
