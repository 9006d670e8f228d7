"""Pools and stopped deliveries in the browser: who may do what, the whole way, refusals, the stock page's sums."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from core.models import User
from core.tenancy import mar_scope
from licensing.models import BatchStop, KeyBatch, Product, ProductKey, StockPool, UndoneKey
from licensing.selectors.stock import imports
from licensing.services.batch_undo import stop_batch
from tests.factories import AT, actor_for, make_mar, make_member, make_partner, make_product, make_stock
from tests.factories.decoys import without_decoys
from tests.factories.pools import make_pool, pooled
from tests.licensing.services.orders_kit import order
from tests.licensing.services.test_imports import delivery, released
from tests.web import sign_in

pytestmark = pytest.mark.django_db
POOL_PAGES = ("pool-detail", "pool-fill", "pool-give-back", "pool-end", "pool-open")
BATCH_PAGES = ("import-stop", "import-undo", "import-give-back")


def _as(role_or_user: str | User) -> Client:
    user = make_member(role_or_user) if isinstance(role_or_user, str) else role_or_user
    return sign_in(Client(), user)


@pytest.fixture
def product() -> Product:
    make_mar()
    return make_product()


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        ("mar_stock", [200, 200, 200, 200, 200, 200, 403]),
        ("mar_admin", [200, 200, 200, 200, 200, 200, 200]),
        ("mar_approver", [200, 403, 200, 403, 403, 403, 200]),
        ("mar_finance", [200, 403, 200, 403, 403, 403, 403]),
        ("compliance", [200, 404, 200, 404, 404, 404, 404]),
        ("auditor", [200, 404, 200, 404, 404, 404, 404]),
    ],
)
def test_each_role_meets_the_pools_it_may(product: Product, role: str, expected: list[int]) -> None:
    pool, client = make_pool(product, make_partner()), _as(role)
    addresses = [reverse("mar:pools"), reverse("mar:pool-new")]
    addresses += [reverse(f"mar:{name}", args=[pool.code]) for name in POOL_PAGES]
    assert [client.get(address).status_code for address in addresses] == expected


def _wish(product: Product, **changes: Any) -> dict[str, Any]:
    today = timezone.now().date()
    return {
        "name": "Schools", "code": "SCHOOLS", "product": product.pk, "tiers": [], "branches": [], "partners": "",
        "first_on": today.isoformat(), "last_on": (today + timedelta(days=30)).isoformat(), "note": "",
    } | changes  # fmt: skip


def test_a_pool_goes_the_whole_way_by_its_pages(product: Product) -> None:
    partner, keeper, approver = make_partner(), _as("mar_stock"), _as("mar_approver")
    make_stock(product, 5)
    asked = keeper.post(reverse("mar:pool-new"), _wish(product, partners=partner.code.lower()))
    page = reverse("mar:pool-detail", args=["SCHOOLS"])
    assert (asked.status_code, asked["Location"]) == (302, page)
    assert b"Somebody else opens it" in keeper.get(page).content
    refused = keeper.post(reverse("mar:pool-fill", args=["SCHOOLS"]), {"quantity": 2, "reason": "Early"})
    assert (refused.status_code, pooled(product)) == (409, {0: 5})
    assert approver.post(reverse("mar:pool-open", args=["SCHOOLS"])).status_code == 302
    with mar_scope():
        pool = StockPool.objects.get()
    for name, quantity, left in (("fill", 4, {0: 1, pool.pk: 4}), ("give-back", 1, {0: 2, pool.pk: 3})):
        done = keeper.post(
            reverse(f"mar:pool-{name}", args=["SCHOOLS"]), {"quantity": quantity, "reason": "Why"}
        )
        assert (done.status_code, pooled(product)) == (302, left)
    short = keeper.post(reverse("mar:pool-fill", args=["SCHOOLS"]), {"quantity": 3, "reason": "Why"})
    assert (short.status_code, b"POOL-3" in short.content, pooled(product)) == (409, True, {0: 2, pool.pk: 3})
    assert keeper.post(reverse("mar:pool-end", args=["SCHOOLS"]), {"reason": "Done"}).status_code == 302
    assert pooled(product) == {0: 5}


@pytest.mark.parametrize(
    ("changes", "status", "says"),
    [
        ({"partners": "TPR-9999"}, 422, "There is no partner with this code: TPR-9999."),
        ({}, 422, "Nobody may draw from this pool."),
        ({"partners": "", "branches": ["no-such-way"]}, 422, "no-such-way"),
        ({"branches": ["former_rrp"], "last_on": "2020-01-01"}, 422, "ends before it begins"),
    ],
)
def test_a_wish_that_makes_no_sense_comes_back_with_its_words(
    product: Product, changes: dict[str, Any], status: int, says: str
) -> None:
    answer = _as("mar_stock").post(reverse("mar:pool-new"), _wish(product, **changes))
    assert (answer.status_code, says in answer.content.decode()) == (status, True)
    with mar_scope():
        assert not StockPool.objects.exists()


def test_the_stock_page_shows_where_keys_lie_and_asks_as_often_for_three_pools_as_for_one(
    product: Product,
) -> None:
    client, counts = _as("mar_stock"), []
    make_stock(product, 9)
    for pools in (1, 2):
        for _ in range(pools):
            make_pool(product, make_partner(), keys=2)
        for page in ("mar:stock", "mar:pools"):
            client.get(reverse(page))
            with CaptureQueriesContext(connection) as asked:
                text = client.get(reverse(page)).content.decode()
            counts.append(len(asked))
            assert text.count("School project") >= pools
    assert counts[:2] == counts[2:]
    general = 'data-label="General stock"><span class="tabular">3</span>'
    assert general in client.get(reverse("mar:stock")).content.decode()


def _stopped(product: Product, *, keys: int = 3) -> tuple[KeyBatch, User]:
    batch, stopper = released(delivery(product.lpn, keys=keys)), make_member("mar_stock")
    with mar_scope():
        stop_batch(batch.pk, reason="Wrong price", by=actor_for(stopper), at=AT)
    return batch, stopper


def test_the_list_of_imports_names_the_stopped_one(product: Product) -> None:
    batch, _stopper = _stopped(product)
    released(delivery(product.lpn, keys=2, seed="other"))
    with mar_scope():
        states = {each.pk: each.stop_state for each in imports()}
    assert sorted(states.values(), key=str) == [None, "stopped"]
    assert states[batch.pk] == "stopped"
    assert ">Stopped</span>" in _as("mar_stock").get(reverse("mar:stock")).content.decode()


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        ("mar_stock", [302, 200, 200]),
        ("mar_approver", [302, 200, 200]),
        ("mar_admin", [302, 403, 403]),
        ("mar_finance", [403, 403, 403]),
        ("compliance", [302, 404, 404]),
        ("auditor", [403, 404, 404]),
    ],
)
def test_each_role_meets_the_acts_of_a_stopped_delivery(
    product: Product, role: str, expected: list[int]
) -> None:
    batch, _stopper = _stopped(product)
    client = _as(role)
    addresses = [reverse(f"mar:{name}", args=[batch.pk]) for name in BATCH_PAGES]
    assert [client.get(address).status_code for address in addresses] == expected


def test_a_delivery_is_stopped_and_undone_by_two_people_on_its_page(product: Product) -> None:
    batch = released(delivery(product.lpn, keys=3))
    page, keeper, approver = (
        reverse("mar:import-detail", args=[batch.pk]),
        _as("mar_stock"),
        _as("mar_approver"),
    )
    assert reverse("mar:import-stop", args=[batch.pk]) in keeper.get(page).content.decode()
    stopped = keeper.post(reverse("mar:import-stop", args=[batch.pk]), {"reason": "Wrong product"})
    assert (stopped.status_code, stopped["Location"]) == (302, page)
    text = keeper.get(page).content.decode()
    assert ("You stopped it" in text, reverse("mar:import-undo", args=[batch.pk]) in text) == (True, False)
    own = keeper.post(reverse("mar:import-undo", args=[batch.pk]), {"reason": "Wrong product"})
    assert (own.status_code, b"IMPORT-UNDO" in own.content) == (409, True)
    undone = approver.post(reverse("mar:import-undo", args=[batch.pk]), {"reason": "Wrong product"})
    assert undone.status_code == 302
    assert b"This import was undone" in keeper.get(page).content
    with mar_scope():
        undone = list(without_decoys(ProductKey.objects.all()).order_by("pk"))
        old_name = UndoneKey.objects.get(key=undone[0]).product_key_id
    assert {key.state for key in undone} == {100}
    life = keeper.get(reverse("mar:key-detail", args=[old_name])).content.decode()
    assert ("Import undone" in life, "Wrong product" in life, "Report it lost" in life) == (True, True, False)
    stock = keeper.get(reverse("mar:stock")).content.decode()
    assert (">3</span> undone" in stock, "does not add up" in stock) == (True, False)


def test_after_a_key_left_the_page_lists_it_with_its_partner_and_only_gives_back(product: Product) -> None:
    batch, partner = released(delivery(product.lpn, keys=3)), make_partner()
    placed = order(partner, product, 1)
    with mar_scope():
        stop_batch(batch.pk, reason="Wrong", by=actor_for(make_member("mar_stock")), at=AT)
    approver = _as("mar_approver")
    text = approver.get(reverse("mar:import-detail", args=[batch.pk])).content.decode()
    found = [
        partner.name in text, reverse("mar:order-detail", args=[placed.order_id]) in text,
        reverse("mar:import-undo", args=[batch.pk]) in text, reverse("mar:import-give-back", args=[batch.pk]) in text,
    ]  # fmt: skip
    assert found == [True, True, False, True]
    refused = approver.post(reverse("mar:import-undo", args=[batch.pk]), {"reason": "Wrong"})
    assert refused.status_code == 409
    empty = approver.post(reverse("mar:import-give-back", args=[batch.pk]), {"reason": ""})
    assert empty.status_code == 422
    with mar_scope():
        assert BatchStop.objects.get().state == "stopped"
    assert (
        approver.post(reverse("mar:import-give-back", args=[batch.pk]), {"reason": "Fine"}).status_code == 302
    )
    assert pooled(product)[0] >= 2
