"""Keys leave no faster than person, contract and first days allow, exactly, under twenty stations at once."""

from datetime import datetime, timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from django.db import connection

from core.actor import Actor, ActorKind
from core.errors import DomainError
from core.tenancy import mar_scope, partner_scope
from licensing.models import KeyHandOver, ProductKey
from licensing.rules.devices import DeviceIdentity
from licensing.services import velocity
from licensing.services.hand_over import HandOverRefused, reveal_key
from licensing.services.orders import OrderRequest, place_order
from partners.models import Partner
from tests.factories import AT, make_partner, make_product, make_stock

NEW = {"created_at": AT - timedelta(days=5)}


def _by(partner: Partner, name: str = "u1") -> Actor:
    return Actor(ActorKind.USER, name, "Technician", partner_id=partner.id)


def _shop(quantity: int, **fields: Any) -> tuple[Partner, list[str]]:
    partner, product = make_partner(**fields), make_product()
    make_stock(product, quantity)
    with partner_scope(partner.id):
        place_order(
            partner_id=partner.id, request=OrderRequest(product.id, quantity), idempotency_key="o",
            by=_by(partner), at=AT,
        )  # fmt: skip
        return partner, list(ProductKey.objects.order_by("id").values_list("product_key_id", flat=True))


def _reveal(partner: Partner, key: str, *, name: str = "u1", at: datetime = AT) -> None:
    with partner_scope(partner.id):
        reveal_key(
            partner_id=partner.id, product_key_id=key, device=DeviceIdentity("LENOVO", "20N2", f"PF{key}"),
            reason="Station is down", by=_by(partner, name), at=at,
        )  # fmt: skip


def _taken() -> int:
    with mar_scope():
        return KeyHandOver.objects.count()


@pytest.mark.django_db
def test_a_new_partner_takes_ten_keys_a_day_and_the_eleventh_tomorrow() -> None:
    partner, keys = _shop(11, **NEW)
    for key in keys[:10]:
        _reveal(partner, key)
    with pytest.raises(HandOverRefused) as refused:
        _reveal(partner, keys[10], at=AT + timedelta(hours=23))
    refusal = refused.value.refusals[0]
    assert (refusal.code, refusal.rule, refusal.rule_version) == ("velocity_new_partner", "HND-10", "1")
    assert (refusal.facts["Keys a day"], refusal.facts["Taken in 24 hours"]) == (10, 10)
    assert _taken() == 10
    _reveal(partner, keys[10], at=AT + timedelta(hours=24))
    assert _taken() == 11


@pytest.mark.django_db
def test_the_first_days_end_to_the_instant() -> None:
    partner, keys = _shop(11, created_at=AT - timedelta(days=30))
    for key in keys:
        _reveal(partner, key)
    assert _taken() == 11


@pytest.mark.django_db
def test_a_day_never_takes_more_than_the_contract_of_a_month() -> None:
    partner, keys = _shop(4, monthly_quantity=4)
    with mar_scope():
        partner.order_limit.__class__.objects.filter(partner=partner).update(monthly_quantity=3)
    for key in keys[:3]:
        _reveal(partner, key)
    with pytest.raises(HandOverRefused) as refused:
        _reveal(partner, keys[3])
    assert refused.value.code == "velocity_partner"
    assert _taken() == 3


def _storm(partner: Partner, keys: list[str]) -> list[str]:
    """Let every key be looked at by a thread of its own, all at once; return what each met."""
    met: list[str] = []
    barrier = Barrier(len(keys))

    def look(key: str) -> None:
        barrier.wait()
        try:
            _reveal(partner, key, name=f"u{key}")
            met.append("shown")
        except DomainError as error:
            met.append(error.code)
        finally:
            connection.close()

    threads = [Thread(target=look, args=(key,)) for key in keys]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(met)


def test_twenty_at_once_get_exactly_ten(cloned_db: str) -> None:
    partner, keys = _shop(20, **NEW)
    assert _storm(partner, keys) == ["shown"] * 10 + ["velocity_new_partner"] * 10
    assert _taken() == 10


def test_without_the_lock_more_than_ten_get_through(cloned_db: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: the race is real, and the lock is what stops it."""
    partner, keys = _shop(20, **NEW)
    monkeypatch.setattr(velocity, "lock_velocity", lambda _partner_id: None)
    assert _storm(partner, keys).count("shown") > 10
