"""Recipients, double registrations and quota exceptions in the MAR's browser: two people each, compliance reads."""

import io
import zipfile
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from core.tenancy import mar_scope
from licensing.models import QuotaException
from partners.models import Recipient, RecipientConflict
from tests.factories import AT, make_mar, make_member, make_partner
from tests.factories.quota import make_exception
from tests.factories.recipients import (
    PAPER,
    make_citizenship,
    make_giver,
    make_recipient,
    make_reviewed,
    make_submitted,
)
from tests.partners.samples import audited
from tests.web import sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def people(db: None) -> dict[str, Client]:
    make_mar()
    return {
        role: sign_in(Client(), make_member(role))
        for role in ("mar_admin", "mar_approver", "compliance", "auditor")
    }


def _review(days: int = 90, **changes: Any) -> dict[str, Any]:
    until = (timezone.now().date() + timedelta(days=days)).isoformat()
    return {"note": "Register checked.", "evidence_until": until, "is_clean": "on"} | changes


def test_two_people_look_at_the_evidence_and_approve(people: dict[str, Client]) -> None:
    recipient = make_submitted(make_giver())
    url = f"/mar/recipients/{recipient.pk}/"
    with mar_scope():
        paper = recipient.evidence.get()
    assert people["mar_admin"].get(f"{url}evidence/{paper.pk}/file/").content == PAPER
    assert people["mar_admin"].post(f"{url}review/", _review()).status_code == 302
    assert people["mar_admin"].post(f"{url}approve/").status_code == 403
    assert "You are the second person" in people["mar_approver"].get(url).content.decode()
    assert people["mar_approver"].post(f"{url}approve/").status_code == 302
    with mar_scope():
        assert Recipient.objects.get().state == "approved"


@pytest.mark.parametrize(
    ("changes", "field"),
    [({"note": ""}, "note"), ({"note": "Frau Meier rang"}, "note"), ({"is_clean": ""}, "is_clean"),
     ({"evidence_until": ""}, "evidence_until")],
)  # fmt: skip
def test_an_incomplete_review_is_said_at_the_field(
    people: dict[str, Client], changes: dict[str, Any], field: str
) -> None:
    recipient = make_submitted(make_giver())
    answer = people["mar_admin"].post(f"/mar/recipients/{recipient.pk}/review/", _review(**changes))
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, [field])
    with mar_scope():
        assert Recipient.objects.get().state == "submitted"


def test_evidence_that_is_over_is_refused_with_the_rule(people: dict[str, Client]) -> None:
    recipient = make_submitted(make_giver())
    answer = people["mar_admin"].post(f"/mar/recipients/{recipient.pk}/review/", _review(days=-2))
    assert (answer.status_code, "P-REC-2" in answer.content.decode()) == (409, True)


@pytest.mark.parametrize(
    ("act", "role", "make", "state"),
    [
        ("send-back", "mar_admin", make_submitted, "draft"),
        ("return", "mar_approver", make_reviewed, "submitted"),
        ("refuse", "mar_approver", make_reviewed, "refused"),
    ],
)
def test_back_and_refusal_need_a_reason(
    people: dict[str, Client], act: str, role: str, make: Any, state: str
) -> None:
    recipient = make(make_giver())
    url = f"/mar/recipients/{recipient.pk}/{act}/"
    assert people[role].get(url).status_code == 200
    assert people[role].post(url, {"reason": ""}).status_code == 422
    assert people[role].post(url, {"reason": "The notice is missing."}).status_code == 302
    with mar_scope():
        assert Recipient.objects.values_list("state", "decision_reason").get() == (
            state,
            "The notice is missing.",
        )


def test_a_double_registration_shows_both_sides_and_is_decided(people: dict[str, Client]) -> None:
    first, second = make_submitted(make_giver()), make_submitted(make_giver(), name="Grundschule am Parke")
    with mar_scope():
        conflict = RecipientConflict.objects.get()
        names = (first.partner.name, second.partner.name)
    url = f"/mar/recipients/conflicts/{conflict.pk}/"
    page = people["mar_approver"].get(url).content.decode()
    assert all(name in page for name in names)
    assert people["mar_approver"].post(f"{url}settle/", {"outcome": "shared"}).status_code == 422
    decided = people["mar_approver"].post(f"{url}settle/", {"outcome": "shared", "reason": "Both deliver."})
    assert decided.status_code == 302
    again = people["mar_approver"].post(f"{url}settle/", {"outcome": "kept", "reason": "No."})
    assert (again.status_code, "P-REC-4" in again.content.decode()) == (409, True)
    with mar_scope():
        assert Recipient.objects.get(pk=second.pk).claim == "shared"


def test_an_exception_is_packaged_sent_and_answered_by_another(people: dict[str, Client]) -> None:
    giver = make_giver()
    exception = make_exception(giver, make_recipient(giver), make_citizenship(), state="requested")
    url = f"/mar/recipients/quota/{exception.pk}/"
    assert people["mar_admin"].get(f"{url}package.zip").status_code == 404
    assert people["mar_admin"].post(f"{url}package/").status_code == 302
    download = people["mar_admin"].get(f"{url}package.zip")
    assert download["Content-Type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(download.content)) as package:
        assert package.testzip() is None
        assert package.namelist()[:3] == ["0-cover.txt", "0-cover.csv", "1-letter.png"]
    assert audited("licensing.quota_exception.package_downloaded") == 1
    assert people["mar_admin"].post(f"{url}asked/").status_code == 302
    answer = {"answer": "approved", "microsoft_reference": "MS-1", "note": ""}
    assert people["mar_admin"].post(f"{url}answer/", answer).status_code == 403
    without = people["mar_approver"].post(f"{url}answer/", answer | {"microsoft_reference": ""})
    assert (without.status_code, "CIT-8" in without.content.decode()) == (409, True)
    assert people["mar_approver"].post(f"{url}answer/", answer).status_code == 302
    with mar_scope():
        assert QuotaException.objects.get().state == "approved"


def test_compliance_and_auditor_read_and_change_nothing(people: dict[str, Client]) -> None:
    giver = make_giver()
    recipient = make_reviewed(giver)
    for role in ("compliance", "auditor"):
        for url in ("", f"{recipient.pk}/", "conflicts/", "quota/"):
            assert people[role].get(f"/mar/recipients/{url}").status_code == 200
        # To act belongs to the MAR's house: for the others such an address is not there.
        assert people[role].post(f"/mar/recipients/{recipient.pk}/approve/").status_code == 404
    with mar_scope():
        assert Recipient.objects.get().state == "reviewed"


def test_lists_cost_the_same_for_one_row_and_three(people: dict[str, Client]) -> None:
    product = make_citizenship()
    counts: dict[str, list[int]] = {f"/mar/recipients/{name}": [] for name in ("", "conflicts/", "quota/")}
    people["mar_admin"].get("/mar/recipients/")  # the first page of a session costs one more
    for number, name in enumerate(["Alpha", "Beta Haus", "Gamma Zentrum"]):
        giver = make_giver()
        school = make_recipient(giver, name=name, register_id=f"R {number}", at=AT)
        make_exception(giver, school, product, state="requested")
        make_submitted(make_giver(), name=name, register_id=f"R {number}")
        if number == 1:
            continue
        for url, found in counts.items():
            with CaptureQueriesContext(connection) as queries:
                assert people["mar_admin"].get(url).status_code == 200
            found.append(len(queries))
    assert [len(set(found)) for found in counts.values()] == [1, 1, 1]


def test_newer_evidence_is_handed_in_reviewed_and_takes_over() -> None:
    make_mar()
    recipient = make_recipient(make_partner(), at=timezone.now() - timedelta(days=5))
    buyer, admin, approver = (
        sign_in(Client(), make_member(role, partner=partner))
        for role, partner in (("tpr_buyer", recipient.partner), ("mar_admin", None), ("mar_approver", None))
    )
    own, house = f"/tpr/recipients/{recipient.pk}/", f"/mar/recipients/{recipient.pk}/"
    assert "Renew the evidence" in buyer.get(own).text
    paper = SimpleUploadedFile("new.png", PAPER)
    end = (timezone.now() + timedelta(days=300)).date().isoformat()
    sent = {"kind": "school_status", "file": paper, "expires_on": end}
    assert buyer.post(f"{own}renew/", sent)["Location"] == own
    assert "New evidence is being looked at" in buyer.get(own).text
    assert f"{house}renewal/review/" in admin.get(house).text
    assert admin.get(f"{house}renewal/review/").status_code == 200
    checked = {"note": "Register checked.", "evidence_until": end, "is_clean": "on"}
    assert admin.post(f"{house}renewal/review/", {"note": ""}).status_code == 422
    assert admin.post(f"{house}renewal/review/", checked)["Location"] == house
    assert admin.post(f"{house}renewal/approve/").status_code == 403
    assert f"{house}renewal/approve/" in approver.get(house).text
    assert approver.post(f"{house}renewal/approve/")["Location"] == house
    with mar_scope():
        assert Recipient.objects.get(pk=recipient.pk).evidence_until.isoformat() == end
    assert approver.post(f"{house}renewal/approve/").status_code == 409
    assert admin.post(f"{house}renewal/refuse/", {"reason": "Too late."}).status_code == 409
