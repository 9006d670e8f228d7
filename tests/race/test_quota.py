"""Twenty threads around the month's 250 Citizenship licences: exact with the credit row's lock, broken without."""

import threading
from datetime import date
from typing import Any
from uuid import uuid4

import pytest
from django.db.models import Sum

from core.actor import Actor, ActorKind
from core.tenancy import mar_scope, partner_scope
from licensing.models import OrderLine, Product, QuotaDraw
from licensing.services import orders
from licensing.services.orders import OrderRefused, OrderRequest, place_order
from partners.models import Partner, Recipient
from tests.factories import AT, make_mar
from tests.factories.quota import make_exception
from tests.factories.recipients import make_citizenship, make_giver, make_recipient
from tests.factories.rules import set_rule
from tests.race.server import all_at_once

THREADS = 20


def _order(partner: Partner, product: Product, recipient: Recipient, quantity: int) -> str:
    try:
        with partner_scope(partner.pk):
            place_order(
                partner_id=partner.pk, request=OrderRequest(product.pk, quantity, recipient_id=recipient.pk),
                idempotency_key=uuid4().hex, by=Actor(ActorKind.USER, "u1", "Buyer", partner_id=partner.pk), at=AT,
            )  # fmt: skip
    except OrderRefused as error:
        return f"{error.code} {error.refusals[0].rule}"
    return "placed"


def _race(partner: Partner, product: Product, recipient: Recipient, quantity: int = 1) -> dict[str, int]:
    ended = all_at_once([lambda: _order(partner, product, recipient, quantity)] * THREADS)
    return {str(outcome): ended.count(outcome) for outcome in ended}


def _ordered(partner: Partner, product: Product) -> int:
    with mar_scope():
        lines = OrderLine.objects.filter(partner=partner, product=product)
        return int(lines.aggregate(total=Sum("quantity"))["total"])


def _without_the_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the lock out, and go on only when every thread has read the facts."""
    all_have_read = threading.Barrier(THREADS)
    read = orders.order_facts

    def read_and_wait(**wanted: Any) -> Any:
        facts = read(**wanted)
        all_have_read.wait(timeout=60)
        return facts

    monkeypatch.setattr(orders, "lock_credit", lambda _partner_id: None)
    monkeypatch.setattr(orders, "order_facts", read_and_wait)


def _at_240(cloned_db: str) -> tuple[Partner, Product, Recipient]:
    make_mar()
    partner, product = make_giver(), make_citizenship(stock=260)
    recipient = make_recipient(partner)
    assert _order(partner, product, recipient, 240) == "placed"
    return partner, product, recipient


def test_quota_of_250_is_exact_under_20_threads(cloned_db: str) -> None:
    partner, product, recipient = _at_240(cloned_db)
    assert _race(partner, product, recipient) == {"placed": 10, "cap_exceeded CIT-5": 10}
    assert _ordered(partner, product) == 250


def test_quota_breaks_without_the_lock(cloned_db: str, monkeypatch: pytest.MonkeyPatch) -> None:
    partner, product, recipient = _at_240(cloned_db)
    _without_the_lock(monkeypatch)
    assert _race(partner, product, recipient)["placed"] > 10
    assert _ordered(partner, product) > 250


def test_office_beside_windows_is_exact_under_20_threads(cloned_db: str) -> None:
    make_mar()
    partner, windows, office = (
        make_giver(),
        make_citizenship(stock=7),
        make_citizenship(office=True, stock=20),
    )
    tap = make_recipient(partner, class_code="tap")
    assert _order(partner, windows, tap, 7) == "placed"
    assert _race(partner, office, tap) == {"placed": 7, "cap_exceeded CIT-6": 13}
    assert _ordered(partner, office) == 7


def test_an_exception_is_exact_under_20_threads(cloned_db: str) -> None:
    make_mar()
    set_rule("citizenship.windows", per_month=3)
    partner, product = make_giver(), make_citizenship(stock=40)
    recipient = make_recipient(partner)
    exception = make_exception(
        partner, recipient, product, quantity=8, start=date(2026, 11, 1), end=date(2026, 11, 30)
    )
    assert _race(partner, product, recipient, 2) == {"placed": 5, "cap_exceeded CIT-5": 15}
    assert _ordered(partner, product) == 10
    with mar_scope():
        drawn = QuotaDraw.objects.filter(exception=exception).aggregate(total=Sum("quantity"))["total"]
    assert drawn == 7
