"""HND-5, HND-10, HND-11: who meets a limit of how fast keys leave is refused, and compliance has a mail."""

from datetime import timedelta
from typing import Any

import pyrage
import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from core.actor import Actor, ActorKind
from core.errors import DomainError
from core.models import AuditEvent, OutboxItem
from core.tenancy import mar_scope, partner_scope
from licensing.models import KeyHandOver, OrderLimit, ProductKey
from licensing.rules.alarms import ALARMING
from licensing.rules.devices import DeviceIdentity
from licensing.services import bulk_hand_over as bulk
from licensing.services.delivery_keys import register_delivery_key
from licensing.services.orders import OrderRequest, place_order
from licensing.tasks import alarm_velocity
from partners.models import Partner
from tests.factories import AT, make_mar, make_member, make_partner, make_product, make_stock
from tests.web import sign_in

pytestmark = pytest.mark.django_db


def _shop(quantity: int, **fields: Any) -> tuple[Partner, int]:
    make_mar()
    partner, product = make_partner(**fields), make_product()
    make_stock(product, quantity)
    by = Actor(ActorKind.USER, "u1", "Owner", partner_id=partner.id)
    with partner_scope(partner.id):
        place_order(
            partner_id=partner.id,
            request=OrderRequest(product.id, quantity),
            idempotency_key="o",
            by=by,
            at=AT,
        )
        key = str(pyrage.x25519.Identity.generate().to_public())
        register_delivery_key(partner_id=partner.id, recipient=key, by=by, at=AT)
    return partner, product.pk


def _file(partner: Partner, product_id: int, pcs: range, *, after: timedelta = timedelta(hours=24)) -> None:
    by = Actor(ActorKind.USER, "u1", "Owner", partner_id=partner.id)
    devices = [DeviceIdentity("LENOVO", "20N2", f"PF{number}") for number in pcs]
    with partner_scope(partner.id):
        bulk.hand_over_file(
            partner_id=partner.id,
            product_id=product_id,
            devices=devices,
            reason="New line",
            by=by,
            at=AT + after,
        )


def test_hnd_11_a_file_counts_every_pc_against_the_contract_to_the_last() -> None:
    partner, product_id = _shop(6, monthly_quantity=6)
    with mar_scope():
        OrderLimit.objects.filter(partner=partner).update(monthly_quantity=3)
    _file(partner, product_id, range(2))
    with pytest.raises(DomainError) as refused:
        _file(partner, product_id, range(2, 4))
    refusal = refused.value.refusals[0]
    assert (refusal.code, refusal.rule) == ("velocity_partner", "HND-11")
    assert list(refusal.facts.values()) == [3, 2, 2]
    with mar_scope():
        assert KeyHandOver.objects.count() == 2
    _file(partner, product_id, range(2, 3))
    with pytest.raises(DomainError):
        _file(partner, product_id, range(3, 4), after=timedelta(hours=47, minutes=59))
    _file(partner, product_id, range(3, 6), after=timedelta(hours=48))
    with mar_scope():
        assert KeyHandOver.objects.count() == 6


def test_every_limit_of_speed_alarms() -> None:
    assert frozenset({"reveal_rate", "velocity_new_partner", "velocity_partner"}) == ALARMING


def test_a_refusal_in_a_request_queues_the_alarm_and_compliance_has_one_mail_an_hour() -> None:
    partner, _product = _shop(2, monthly_quantity=6)
    officer, owner = make_member("compliance"), make_member("tpr_owner", partner=partner)
    with mar_scope():
        OrderLimit.objects.filter(partner=partner).update(monthly_quantity=0)
        key = ProductKey.objects.filter(partner=partner).order_by("pk")[0].product_key_id
    device = {"manufacturer": "LENOVO", "model": "20N2", "serial": "PF1", "reason": "Station is down"}
    answer = sign_in(Client(), owner).post(f"/tpr/keys/{key}/reveal/", device)
    assert b"HND-11" in answer.content
    (work,) = OutboxItem.objects.filter(task="licensing.alarm_velocity")
    assert work.arguments == {"of_partner": str(partner.pk), "code": "velocity_partner", "rule": "HND-11"}
    mail.outbox.clear()
    with mar_scope():
        assert [alarm_velocity(**work.arguments) for _ in range(2)] == [1, 0]
        AuditEvent.objects.get(action="licensing.velocity.alarmed", partner_id=partner.pk)
        assert KeyHandOver.objects.count() == 0
    (message,) = mail.outbox
    assert message.to == [officer.email]
    assert partner.name in message.subject
    assert "HND-11" in message.body
    assert key not in message.body + message.subject


def test_a_later_hour_and_another_partner_alarm_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    make_mar()
    make_member("compliance")
    first, second = make_partner(), make_partner()
    facts = {"code": "reveal_rate", "rule": "HND-5"}
    now = timezone.now()
    told = []
    for who, after in ((first, 0), (second, 0), (first, 59), (first, 61)):
        monkeypatch.setattr(
            "licensing.tasks_alarms.timezone.now", lambda at=now + timedelta(minutes=after): at
        )
        with mar_scope():
            told.append(alarm_velocity(of_partner=str(who.pk), **facts))
    assert told == [1, 1, 0, 1]
