"""Browser, file, API and standing order leave the same records of the same order, field by field."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models import Model
from django.test import Client
from django.utils import timezone

from core.models import AuditEvent, OutboxItem
from core.tenancy import mar_scope, partner_scope
from licensing.models import (
    BackOrder,
    KeyAssignment,
    KeyReservation,
    LedgerEntry,
    Order,
    OrderEvent,
    OrderLine,
    Product,
    ProductKey,
    QuotaDraw,
)
from licensing.services.standing_orders import StandingLine, StandingWish, make_standing_order
from licensing.services.standing_runs import run_standing_order
from partners.models import Partner, Recipient
from tests.factories import actor_for, make_mar, make_member, make_product, make_stock
from tests.factories.products import make_version
from tests.factories.recipients import make_citizenship, make_giver, make_recipient
from tests.factories.rules import set_rule
from tests.licensing.services.orders_kit import set_credit
from tests.race.shops import make_shop
from tests.web import sign_in

pytestmark = pytest.mark.django_db
# What must differ: who, by which way, and numbers that are counted for all.
WHO = {"placed_by", "placed_by_id", "by", "by_id", "actor_kind", "actor_id", "actor_label"}
WAY = {"channel", "auth_strength", "request_id", "ip", "transaction"}
COUNTED = {
    "id",
    "number",
    "place",
    "object_id",
    "product_key_id",
    "last5",
    "blind_index",
    "position",
    "arguments",
}
SCHEMA = {
    "type": "object", "additionalProperties": False, "required": ["tender"],
    "properties": {
        "tender": {"type": "string", "minLength": 1, "x-labels": {"en": "Tender", "de": "Vergabe"}},
        "lots": {"type": "integer", "x-labels": {"en": "Lots", "de": "Lose"}},
    },
}  # fmt: skip
TABLES: tuple[tuple[type[Model], str], ...] = (
    (Order, "partner"), (OrderLine, "partner"), (OrderEvent, "partner"), (BackOrder, "partner"),
    (ProductKey, "partner"), (KeyAssignment, "partner"), (KeyReservation, "partner"), (QuotaDraw, "partner"),
    (LedgerEntry, "partner_id"), (AuditEvent, "partner_id"),
)  # fmt: skip


class Asked:
    """The same partner, product and wish, made anew for each way."""

    def __init__(self, case: str) -> None:
        self.partner: Partner = make_giver(credit="100.00" if case == "held" else "100000.00")
        self.buyer = make_member("tpr_buyer", partner=self.partner)
        self.recipient = self._school() if case == "citizenship" else None
        stock = 2 if case in ("split", "queued") else 5
        self.product: Product = (
            make_citizenship(stock=stock) if self.recipient else make_product(price="40.00", name="Windows")
        )
        if not self.recipient:
            make_stock(self.product, stock)
        self.details: dict[str, Any] = {}
        if case == "details":
            make_version(self.product, required_fields=SCHEMA)
            self.details = {"tender": "T-1", "lots": 2}
        self.shortage = {"split": "split", "queued": "queue"}.get(case, "refuse")
        self.lane, self.note = ("special", "Two schools.") if case == "approval" else ("", "")

    def _school(self) -> Recipient:
        now, name = timezone.now(), f"School of {self.partner.code}"
        return make_recipient(
            self.partner, at=now - timedelta(days=2), until=now.date() + timedelta(days=90), name=name,
            register_id=self.partner.code, town=f"Town {self.partner.code}",
        )  # fmt: skip


def _browser(asked: Asked) -> None:
    client = sign_in(Client(), asked.buyer)
    form = {
        "quantity": "4", "reference": "PO-7", "shortage": asked.shortage, "lane": asked.lane, "wish": asked.note,
        "token": str(uuid4()), "recipient": str(asked.recipient.pk) if asked.recipient else "",
        **{f"details_{name}": str(value) for name, value in asked.details.items()},
    }  # fmt: skip
    assert client.post(f"/tpr/order/{asked.product.code}/", form).status_code == 302


def _file(asked: Asked) -> None:
    client = sign_in(Client(), asked.buyer)
    row = {
        "order_reference": "PO-7", "product": asked.product.code, "quantity": "4", "if_short": asked.shortage,
        "lane": asked.lane, "note": asked.note,
        "recipient": str(asked.recipient.pk) if asked.recipient else "",
        **{f"detail.{name}": str(value) for name, value in asked.details.items()},
    }  # fmt: skip
    content = "\n".join([",".join(row), ",".join(row.values())]).encode()
    sent = client.post("/tpr/orders/files/new/", {"orders": SimpleUploadedFile("o.csv", content)})
    assert sent.status_code == 302, sent.context["faults"]
    assert client.post(f"{sent['Location']}place/", {"mode": "all"}).status_code == 302


def _api(asked: Asked) -> None:
    client = Client(headers={"authorization": f"Bearer {make_shop(asked.partner).secret}"})
    body = {
        "product": asked.product.code, "quantity": 4, "reference": "PO-7", "lane": asked.lane,
        "note": asked.note, "allow_backorder": asked.shortage == "queue", "allow_split": asked.shortage == "split",
        "recipient": str(asked.recipient.pk) if asked.recipient else None, "details": asked.details,
    }  # fmt: skip
    sent = client.post(
        "/api/v1/orders", body, content_type="application/json", headers={"idempotency-key": "k"}
    )
    assert sent.status_code == 201, sent.json()


def _standing(asked: Asked) -> None:
    now = timezone.now()
    local = (now + timedelta(minutes=2)).astimezone(ZoneInfo("UTC"))
    line = StandingLine(
        asked.product.code, 4, asked.recipient.pk if asked.recipient else None, asked.shortage,
        lane=asked.lane, note=asked.note, details=asked.details,
    )  # fmt: skip
    wish = StandingWish("PO-7", [line], "once", local.date(), local.time(), "UTC")
    with partner_scope(asked.partner.pk):
        made = make_standing_order(
            asked.partner.pk, wish, by=actor_for(asked.buyer, partner=asked.partner), at=now
        )
        assert made.next_at is not None
        run = run_standing_order(made.pk, at=made.next_at)
    assert run is not None
    assert run.outcome == "placed", run.refusals


def _plain(name: str, value: Any, product: Product) -> Any:
    """Return a value as it must be equal: of a reference or a time only whether it is there."""
    if isinstance(value, (UUID, datetime, date)) or name.endswith("_id"):
        return value is not None
    if isinstance(value, dict):
        return {
            key: "the product" if key == "product" else _plain("", one, product) for key, one in value.items()
        }
    return [_plain("", one, product) for one in value] if isinstance(value, list) else value


def _records(asked: Asked) -> dict[str, list[str]]:
    """Return what the order left, each row as text; rows have no order of their own, so they are sorted."""
    found: dict[str, list[str]] = {}
    with mar_scope():
        for model, partner in TABLES:
            rows = model._default_manager.filter(**{partner: asked.partner.pk})
            if model is AuditEvent:
                rows = rows.filter(action__startswith="licensing.order.")
            if model is LedgerEntry:
                rows = model._default_manager.filter(object_id__in=_lines(asked.partner))
            found[model.__name__] = sorted(_row(row, asked.product) for row in rows)
        mails = OutboxItem.objects.filter(
            task__startswith="licensing.tell_order", arguments__partner_id=str(asked.partner.pk)
        )
        found["mails"] = sorted(mails.values_list("task", flat=True))
        keys = ProductKey.objects.filter(product=asked.product)
        found["keys"] = sorted(f"{state} {hold}" for state, hold in keys.values_list("state", "hold"))
    return found


def _row(row: Model, product: Product) -> str:
    names = [field.attname for field in row._meta.concrete_fields]
    return repr(
        {name: _plain(name, getattr(row, name), product) for name in names if name not in WHO | WAY | COUNTED}
    )


def _lines(partner: Partner) -> list[str]:
    return [str(pk) for pk in OrderLine.objects.filter(partner=partner).values_list("pk", flat=True)]


WAYS: dict[str, Callable[[Asked], None]] = {
    "browser": _browser,
    "csv": _file,
    "api": _api,
    "standing": _standing,
}


@pytest.mark.parametrize(
    ("case", "states"),
    [
        ("allocated", ["allocated"]),
        ("split", ["allocated", "backordered"]),
        ("queued", ["backordered"]),
        ("held", ["held_credit"]),
        ("approval", ["needs_approval"]),
        ("details", ["allocated"]),
        ("citizenship", ["allocated"]),
    ],
)
def test_four_ways_leave_the_same_records(case: str, states: list[str]) -> None:
    make_mar()
    records = {}
    for way, order in WAYS.items():
        asked = Asked(case)
        order(asked)
        with mar_scope():
            placed = Order.objects.filter(partner=asked.partner).order_by("number")
            assert [(one.state, one.channel) for one in placed] == [(state, way) for state in states]
        records[way] = _records(asked)
    for way in ("csv", "api", "standing"):
        for table, rows in records["browser"].items():
            assert (table, way, records[way][table]) == (table, way, rows)
    expected = {
        "Order": len(states),
        "OrderLine": len(states),
        "AuditEvent": len(states),
        "mails": len(states),
    }
    assert {table: len(records["browser"][table]) for table in expected} == expected


def test_a_record_that_differs_is_found() -> None:
    make_mar()
    first, second = Asked("allocated"), Asked("allocated")
    set_rule("order.special_lane", quantity=50)
    set_credit(second.partner, limit="100000.00")
    _browser(first)
    second.shortage = "queue"
    _browser(second)
    one, two = _records(first), _records(second)
    assert [table for table in one if one[table] != two[table]] == ["Order"]
