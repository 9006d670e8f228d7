"""A quota exception from the partner's wish to Microsoft's answer: two people, one package."""

import csv
import io
import zipfile
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from core.errors import DomainError, Invalid, NotFound
from core.tenancy import mar_scope, partner_scope
from licensing.models import Product, QuotaDraw, QuotaException
from licensing.services.quota import (
    mark_exception_asked,
    package_exception,
    record_answer,
    request_exception,
    withdraw_exception,
)
from licensing.services.quota_package import build_package, open_package
from licensing.tasks import send_quota_answer
from partners.models import Document, Partner, Recipient
from partners.rules.personal_data import find_personal
from tests.factories import AT, actor_for, make_mar, make_member, make_product
from tests.factories.quota import WHY, exception_request, make_exception
from tests.factories.recipients import BUYER, make_citizenship, make_draft, make_giver, make_recipient
from tests.partners.samples import audited, queued

pytestmark = pytest.mark.django_db


@pytest.fixture
def giver() -> Partner:
    make_mar()
    return make_giver()


@pytest.fixture
def school(giver: Partner) -> Recipient:
    return make_recipient(giver)


@pytest.fixture
def product() -> Product:
    return make_citizenship(name="Windows 11 Pro (Citizenship)", lpn="CIT-00001")


def _fresh(exception: QuotaException) -> QuotaException:
    with mar_scope():
        return QuotaException.objects.select_related("handled_by", "decided_by").get(pk=exception.pk)


def test_from_the_wish_to_the_approval_by_two_people(
    giver: Partner, school: Recipient, product: Product
) -> None:
    exception = _fresh(make_exception(giver, school, product))
    assert (exception.state, exception.microsoft_reference) == ("approved", "MS-4711")
    assert exception.handled_by != exception.decided_by
    assert exception.reference.startswith("QX-")
    for step in ("requested", "packaged", "asked", "approved"):
        assert audited(f"licensing.quota_exception.{step}") == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"quantity": 0},
        {"quantity": 100_001},
        {"period_start": date(2026, 11, 2), "period_end": date(2026, 11, 1)},
        {"period_start": date(2026, 10, 1), "period_end": date(2026, 11, 14)},  # over
        {"period_start": date(2026, 11, 1), "period_end": date(2027, 11, 3)},  # more than a year
        {"justification": "More PCs"},
        {"justification": "Frau Müller needs a PC for her three children at home."},
        {"letter_name": "Herr Meier.png"},
        {"letter": b"MZ\x90\x00 no paper"},
    ],
)
def test_a_wish_that_does_not_fit_is_refused_and_nothing_is_kept(
    giver: Partner, school: Recipient, product: Product, changes: dict[str, Any]
) -> None:
    with partner_scope(giver.pk), pytest.raises(Invalid), transaction.atomic():
        request_exception(giver.pk, exception_request(school, product, **changes), by=BUYER, at=AT)
    with mar_scope():
        assert QuotaException.objects.count() == 0
        assert Document.objects.filter(kind="exception_letter").count() == 0


def test_the_wish_names_a_citizenship_product_and_an_own_approved_recipient_that_may_receive_it(
    giver: Partner, school: Recipient, product: Product
) -> None:
    foreign = make_recipient(make_giver(), name="Other", town="Kiel", register_id="")
    draft = make_draft(giver, name="Draft School")
    for recipient, wanted in (
        (foreign, product),
        (draft, product),
        (school, make_product()),
        (school, make_citizenship(office=True)),
    ):
        with partner_scope(giver.pk), pytest.raises(Invalid) as caught:
            request_exception(giver.pk, exception_request(recipient, wanted), by=BUYER, at=AT)
        assert {refusal.rule for refusal in caught.value.refusals} == {"CIT-7"}


def test_the_package_holds_the_fields_microsoft_asks_the_letter_and_the_evidence(
    giver: Partner, school: Recipient, product: Product
) -> None:
    exception = make_exception(giver, school, product, state="packaged")
    with mar_scope():
        content = open_package(exception)
        assert content == build_package(exception, at=AT + timedelta(hours=3))
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        names = package.namelist()
        text = package.read("0-cover.txt").decode()
        rows = dict(csv.reader(io.StringIO(package.read("0-cover.csv").decode("utf-8-sig"))))
    assert names == ["0-cover.txt", "0-cover.csv", "1-letter.png", "2-school_status.png"]
    assert rows["TPR name"] == giver.name
    assert rows["Product"] == "Windows 11 Pro (Citizenship)"
    assert rows["Quantity beyond the quota"] == "100"
    assert (rows["Timeframe, first day"], rows["Timeframe, last day"]) == ("2026-11-01", "2026-11-30")
    assert rows["Justification"] == WHY
    assert (rows["Eligible organisation"], rows["Monthly quota"]) == (school.name, "250")
    assert rows["Eligibility class"].endswith("(AT 1836)")
    text = text.replace("0000123456", "")  # the MAR's own customer number
    assert {pattern.code for pattern in find_personal(text)} == {"full_date"}  # of the period


def test_the_handler_does_not_record_the_answer(giver: Partner, school: Recipient, product: Product) -> None:
    exception = make_exception(giver, school, product, state="asked")
    with mar_scope():
        handler = actor_for(_fresh(exception).handled_by)
        for is_approved in (True, False):
            with pytest.raises(DomainError) as caught:
                record_answer(
                    exception.pk,
                    is_approved=is_approved,
                    microsoft_reference="MS-1",
                    note="",
                    by=handler,
                    at=AT,
                )
            assert caught.value.refusals[0].rule == "CIT-9"
    assert _fresh(exception).state == "asked"


def test_an_approval_needs_the_question_and_microsofts_reference(
    giver: Partner, school: Recipient, product: Product
) -> None:
    exception = make_exception(giver, school, product, state="packaged")
    other = actor_for(make_member("mar_approver"))
    with mar_scope():
        with pytest.raises(DomainError) as caught:
            record_answer(
                exception.pk, is_approved=True, microsoft_reference="MS-1", note="", by=other, at=AT
            )
        assert caught.value.code == "exception_cannot_move"
        mark_exception_asked(exception.pk, by=actor_for(make_member("mar_admin")), at=AT)
        with pytest.raises(DomainError) as caught:
            record_answer(exception.pk, is_approved=True, microsoft_reference=" ", note="", by=other, at=AT)
        assert caught.value.code == "reference_needed"
    assert _fresh(exception).state == "asked"


def test_a_wish_is_packaged_once(giver: Partner, school: Recipient, product: Product) -> None:
    exception = make_exception(giver, school, product, state="packaged")
    with mar_scope(), pytest.raises(DomainError):
        package_exception(exception.pk, by=actor_for(make_member("mar_admin")), at=AT)
    assert _fresh(exception).handled_by_id == exception.handled_by_id


def test_the_partner_withdraws_before_the_package_and_not_after(
    giver: Partner, school: Recipient, product: Product
) -> None:
    early = make_exception(giver, school, product, state="requested")
    late = make_exception(giver, school, product, state="packaged")
    with partner_scope(make_giver().pk), pytest.raises(NotFound):
        withdraw_exception(early.pk, by=BUYER, at=AT)
    with partner_scope(giver.pk):
        withdraw_exception(early.pk, by=BUYER, at=AT)
        with pytest.raises(DomainError):
            withdraw_exception(late.pk, by=BUYER, at=AT)
    assert (_fresh(early).state, _fresh(late).state) == ("withdrawn", "packaged")


@pytest.mark.parametrize(("state", "said"), [("approved", "100 more"), ("refused", "Reason: Answer")])
def test_the_partner_is_told_the_answer(
    giver: Partner, school: Recipient, product: Product, state: str, said: str, mailoutbox: Any
) -> None:
    make_exception(giver, school, product, state=state)
    (work,) = queued("licensing.send_quota_answer")
    with mar_scope():
        assert send_quota_answer.run(**work) == 1
    assert said in mailoutbox[0].body


# What the database refuses by itself


def _raw(statement: str, *values: Any) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, list(values))


def test_the_database_refuses_one_person_in_both_places(
    giver: Partner, school: Recipient, product: Product
) -> None:
    exception = make_exception(giver, school, product, state="asked")
    with mar_scope(), pytest.raises(IntegrityError, match="quota_exception_two_people"):
        _raw(
            "UPDATE licensing_quotaexception SET state = 'approved', microsoft_reference = 'x',"
            " decided_by_id = handled_by_id, decided_at = %s WHERE id = %s", AT, exception.pk,
        )  # fmt: skip
    with mar_scope(), pytest.raises(IntegrityError, match="quota_exception_needs_two"):
        _raw("UPDATE licensing_quotaexception SET state = 'refused' WHERE id = %s", exception.pk)
    with mar_scope(), pytest.raises(IntegrityError, match="quota_exception_has_answer"):
        _raw(
            "UPDATE licensing_quotaexception SET state = 'approved', decided_by_id = %s, decided_at = %s"
            " WHERE id = %s", make_member("mar_approver").pk, AT, exception.pk,
        )  # fmt: skip


@pytest.mark.parametrize("change", ["quantity = 500", "period_end = '2027-01-01'", "justification = 'x'"])
def test_the_database_keeps_what_was_asked_for(
    giver: Partner, school: Recipient, product: Product, change: str
) -> None:
    exception = make_exception(giver, school, product)
    with mar_scope(), pytest.raises(IntegrityError, match="what was asked for does not change"):
        _raw(f"UPDATE licensing_quotaexception SET {change} WHERE id = %s", exception.pk)


def test_the_database_lets_a_partner_only_ask_and_withdraw(
    giver: Partner, school: Recipient, product: Product
) -> None:
    exception = make_exception(giver, school, product, state="asked")
    for change in ("state = 'approved'", "microsoft_reference = 'x'"):
        with partner_scope(giver.pk), pytest.raises(DatabaseError):
            _raw(f"UPDATE licensing_quotaexception SET {change} WHERE id = %s", exception.pk)
    assert _fresh(exception).state == "asked"


def test_the_database_refuses_an_exception_that_is_born_approved(
    giver: Partner, school: Recipient, product: Product
) -> None:
    exception = make_exception(giver, school, product, state="requested")
    exception.pk, exception.reference, exception.state = uuid4(), "QX-OTHER", "approved"
    with mar_scope(), pytest.raises(IntegrityError, match="begins as a request"):
        exception.save(force_insert=True)


@pytest.mark.parametrize(
    ("field", "value", "name"),
    [
        ("quantity", 0, "quota_exception_quantity"),
        ("period_end", date(2026, 10, 1), "quota_exception_period"),
    ],
)
def test_the_database_refuses_an_empty_wish(
    giver: Partner, school: Recipient, product: Product, field: str, value: Any, name: str
) -> None:
    exception = make_exception(giver, school, product, state="requested")
    setattr(exception, field, value)
    exception.pk, exception.reference = uuid4(), "QX-OTHER"
    with mar_scope(), pytest.raises(IntegrityError, match=name):
        exception.save(force_insert=True)
    with mar_scope():
        assert QuotaDraw.objects.count() == 0
