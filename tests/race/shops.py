"""Partners with API keys, scarce stock, and what their orders did to it."""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from django.utils import timezone

from core.actor import Actor
from core.tenancy import mar_scope
from licensing.models import Product, ProductKey
from partners.models import ApiKey, Partner
from partners.services.api_keys import create_api_key
from tests.databases import owner_connection
from tests.factories import make_mar, make_partner, make_product, make_stock
from tests.race.server import Answer, Server, all_at_once

SCOPES = ["orders:read", "orders:write", "keys:claim", "builds:read", "builds:write"]


@dataclass(frozen=True)
class Shop:
    """A partner and the key of its shop system."""

    partner: Partner
    secret: str
    api_key: ApiKey


@dataclass(frozen=True)
class Ordered:
    """What one client asked for, and the answer."""

    quantity: int
    answer: Answer


def make_shop(partner: Partner | None = None, *, credit: str = "9000000.00") -> Shop:
    """Return a partner with a key that may do everything."""
    partner = partner or make_partner(credit=credit, monthly_quantity=1_000_000)
    with mar_scope():
        api_key, secret = create_api_key(
            partner.pk, name="Shop", scopes=SCOPES, daily_claims=10_000, by=Actor.system("test"),
            at=timezone.now(),
        )  # fmt: skip
    return Shop(partner, secret.reveal(), api_key)


def open_market(*, shops: int, stock: int) -> tuple[list[Shop], Product]:
    """Return shops of different partners, and one product with so many keys."""
    make_mar()
    product = make_product(price="1.00")
    made = [make_shop() for _ in range(shops)]
    make_stock(product, stock)
    return made, product


def quantities(orders: int, *, seed: int) -> list[int]:
    """Return order sizes of 1 to 5, the last tenth single keys, so that nothing need be left over."""
    chance = random.Random(seed)
    return [chance.randint(1, 5) for _ in range(orders - orders // 10)] + [1] * (orders // 10)


def order_all(
    server: Server, shops: Sequence[Shop], product: Product, sizes: Sequence[int], *, clients: int
) -> list[Ordered]:
    """Let the clients work off the sizes in order, each taking the next one as soon as it is free."""
    work = iter(list(sizes))  # the iterator's next() is atomic

    def client(place: int) -> list[Ordered]:
        shop, done = shops[place % len(shops)], []
        for quantity in work:
            body = {"product": product.code, "quantity": quantity}
            answer = server.call("POST", "orders", body, secret=shop.secret, key=uuid4().hex)
            done.append(Ordered(quantity, answer))
        return done

    outcomes = all_at_once([lambda place=place: client(place) for place in range(clients)])
    broken = [outcome for outcome in outcomes if isinstance(outcome, Exception)]
    assert broken == []
    return [ordered for done in outcomes for ordered in done]


def answers(done: Sequence[Ordered]) -> Counter[tuple[int, str]]:
    """Count the answers by status and code."""
    return Counter((ordered.answer.status, ordered.answer.code) for ordered in done)


def given_twice(done: Sequence[Ordered]) -> int:
    """Return how many keys the answers show to more than one order: what the clients see."""
    seen = Counter(
        key["product_key_id"]
        for ordered in done
        if ordered.answer.status == 201
        for key in ordered.answer.body["keys"]
    )
    return sum(times > 1 for times in seen.values())


def assigned_twice(database: str) -> int:
    """Return how many keys are assigned to more than one order line: what the database says."""
    with owner_connection(database) as connection, connection.cursor() as cursor:
        cursor.execute(
            """SELECT count(*) FROM (SELECT key_id FROM licensing_keyassignment
            GROUP BY key_id HAVING count(DISTINCT order_line_id) > 1) AS twice"""
        )
        return int(cursor.fetchone()[0])


def false_shortages(done: Sequence[Ordered]) -> int:
    """Return how many refusals were wrong.

    Stock only shrinks here. So whoever was refused n keys was refused falsely when somebody got n or more
    by an order that began after that refusal had been answered.
    """
    last_success: dict[int, float] = {}
    for ordered in done:
        if ordered.answer.status == 201:
            for size in range(1, ordered.quantity + 1):
                last_success[size] = max(last_success.get(size, 0.0), ordered.answer.sent_at)
    return sum(
        ordered.answer.code == "out_of_stock"
        and last_success.get(ordered.quantity, 0.0) > ordered.answer.came_at
        for ordered in done
    )


def keys_left(product: Product) -> int:
    """Return how many keys of the product nobody holds."""
    with mar_scope():
        return ProductKey.objects.filter(product=product, state=1, partner__isnull=True).count()


def without_lock(database: str) -> None:
    """Install the allocation that reads and then writes: the first negative control."""
    from licensing.guards import allocate_function

    _as_owner(database, [allocate_function(lock=False)])


def without_constraints(database: str) -> None:
    """Take away what still stops a second assignment: the unique index, the policy and the guard of the keys' rows."""
    _as_owner(
        database,
        [
            "DROP INDEX key_assigned_once",
            "DROP TRIGGER key_holder ON licensing_productkey",
            "DROP POLICY portal_alloc_rows ON licensing_productkey",
            "CREATE POLICY portal_alloc_rows ON licensing_productkey TO portal_alloc USING (true) WITH CHECK (true)",
        ],
    )


def _as_owner(database: str, statements: Sequence[str]) -> None:
    with owner_connection(database) as connection, connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def owner_of_allocation(database: str) -> tuple[str, bool, bool]:
    """Return the function's owner, whether it is SECURITY DEFINER, and whether the public may call it."""
    with owner_connection(database) as connection, connection.cursor() as cursor:
        cursor.execute(
            """SELECT pg_get_userbyid(p.proowner), p.prosecdef, EXISTS (
              SELECT 1 FROM aclexplode(p.proacl) a WHERE a.grantee = 0)
            FROM pg_proc p WHERE p.proname = 'licensing_allocate'"""
        )
        found: Any = cursor.fetchone()
        return (str(found[0]), bool(found[1]), bool(found[2]))
