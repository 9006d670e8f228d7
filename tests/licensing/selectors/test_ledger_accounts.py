"""The books balance over a key's whole life, and a planted difference is found where it was planted."""

from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from core.actor import Actor
from core.tenancy import mar_scope, partner_scope
from licensing.models import ProductKey
from licensing.rules.devices import DeviceIdentity
from licensing.selectors.ledger_accounts import Books, read_books
from licensing.services.hand_over import reveal_key
from licensing.services.orders import OrderRequest, place_order
from licensing.services.recall import recall_key
from licensing.services.returns import send_return
from tests import databases
from tests.factories import AT, make_mar, make_partner, make_product, make_stock

BY = Actor.system("test")


def _live() -> tuple[Any, Any, list[ProductKey]]:
    make_mar()
    partner, product = make_partner(), make_product()
    make_stock(product, 6)
    with partner_scope(partner.id):
        place_order(
            partner_id=partner.id, request=OrderRequest(product.id, 3), idempotency_key="o", by=BY, at=AT
        )
        keys = list(ProductKey.objects.order_by("id"))
        for number, key in enumerate(keys[:2]):
            reveal_key(
                partner_id=partner.id, product_key_id=key.product_key_id, by=BY, at=AT,
                device=DeviceIdentity("LENOVO", "20N2", f"PF{number}ABC"), reason="Station is down",
            )  # fmt: skip
    with mar_scope():
        recall_key(keys[0].pk, reason="PC is gone", by=BY, at=AT)
        free = ProductKey.objects.filter(state=1, hold="none").order_by("-id").first()
        assert free is not None
        send_return([free.pk], return_type="ZOA", reason="Too many", by=BY, at=AT)
    return partner, product, keys


def _books() -> Books:
    with mar_scope():
        return read_books()


@pytest.mark.django_db
def test_every_account_holds_what_the_ledger_says():
    partner, product, _keys = _live()
    books = _books()
    assert books.problems == ()
    assert {(each.account, each.by_ledger, each.by_keys) for each in books.balances} == {
        ("supplier", -6, -6), ("stock", 2, 2), ("quarantine", 1, 1), (f"partner:{partner.id}", 2, 2),
        ("microsoft", 1, 1),
    }  # fmt: skip
    assert {each.product for each in books.balances} == {product.code}


def _tampered(statement: str) -> tuple[str, ...]:
    """Change the data as the owner would with the guards off, and return what the books say of it."""
    with databases.owner_connection(connection.settings_dict["NAME"]) as owner, owner.cursor() as cursor:
        cursor.execute("ALTER TABLE licensing_ledgerentry DISABLE TRIGGER USER")
        cursor.execute("ALTER TABLE licensing_productkey DISABLE TRIGGER USER")
        cursor.execute(statement)
    return _books().problems


def test_planted_differences_are_found_and_located(cloned_db):
    partner, product, keys = _live()
    stolen, missing = keys[2], keys[1]
    assert _tampered(
        f"""UPDATE licensing_productkey SET state = 1, partner_id = NULL, order_line_id = NULL
        WHERE id = {stolen.pk}"""
    ) == (
        f"key {stolen.product_key_id} stands in stock, by its last row {_last_row(stolen)} it is in"
        f" partner:{partner.id}",
        f"{product.code}, account partner:{partner.id}: 2 by the ledger, 1 there",
        f"{product.code}, account stock: 2 by the ledger, 3 there",
    )
    row = _last_row(missing)
    assert (
        f"key {missing.product_key_id} stands in partner:{partner.id}, by its last row {row} it is in device"
        in (_tampered(f"UPDATE licensing_ledgerentry SET to_state = 3 WHERE id = {row}"))
    )
    out = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("verify_ledger", stdout=out)
    assert ended.value.code == 1
    assert stolen.product_key_id in out.getvalue()


def test_a_delivery_that_never_became_keys_is_a_difference(cloned_db):
    _partner, product, _keys = _live()
    problems = _tampered("UPDATE licensing_fulfilment SET quantity = quantity + 1")
    assert problems == (
        f"{product.code}, account supplier: -6 by the ledger, -7 there",
        f"{product.code}: accounts and deliveries differ by -1",
    )


def _last_row(key: ProductKey) -> int:
    with mar_scope():
        return int(key.ledger.order_by("-id")[0].pk)
