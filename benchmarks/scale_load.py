"""Lay out a stock of millions of keys, with their orders and PCs, in minutes: sets, not services."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

PER_ORDER = 10
# Keys of the latest orders stand at each step, all others are done with. Their Microsoft numbers.
STATES = """CASE WHEN n > %(orders)s * %(per_order)s * 0.95 THEN (ARRAY[11, 12, 7, 9])[1 + n %% 4]
  ELSE (ARRAY[9, 9, 9, 10])[1 + n %% 4] END"""


def load(name: str, *, keys: int, free: int, partners: int, claims: int) -> dict[str, Any]:
    """Fill a cloned database, with so many keys that the first partner can claim; return what a run needs to know."""
    from django.db import connection

    from tests import databases
    from tests.factories import make_partner, make_product, make_stock

    connection.close()
    connection.settings_dict["NAME"] = name
    product = make_product(price="1.00")
    (sample,) = make_stock(product, 1)
    ids = [str(make_partner(credit="99999999.00", monthly_quantity=10_000_000).pk) for _ in range(partners)]
    station, cipher = _station(UUID(ids[0]), claims), _cipher_of(sample.batch_id)
    connection.close()
    facts = {
        "product": product.pk, "batch": str(sample.batch_id), "fulfilment": sample.fulfilment_id, "partners": ids,
        "free": free, "orders": (keys - free) // PER_ORDER, "per_order": PER_ORDER,
        "others": len(ids) - 1,
    }  # fmt: skip
    with databases.owner_connection(name) as owner, owner.cursor() as cursor:
        cursor.execute("SET maintenance_work_mem = '512MB'; SET synchronous_commit = off")
        _fill(cursor, facts)
        _seal(cursor, cipher, facts, claims)
    return {
        "name": name, "product": product.pk, "code": product.code, "partners": ids, "keys": keys, "station": station
    }  # fmt: skip


def _station(partner_id: UUID, claims: int) -> Any:
    from core.actor import Actor
    from core.tenancy import mar_scope
    from partners.services.api_keys import create_api_key

    with mar_scope():
        key, _secret = create_api_key(
            partner_id, name="Benchmark", scopes=["keys:claim"], daily_claims=claims,
            by=Actor.system("benchmark"), at=datetime.now(UTC),
        )  # fmt: skip
    return key


def _cipher_of(batch_id: UUID) -> Any:
    from core.crypto import KeyCipher
    from core.custody_keys import master_key
    from core.tenancy import mar_scope
    from licensing.models import BatchDataKey

    with mar_scope():
        wrapped = bytes(BatchDataKey.objects.get(batch_id=batch_id).wrapped)
    return KeyCipher(master_key().unwrap(wrapped, context=str(batch_id)))


def _seal(cursor: Any, cipher: Any, facts: dict[str, Any], claims: int) -> None:
    """Give ciphertexts to the keys that will be claimed; and the partner is no new one, whose days are limited."""
    first = facts["partners"][0]
    cursor.execute(
        "UPDATE partners_partner SET created_at = now() - interval '2 years' WHERE id = %s", [first]
    )
    cursor.execute(
        """SELECT id, product_key_id FROM licensing_productkey WHERE partner_id = %s AND state = 11
        ORDER BY id LIMIT %s""",
        [first, claims],
    )
    sealed = [
        (
            key_id,
            cipher.encrypt("AAAAA-AAAAA-AAAAA-AAAAA-AAAAA", identity=f"{facts['batch']}:{name}"),
            f"{key_id}",
        )
        for key_id, name in cursor.fetchall()
    ]
    cursor.executemany(
        "INSERT INTO licensing_keysecret (key_id, sealed, blind_index) VALUES (%s, %s, sha256(%s::bytea))",
        sealed,
    )


def _fill(cursor: Any, facts: dict[str, Any]) -> None:
    from licensing.models import Device, KeyAssignment, KeyHandOver, Order, OrderLine, ProductKey

    models = (Order, OrderLine, ProductKey, KeyAssignment, Device, KeyHandOver)
    rebuilt = [part for model in models for part in _strip(cursor, model._meta.db_table)]
    _insert(cursor, ProductKey, _free_keys(), "generate_series(1, %(free)s) n", facts)
    for model in models:
        table = model._meta.db_table
        cursor.execute(f"ANALYZE {table}")
        cursor.execute(f"ALTER TABLE {table} SET (autovacuum_enabled = false)")
    orders = "generate_series(1, %(orders)s) n"
    _insert(cursor, Order, _orders(), orders, facts)
    _insert(cursor, OrderLine, _lines(), orders, facts)
    taken = "generate_series(1, %(orders)s * %(per_order)s) n"
    _insert(cursor, ProductKey, _taken_keys(), taken, facts)
    named = "licensing_productkey k WHERE k.partner_id IS NOT NULL"
    _insert(cursor, KeyAssignment, _assignments(), named, facts)
    some = f"{named} AND k.id %% 5 = 0 AND k.state <> 11"
    _insert(cursor, Device, _devices(), some, facts)
    _insert(cursor, KeyHandOver, _hand_overs(), some, facts)
    for statement in rebuilt:
        cursor.execute(statement)


def _strip(cursor: Any, table: str) -> list[str]:
    """Take away what slows a bulk load, and return the statements that bring it back as it was."""
    cursor.execute(
        """SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint
        WHERE conrelid = %s::regclass AND contype IN ('f', 'u') ORDER BY contype DESC""",
        [table],
    )
    constraints = cursor.fetchall()
    again = []
    for name, definition in constraints:
        cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
        again.append(f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {definition}')
    cursor.execute(
        """SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid) FROM pg_index i
        WHERE i.indrelid = %s::regclass AND NOT i.indisprimary
          AND NOT EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conindid = i.indexrelid)""",
        [table],
    )
    indexes = cursor.fetchall()
    for name, definition in indexes:
        cursor.execute(f"DROP INDEX {name}")
        again.insert(0, definition)
    cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    return [*again, f"ALTER TABLE {table} ENABLE TRIGGER USER"]


def _insert(cursor: Any, model: Any, values: dict[str, str], source: str, facts: dict[str, Any]) -> None:
    """Insert rows from a set; columns that are not named get the model's own default."""
    given = dict(values)
    parameters = dict(facts)
    for field in model._meta.concrete_fields:
        if field.column in given or field.has_db_default() or field.primary_key or field.null:
            continue
        default = field.get_default()
        parameters[f"default_{field.column}"] = field.get_db_prep_save(default, _connection())
        given[field.column] = f"%(default_{field.column})s"
    columns, selected = ", ".join(given), ", ".join(given.values())
    cursor.execute(
        f"INSERT INTO {model._meta.db_table} ({columns}) SELECT {selected} FROM {source}", parameters
    )


def _connection() -> Any:
    from django.db import connection

    return connection


def _key(number: str) -> dict[str, str]:
    return {
        "product_key_id": f"'44' || lpad(({number})::text, 11, '0')",
        "last5": "'AAAAA'",
        "product_id": "%(product)s",
        "batch_id": "%(batch)s::uuid",
        "fulfilment_id": "%(fulfilment)s",
        "is_disclosed": "false",
        "hold": "'none'",
    }


def _free_keys() -> dict[str, str]:
    # Newest last: the free hundredth stands behind all that was sold before it.
    return _key("n") | {
        "id": "1000 + %(orders)s * %(per_order)s + n",
        "state": "1",
        "state_since": "now()",
        "position": "1000000000 + n",
    }


def _taken_keys() -> dict[str, str]:
    order = "(1 + (n - 1) / %(per_order)s)"
    return _key("%(free)s + n") | {
        "id": "1000 + n",
        "state": STATES,
        "state_since": f"{_day(order)} + n * interval '1 microsecond'",
        "partner_id": _partner(order),
        "order_line_id": f"md5('line' || {order})::uuid",
        "position": "n",
    }


def _orders() -> dict[str, str]:
    return {
        "id": "md5('order' || n)::uuid", "partner_id": _partner("n"), "state": "'completed'", "channel": "'api'",
        "placed_by": "'b'", "placed_by_id": "'b'", "placed_at": _day("n"), "allocated_at": _day("n"),
        "reference": "''",
    }  # fmt: skip


def _lines() -> dict[str, str]:
    return {
        "id": "md5('line' || n)::uuid", "order_id": "md5('order' || n)::uuid", "partner_id": _partner("n"),
        "product_id": "%(product)s", "quantity": "%(per_order)s", "unit_price": "1.00", "currency": "'EUR'",
    }  # fmt: skip


def _assignments() -> dict[str, str]:
    return {
        "key_id": "k.id", "order_line_id": "k.order_line_id", "partner_id": "k.partner_id", "unit_price": "1.00",
        "currency": "'EUR'", "assigned_at": "k.state_since", "billed_at": "k.state_since",
    }  # fmt: skip


def _devices() -> dict[str, str]:
    serial = "'S' || k.id"
    return {
        "id": "md5('pc' || k.id)::uuid", "partner_id": "k.partner_id", "manufacturer": "'LENOVO'", "model": "'T490'",
        "serial": serial, "manufacturer_norm": "'LENOVO'", "model_norm": "'T490'", "serial_norm": serial,
        "created_at": "k.state_since",
    }  # fmt: skip


def _hand_overs() -> dict[str, str]:
    return {
        "id": "md5('ho' || k.id)::uuid", "partner_id": "k.partner_id", "key_id": "k.id",
        "device_id": "md5('pc' || k.id)::uuid", "channel": "'claim'", "handed_by": "'b'", "handed_at": "k.state_since",
    }  # fmt: skip


def _partner(number: str) -> str:
    """Return SQL for an order's partner: every second order is the first partner's."""
    return f"(%(partners)s::uuid[])[CASE WHEN {number} %% 2 = 0 THEN 1 ELSE 2 + ({number} / 2) %% %(others)s END]"


def _day(number: str) -> str:
    """Return SQL for an order's time: the last three years, but not the current month."""
    return f"now() - interval '40 days' - ({number} %% 1000) * interval '1 day'"
