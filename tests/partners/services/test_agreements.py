"""Agreements: versions with dates in order and notice, and each date at its second."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core import mail
from django.db import IntegrityError, transaction
from django.db.utils import DatabaseError

from core.actor import Actor, ActorKind
from core.models import OutboxItem
from core.tenancy import mar_scope, partner_scope
from licensing.rules.devices import DeviceIdentity
from licensing.services.hand_over import claim_key
from licensing.services.orders import OrderRefused, OrderRequest, place_order
from partners.models import Agreement, ApiKey, Partner, Reminder, TermsText, TermsVersion
from partners.selectors.terms import (
    agreement_standings,
    missing_terms,
    partners_waiting,
    terms_in_force,
    terms_on_offer,
)
from partners.services.agreements import (
    AgreementRefused,
    NewVersion,
    WrittenText,
    create_agreement,
    publish_version,
)
from partners.services.reminders import announce_terms, send_due_reminders
from partners.services.terms import TermsNotInForce, accept_terms, remind_of_terms
from partners.tasks_rules import send_terms_notice
from tests.factories import (
    AT,
    actor_for,
    hash_of,
    make_agreement,
    make_mar,
    make_member,
    make_partner,
    make_product,
    make_stock,
    make_terms,
)
from tests.partners.samples import audited

pytestmark = pytest.mark.django_db
BY = Actor.system("test")
SECOND = timedelta(seconds=1)
# Midnights in Berlin.
ANNOUNCED = datetime(2026, 11, 30, 23, 0, tzinfo=UTC)
EFFECTIVE = datetime(2026, 12, 31, 23, 0, tzinfo=UTC)
DUE = datetime(2027, 1, 31, 23, 0, tzinfo=UTC)


def _new(**changes: Any) -> NewVersion:
    return NewVersion(
        **{
            "version": "2027-1", "texts": {"en": WrittenText("Short.", "Long.")}, "binding_language": "en",
            "announced_at": ANNOUNCED, "effective_from": EFFECTIVE, "due_from": DUE,
        } | changes
    )  # fmt: skip


def _publish(agreement: Agreement, **changes: Any) -> TermsVersion:
    with mar_scope():
        return publish_version(agreement.pk, _new(**changes), by=BY, at=AT)


def _schedule(**covers: Any) -> Agreement:
    with mar_scope():
        return create_agreement(
            code="WIN-COM", kind="schedule", title="Commercial schedule", **covers, by=BY, at=AT
        )


def _accept(partner: Partner, terms: TermsVersion, at: datetime) -> None:
    owner = make_member("tpr_owner", partner=partner)
    with partner_scope(partner.pk):
        accept_terms(
            partner_id=partner.pk, terms_id=terms.pk, text_sha256=hash_of(terms), role="tpr_owner",
            by=actor_for(owner, partner=partner), at=at,
        )  # fmt: skip


def _order(partner: Partner, product: Any, at: datetime) -> Any:
    with partner_scope(partner.pk):
        return place_order(
            partner_id=partner.pk, request=OrderRequest(product.id, 1), idempotency_key=uuid4().hex,
            by=Actor(ActorKind.USER, "u1", "Buyer", partner_id=partner.pk), at=at,
        )  # fmt: skip


@pytest.fixture
def master() -> Agreement:
    make_mar()
    make_terms()
    return make_agreement()


def _rules(error: pytest.ExceptionInfo[Any]) -> list[str]:
    return [refusal.rule for refusal in error.value.refusals]


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"announced_at": AT - SECOND}, "P-TERMS-3"),
        ({"effective_from": ANNOUNCED - SECOND}, "P-TERMS-3"),
        ({"due_from": EFFECTIVE - SECOND}, "P-TERMS-3"),
        ({"effective_from": ANNOUNCED + timedelta(days=29)}, "P-TERMS-4"),
        ({"version": "2026-1"}, "P-TERMS-5"),
        ({"texts": {}}, "P-TERMS-6"),
        ({"texts": {"de": WrittenText("Kurz.", "Lang.")}}, "P-TERMS-6"),
        ({"texts": {"en": WrittenText("Short.", "Long."), "de": WrittenText("Kurz.", "")}}, "P-TERMS-6"),
    ],
)
def test_a_version_that_cannot_stand_is_refused_and_nothing_is_stored(master, changes, rule):
    with pytest.raises(AgreementRefused) as refused:
        _publish(master, **changes)
    assert _rules(refused) == [rule]
    assert TermsVersion.objects.count() == 1
    assert audited("partners.terms.published") == 0


def test_thirty_days_are_enough_and_fewer_need_a_reason_that_is_kept(master):
    _publish(master, effective_from=ANNOUNCED + timedelta(days=30))
    shorter = _publish(
        master, version="2027-2", effective_from=ANNOUNCED + timedelta(days=31), announced_at=ANNOUNCED
        + timedelta(days=29), due_from=DUE, notice_waiver="Microsoft asked for it.",
    )  # fmt: skip
    assert shorter.notice_waiver == "Microsoft asked for it."


def test_versions_come_into_force_in_their_order(master):
    _publish(master)
    with pytest.raises(AgreementRefused) as refused:
        _publish(master, version="2027-2")
    assert _rules(refused) == ["P-TERMS-5"]


@pytest.mark.parametrize(
    "fields",
    [
        {"code": "TPR-2", "kind": "master"},
        {"code": "WIN", "kind": "schedule"},
        {"code": "AT-1", "kind": "additional"},
    ],
)
def test_a_second_master_and_a_schedule_of_nothing_are_refused(master, fields):
    with mar_scope(), pytest.raises(AgreementRefused) as refused:
        create_agreement(**fields, title="x", by=BY, at=AT)
    assert _rules(refused) == ["P-AGR-2"]
    assert Agreement.objects.count() == 1


def test_an_agreements_code_is_its_own(master):
    with mar_scope(), pytest.raises(AgreementRefused) as refused:
        create_agreement(code="TPR", kind="schedule", title="x", families=["commercial"], by=BY, at=AT)
    assert _rules(refused) == ["P-AGR-1"]


def test_the_database_refuses_the_same_and_keeps_texts_as_they_are(master):
    terms = _publish(master)
    with mar_scope():
        with pytest.raises(IntegrityError, match="one_master_agreement"), transaction.atomic():
            Agreement.objects.create(code="X", kind="master", title="x", created_at=AT)
        with pytest.raises(IntegrityError, match="master_covers_everything"), transaction.atomic():
            Agreement.objects.filter(pk=master.pk).update(families=["commercial"])
        with pytest.raises(IntegrityError, match="terms_dates_in_order"), transaction.atomic():
            TermsVersion.objects.filter(pk=terms.pk).update(due_from=ANNOUNCED)
        with pytest.raises(IntegrityError, match="terms_version_once"), transaction.atomic():
            TermsVersion.objects.filter(pk=terms.pk).update(version="2026-1")
        with pytest.raises(IntegrityError, match="terms_text_once"), transaction.atomic():
            TermsText.objects.create(terms=terms, language="en", summary="s", text="t", sha256="0" * 64)
        with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
            TermsText.objects.filter(terms=terms).update(text="Other.")


# Each date at its second.


def test_a_version_is_on_offer_from_its_announcement_and_in_force_from_its_day(master):
    terms = _publish(master)
    partner = make_partner()
    assert [terms_on_offer(at).version for at in (ANNOUNCED - SECOND, ANNOUNCED)] == ["2026-1", "2027-1"]
    assert [terms_in_force(at).version for at in (EFFECTIVE - SECOND, EFFECTIVE)] == ["2026-1", "2027-1"]
    with pytest.raises(TermsNotInForce):
        _accept(partner, terms, ANNOUNCED - SECOND)
    _accept(partner, terms, ANNOUNCED)
    with partner_scope(partner.pk):
        assert [one.is_open for one in agreement_standings(partner.pk, ANNOUNCED)] == [False]


def test_the_due_date_stops_ordering_and_nothing_else(master):
    partner, product = make_partner(), make_product()
    make_stock(product, 4)
    _publish(master)
    assert _order(partner, product, DUE - SECOND).is_new
    with pytest.raises(OrderRefused) as refused:
        _order(partner, product, DUE)
    assert _rules(refused) == ["ORD-2"]
    with mar_scope():
        station = ApiKey.objects.create(
            partner=partner, name="Line 1", prefix="rlp_live_x", secret_hash=uuid4().bytes * 2,
            scopes=["keys:claim"], created_by="Owner", created_at=AT,
        )  # fmt: skip
    with partner_scope(partner.pk):
        taken = claim_key(
            partner_id=partner.pk, product_code=product.code, device=DeviceIdentity("HP", "840", "SN-1"),
            idempotency_key="c", station=station, by=Actor.system("station"), at=DUE,
        )  # fmt: skip
        assert taken.product_code == product.code
        assert missing_terms(partner.pk, DUE - SECOND) is None
        missing = missing_terms(partner.pk, DUE)
    _accept(partner, missing, DUE)
    assert _order(partner, product, DUE).is_new


def test_a_schedule_holds_up_only_the_products_it_covers_from_its_due_date(master):
    make_mar()
    partner = make_partner()
    covered, other = make_product(), make_product(family="commercial")
    for product in (covered, other):
        make_stock(product, 2)
    terms = _publish(_schedule(products=[covered.code]))
    assert _order(partner, covered, DUE - SECOND).is_new
    with pytest.raises(OrderRefused) as refused:
        _order(partner, covered, DUE)
    assert _rules(refused) == ["ORD-10"]
    assert _order(partner, other, DUE).is_new
    _accept(partner, terms, DUE)
    assert _order(partner, covered, DUE).is_new


def test_a_new_product_of_a_covered_family_needs_nothing_new(master):
    partner = make_partner()
    _accept(partner, _publish(_schedule(families=["commercial"])), ANNOUNCED)
    product = make_product(code="WIN12-PRO")
    make_stock(product, 1)
    assert _order(partner, product, DUE + timedelta(days=90)).is_new


# Notices.


def test_the_announcement_reaches_who_has_not_accepted_yet(master):
    late, early = make_partner(), make_partner()
    terms = _publish(master)
    _accept(early, terms, ANNOUNCED)
    with mar_scope():
        assert list(partners_waiting(terms)) == [late]
        assert OutboxItem.objects.get(task="partners.announce_terms").due_at == ANNOUNCED
        assert announce_terms(terms, at=ANNOUNCED) == 1
        row = OutboxItem.objects.get(task="partners.send_terms_notice")
        assert row.arguments["partner_id"] == str(late.pk)
        assert send_terms_notice.run(**row.arguments) == 1
        assert send_terms_notice.run(str(early.pk), str(terms.pk), "announced") == 0
    (letter,) = mail.outbox
    assert letter.subject == "New version: TPR agreement 2027-1"
    assert "1 February 2027" in letter.body


@pytest.mark.parametrize(("days_before", "sent"), [(31, 0), (30, 1), (8, 1), (7, 2), (2, 2), (1, 3), (0, 3)])
def test_reminders_go_out_thirty_seven_and_one_day_before_and_once(master, days_before, sent):
    make_partner()
    _publish(master)
    day = DUE - timedelta(days=days_before) + timedelta(hours=5)
    with mar_scope():
        for earlier in range(40, days_before, -1):
            send_due_reminders(at=DUE - timedelta(days=earlier) + timedelta(hours=5))
        send_due_reminders(at=day)
        assert send_due_reminders(at=day) == 0
        assert Reminder.objects.count() == sent


def test_a_missed_day_loses_no_reminder(master):
    make_partner()
    _publish(master)
    with mar_scope():
        assert send_due_reminders(at=DUE - timedelta(days=20)) == 1
        assert Reminder.objects.get().days_before == 30


def test_the_mar_reminds_once_a_day(master):
    make_partner()
    terms = _publish(master)
    with mar_scope():
        assert remind_of_terms(terms.pk, by=BY, at=ANNOUNCED) == 1
        assert remind_of_terms(terms.pk, by=BY, at=ANNOUNCED + timedelta(hours=3)) == 0
        assert remind_of_terms(terms.pk, by=BY, at=ANNOUNCED + timedelta(days=1)) == 1


@pytest.mark.parametrize("days", [0, 1, 40])
def test_the_mar_reminds_of_overdue_terms_once_a_day_too(master, days):
    make_partner()
    terms = _publish(master)
    day = DUE + timedelta(days=days)
    with mar_scope():
        assert remind_of_terms(terms.pk, by=BY, at=DUE - timedelta(days=1)) == 1
        assert remind_of_terms(terms.pk, by=BY, at=day) == 1
        assert remind_of_terms(terms.pk, by=BY, at=day + timedelta(hours=3)) == 0
        assert remind_of_terms(terms.pk, by=BY, at=day + timedelta(days=1)) == 1
        assert OutboxItem.objects.filter(task="partners.send_terms_notice").count() == 3
