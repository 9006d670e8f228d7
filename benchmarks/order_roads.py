"""The roads of an order: through the service, over HTTP, and the same statements sent raw."""

import json
from datetime import UTC, datetime
from itertools import count
from typing import Any
from uuid import UUID, uuid4

import psycopg2
import psycopg2.extras
from django.db import connection

from benchmarks.web import ask
from core import audit, idempotency
from core.actor import Actor
from core.periods import Period
from core.queue import left_to_the_sweep
from core.tenancy import partner_scope
from licensing.selectors import order_facts
from licensing.services import custody
from licensing.services.orders import OrderRequest, place_order

BY = Actor.system("benchmark")


class Roads:
    """One client: it takes the partners in turn."""

    def __init__(self, stage: dict[str, Any], number: int) -> None:
        self.product = stage["product"]
        self.partners = [UUID(partner) for partner in stage["partners"]]
        self.turn = count(number * 7)
        self.stage = stage
        self.raw = psycopg2.connect(**connection.get_connection_params() | {"cursor_factory": None})
        psycopg2.extras.register_uuid(conn_or_curs=self.raw)

    def go(self, kind: str, size: int) -> None:
        """Place one order of so many keys by "service", "http" or "raw"."""
        number = next(self.turn) % len(self.partners)
        partner = self.partners[number]
        at = datetime.now(UTC)
        if kind == "service":
            with left_to_the_sweep(), partner_scope(partner):
                place_order(
                    partner_id=partner,
                    request=OrderRequest(self.product, size),
                    idempotency_key=uuid4().hex,
                    by=BY,
                    at=at,
                )
        elif kind == "http":
            self._post(self.stage["secrets"][number], size)
        else:
            self._send(partner, size, at)

    def _post(self, secret: str, size: int) -> None:
        status, _seconds = ask(
            self.stage["port"],
            "/api/v1/orders",
            headers={
                "Authorization": f"Bearer {secret}",
                "Content-Type": "application/json",
                "Idempotency-Key": uuid4().hex,
            },
            body=json.dumps({"product": self.stage["code"], "quantity": size}),
        )
        if status != 201:
            raise RuntimeError(f"the order over HTTP was answered {status}")

    def _send(self, partner: UUID, size: int, at: datetime) -> None:
        row, order, line = uuid4(), uuid4(), uuid4()
        zone = order_facts.ZoneInfo("Europe/Berlin")
        month = Period.containing(at, zone)
        with self.raw, self.raw.cursor() as cursor:
            cursor.execute(
                "SELECT set_config('role', 'portal_tpr', true), set_config('app.partner', %s, true)",
                [str(partner)],
            )
            cursor.execute(
                """INSERT INTO core_idempotencykey (id, partner_id, operation, key, request_hash, created_at)
                VALUES (%s, %s, 'order.place', %s, %s, %s) ON CONFLICT (partner_id, operation, key) DO NOTHING""",
                [row, partner, uuid4().hex, idempotency.hash_request({"size": size}), at],
            )
            cursor.execute(
                "SELECT 1 FROM partners_creditposition WHERE partner_id = %s FOR NO KEY UPDATE", [partner]
            )
            cursor.execute("SELECT time_zone FROM partners_mar LIMIT 1")
            cursor.execute(
                order_facts.CALL,
                {
                    "partner_id": partner, "product_id": self.product, "quantity": size, "at": at,
                    "today": at.astimezone(zone).date(), "month_start": month.starts_at(zone),
                    "month_end": month.ends_before(zone), "order_id": None,
                },
            )  # fmt: skip
            facts = dict(zip((name for name, _kind in order_facts.COLUMNS), cursor.fetchone(), strict=True))
            price, currency = facts["price"], "EUR"
            cursor.execute(
                """WITH placed AS (
                  INSERT INTO licensing_order (id, partner_id, state, channel, reference, placed_by, placed_by_id,
                    placed_at, allocated_at) VALUES (%s, %s, 'allocated', 'api', '', 'b', 'b', %s, %s) RETURNING id
                ), told AS (
                  INSERT INTO licensing_orderevent (order_id, partner_id, kind, from_state, to_state, note, facts, by,
                    by_id, at) SELECT placed.id, %s, 'placed', '', 'allocated', '', '{}', 'b', 'b', %s FROM placed)
                INSERT INTO licensing_orderline (id, order_id, partner_id, product_id, quantity, unit_price, currency,
                  price_id) SELECT %s, placed.id, %s, %s, %s, %s, %s, %s FROM placed""",
                [
                    order,
                    partner,
                    at,
                    at,
                    partner,
                    at,
                    line,
                    partner,
                    self.product,
                    size,
                    price,
                    currency,
                    facts["price_id"],
                ],
            )
            cursor.execute("SELECT licensing_allocate(%s, %s)", [line, at])
            ids = [found[0] for found in cursor.fetchall()]
            if len(ids) != size:
                raise RuntimeError("the benchmark ran out of keys")
            cursor.execute(
                custody._RECORD,
                {
                    "ids": ids, "product_id": self.product, "partner_id": partner, "from_state": 1, "to_state": 11,
                    "hold": "none",
                    **custody.Step("order.placed", line, BY, at).parameters(),
                },
            )  # fmt: skip
            cursor.execute(
                audit._INSERT,
                [at, "licensing.order.placed", "system", "system", "b", partner, "order", str(order),
                 psycopg2.extras.Json({"quantity": size}), "", None, ""],
            )  # fmt: skip
            cursor.execute(
                """INSERT INTO core_outboxitem (id, task, arguments, queue, created_at, due_at, attempts, last_error)
                VALUES (%s, 'benchmark', '{}', 'default', %s, %s, 0, '')""",
                [uuid4(), at, at],
            )
            cursor.execute("UPDATE core_idempotencykey SET object_id = %s WHERE id = %s", [order, row])
