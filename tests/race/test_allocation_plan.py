"""The trap of stale statistics: after a big load and many sales without ANALYZE both claims stay cheap.

An order claims free keys, a station claims one of its partner's for a PC.
Ordered by the primary key the planner walks over every sold key; `position` is served by the partial
index of free stock alone. Measured in pages touched, not in seconds.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import connection

from core.actor import Actor
from core.database.access import TPR_ROLE, Rows
from core.tenancy import mar_scope, partner_scope
from licensing.guards import FREE_KEYS
from licensing.models import KeyHandOver, Product
from licensing.models.order import Order, OrderLine
from licensing.rules.devices import DeviceIdentity
from licensing.services.hand_over import HandOverRefused, claim_key
from partners.models import ApiKey, Partner
from partners.services.api_keys import create_api_key
from tests.databases import owner_connection
from tests.factories import AT, make_partner, make_product, make_stock

KEYS = 200_000
SOLD = KEYS * 6 // 10
QUANTITY = 10
CLAIM = FREE_KEYS + " SKIP LOCKED"
CLAIM_BY_ID = CLAIM.replace("ORDER BY k.position", "ORDER BY k.id")
INDEX = "key_free_stock"
TABLE = "licensing_productkey"


@dataclass(frozen=True)
class Stock:
    """A database with many keys, most of them sold since the last ANALYZE."""

    cursor: Any
    product: Product
    partner: Partner


@pytest.fixture
def stale(cloned_db: str) -> Iterator[Stock]:
    """Load, ANALYZE while all is free, then sell most; autovacuum may not help."""
    partner, product = make_partner(), make_product()
    make_stock(product, 1)
    with mar_scope():
        order = Order.objects.create(
            partner=partner, state="allocated", channel="api", placed_by="x", placed_by_id="1", placed_at=AT
        )
        line = OrderLine.objects.create(
            order=order, partner=partner, product=product, quantity=SOLD, unit_price=1, currency="EUR"
        )
    with owner_connection(cloned_db) as owner, owner.cursor() as cursor:
        cursor.execute("ALTER TABLE licensing_productkey SET (autovacuum_enabled = false)")
        cursor.execute(
            """INSERT INTO licensing_productkey (product_key_id, last5, product_id, batch_id,
              fulfilment_id, state, state_since, hold, is_disclosed, position)
            SELECT '44' || lpad(n::text, 11, '0'), 'ABCDE', k.product_id, k.batch_id,
              k.fulfilment_id, 1, k.state_since, 'none', false, 1000000 + n
            FROM licensing_productkey k, generate_series(1, %s) n""",
            [KEYS],
        )
        cursor.execute("ANALYZE licensing_productkey")
        cursor.execute(
            """UPDATE licensing_productkey SET state = 11, partner_id = %s, order_line_id = %s
            WHERE position <= %s""",
            [str(partner.pk), str(line.pk), 1_000_000 + SOLD],
        )
        yield Stock(cursor, product, partner)


def _explain(stock: Stock, statement: str, *, plan: str) -> tuple[dict[str, Any], int]:
    """Run the statement as the allocation's own role; return its plan and the pages it touched."""
    text = statement.replace("v_line.product_id", "$1").replace("v_missing", "$2").replace("v_pool", "$3")
    stock.cursor.execute("BEGIN")
    try:
        stock.cursor.execute("SELECT set_config('app.partner', %s, true)", [str(stock.partner.pk)])
        stock.cursor.execute(f"SET LOCAL plan_cache_mode = {plan}; SET LOCAL ROLE portal_alloc")
        stock.cursor.execute(f"PREPARE claim (bigint, bigint, integer) AS {text}")
        stock.cursor.execute(
            f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE claim ({stock.product.pk}, {QUANTITY}, 0)"
        )
        found: dict[str, Any] = stock.cursor.fetchone()[0][0]["Plan"]
    finally:
        stock.cursor.execute("ROLLBACK")
        stock.cursor.execute("DEALLOCATE ALL")
    assert found["Actual Rows"] == QUANTITY
    return found, found["Shared Hit Blocks"] + found["Shared Read Blocks"]


def _indexes(plan: dict[str, Any]) -> set[str]:
    own = {plan["Index Name"]} if "Index Name" in plan else set()
    return own.union(*(_indexes(inner) for inner in plan.get("Plans", [])))


@pytest.mark.slow
def test_claim_uses_the_index_of_free_stock_on_stale_statistics(stale: Stock) -> None:
    for mode in ("force_custom_plan", "force_generic_plan"):  # PL/pgSQL may choose either
        plan, _pages = _explain(stale, CLAIM, plan=mode)
        assert _indexes(plan) == {INDEX}, mode
    _, by_position = _explain(stale, CLAIM, plan="auto")

    # The control: the same claim ordered by id touches the pages of the keys sold before it.
    _, by_id = _explain(stale, CLAIM_BY_ID, plan="auto")
    assert by_id > 10 * by_position, (by_id, by_position)


def _hand_over(stock: Stock, serial: str) -> int:
    """Claim a key for a PC; return how many rows of keys were read for it, opened or not."""
    with partner_scope(stock.partner.pk):
        before = _rows_read()
        with suppress(HandOverRefused):
            claim_key(
                partner_id=stock.partner.pk, product_code=stock.product.code,
                device=DeviceIdentity("LENOVO", "T490", serial), idempotency_key=serial,
                station=ApiKey.objects.get(), by=Actor.system("test"), at=AT,
            )  # fmt: skip
        return _rows_read() - before


def _rows_read() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relname = %s", [TABLE]
        )
        return int(cursor.fetchone()[0])


@pytest.mark.slow
def test_handing_over_reads_none_of_the_partners_other_keys_on_stale_statistics(stale: Stock) -> None:
    with mar_scope():
        create_api_key(
            stale.partner.pk,
            name="Station",
            scopes=["keys:claim"],
            daily_claims=9,
            by=Actor.system("test"),
            at=AT,
        )
    read = _hand_over(stale, "PC-1")
    with partner_scope(stale.partner.pk):
        assert KeyHandOver.objects.count() == 1
    assert read < 50

    # The control: by a plain comparison row-level security is what keys are searched by.
    stale.cursor.execute(f"ALTER POLICY {TPR_ROLE}_rows ON {TABLE} USING ({Rows.OWN})")
    assert _hand_over(stale, "PC-2") > 1000 * read


def test_control_differs_from_the_claim_by_its_order_alone() -> None:
    assert "ORDER BY k.position" in CLAIM
    assert CLAIM_BY_ID.replace("ORDER BY k.id", "ORDER BY k.position") == CLAIM
