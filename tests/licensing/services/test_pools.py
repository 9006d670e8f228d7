"""Pools of stock: who draws from one, how keys come and go, and that no sum changes by it."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction

from core.models import AuditEvent
from core.tenancy import acting_as, mar_scope, partner_scope
from licensing.models import LedgerEntry, ProductKey, StockPool, StockPoolMember
from licensing.rules.pools import PoolState
from licensing.selectors.catalogue import free_by_product
from licensing.selectors.ledger_accounts import read_books
from licensing.services.fair_share import confirm_fair_share, propose_fair_share, share_stock
from licensing.services.order_cancel import cancel_order
from licensing.services.order_confirm import confirm_order
from licensing.services.order_queue import fill_backorders
from licensing.services.orders import OrderRefused, OrderRequest, preflight
from licensing.services.pools import (
    PoolInvalid,
    PoolRefused,
    ask_pool,
    end_pool,
    move_to_pool,
    open_pool,
    release_from_pool,
    tidy_pools,
)
from partners.models import Partner
from tests.factories import AT, make_mar, make_partner, make_product, make_stock
from tests.factories.applications import make_application
from tests.factories.pools import keepers, make_pool, pool_wish, pooled
from tests.licensing.services.orders_kit import MAR_PERSON, keys_by_place, keys_of, order, queue_of, state_of

pytestmark = pytest.mark.django_db
LATER = AT + timedelta(days=1)


def _free(partner: Partner, product: Any, quantity: int = 1) -> tuple[int | None, int]:
    with partner_scope(partner.pk):
        facts = preflight(partner_id=partner.pk, request=OrderRequest(product.pk, quantity), at=AT).facts
        assert free_by_product([product.pk], at=AT) == {product.pk: facts.free_stock}
    return facts.free_stock, facts.queued


def _lie_in(pool: StockPool, product: Any, quantity: int) -> None:
    """Let keys lie in a pool though others wait: they came there before, or back from an order."""
    with mar_scope():
        ids = ProductKey.objects.filter(product=product, state=1, hold="none", pool=0).values("pk")[:quantity]
        ProductKey.objects.filter(pk__in=ids).update(pool=pool.pk)


def test_members_draw_their_pool_first_and_outsiders_never_see_it() -> None:
    member, outsider, product = make_partner(), make_partner(), make_product()
    make_stock(product, 5)
    pool = make_pool(product, member, keys=3)
    assert (_free(member, product), _free(outsider, product)) == ((5, 0), (2, 0))
    with pytest.raises(OrderRefused) as caught:
        order(outsider, product, 3)
    assert caught.value.refusals[0].facts == {"Asked for": 3, "In stock": 2}
    order(member, product, 2)
    assert pooled(product) == {0: 2, pool.pk: 1}
    order(member, product, 2)
    assert pooled(product) == {0: 1}
    with mar_scope():
        assert read_books().is_balanced


@pytest.mark.parametrize("way", ["tier", "branch", "name", "none"])
def test_a_rule_names_tiers_ways_into_the_programme_or_partners(way: str) -> None:
    application, product = make_application(), make_product()
    partner = make_partner(pk=application.pk, tier="gold")
    with mar_scope():
        type(application).objects.filter(pk=application.pk).update(partner=partner, branch="former_rrp")
    make_stock(product, 2)
    rule: dict[str, dict[str, Any]] = {
        "tier": {"tiers": ["gold"]}, "branch": {"branches": ["former_rrp"]},
        "name": {"partner_ids": [partner.pk]}, "none": {"tiers": ["silver"], "branches": ["transfer"]},
    }  # fmt: skip
    make_pool(product, keys=2, **rule[way])
    assert _free(partner, product) == ((0, 0) if way == "none" else (2, 0))


def test_dates_decide_to_the_second_and_the_pool_that_ends_first_is_drawn_first() -> None:
    member, product = make_partner(), make_product()
    make_stock(product, 6)
    long, short = (
        make_pool(product, member, keys=2, valid_before=LATER + timedelta(days=9)),
        make_pool(product, member, keys=2, valid_from=AT + timedelta(hours=1), valid_before=LATER),
    )
    with partner_scope(member.pk):
        asked = [AT, AT + timedelta(hours=1), LATER - timedelta(microseconds=1), LATER]
        assert [free_by_product([product.pk], at=at)[product.pk] for at in asked] == [4, 6, 6, 4]
    assert [short.state_at(at) for at in asked] == [PoolState.ASKED] * 3 + [PoolState.ENDED]
    order(member, product, 1, at=AT + timedelta(hours=2))
    assert pooled(product) == {0: 2, long.pk: 2, short.pk: 1}


def test_a_pool_is_opened_by_a_second_person_once_and_then_stands() -> None:
    product, (first, second) = make_product(), keepers()
    make_stock(product, 1)
    with mar_scope():
        pool = ask_pool(pool_wish(product, make_partner()), by=first, at=AT)
        with pytest.raises(PoolRefused, match="pool_state"):
            move_to_pool(pool.pk, 1, reason="Early", by=first, at=AT)
        with pytest.raises(PoolRefused, match="pool_second_person"):
            open_pool(pool.pk, by=first, at=AT)
        assert StockPool.objects.get().opened_at is None
        open_pool(pool.pk, by=second, at=AT)
        with pytest.raises(PoolRefused, match="pool_state"):
            open_pool(pool.pk, by=second, at=AT)
        for change in (
            lambda: StockPool.objects.update(tiers=["gold"]),
            lambda: StockPoolMember.objects.create(pool=pool, partner=make_partner()),
            lambda: StockPoolMember.objects.all().delete(),
        ):
            with pytest.raises(IntegrityError, match="stands"), transaction.atomic():
                change()
        assert pooled(product) == {0: 1}


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        ({"valid_before": AT - timedelta(days=1)}, "pool_ends_after_it_begins"),
        ({"opened_at": AT}, "pool_by_two_people"),
    ],
)
def test_the_database_refuses_a_pool_by_one_person_or_without_time(
    changes: dict[str, Any], constraint: str
) -> None:
    first, _second = keepers()
    with mar_scope():
        ask_pool(pool_wish(make_product(), make_partner()), by=first, at=AT)
        if "opened_at" in changes:
            changes = changes | {"opened_by": first.user_id}
        refused = pytest.raises(IntegrityError, match=constraint)
        with refused, transaction.atomic(), acting_as(first.user_id):
            StockPool.objects.update(**changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"partner_ids": []},
        {"valid_before": AT},
        {"valid_from": LATER, "valid_before": LATER},
        {"code": "taken"},
    ],
)
def test_a_wish_that_makes_no_sense_is_refused(changes: dict[str, Any]) -> None:
    product, (first, _second) = make_product(), keepers()
    with mar_scope():
        ask_pool(pool_wish(product, make_partner(), code="taken"), by=first, at=AT)
        with pytest.raises(PoolInvalid):
            ask_pool(pool_wish(product, make_partner(), **changes), by=first, at=AT)
        assert StockPool.objects.count() == 1


def test_keys_move_all_or_none_with_ledger_and_audit_and_the_books_stay_equal() -> None:
    product, (first, _second) = make_product(), keepers()
    make_stock(product, 4)
    pool = make_pool(product, make_partner(), keys=3)
    before = keys_by_place()
    with mar_scope():
        for act, quantity in ((move_to_pool, 2), (release_from_pool, 4), (release_from_pool, 0)):
            with pytest.raises((PoolRefused, PoolInvalid)):
                act(pool.pk, quantity, reason="Too many", by=first, at=AT)
        with pytest.raises(PoolInvalid):
            release_from_pool(pool.pk, 1, reason=" ", by=first, at=AT)
        assert pooled(product) == {0: 1, pool.pk: 3}
        assert release_from_pool(pool.pk, 2, reason="Fewer schools", by=first, at=AT) == 1
        assert keys_by_place() == before == {(1, "none"): 4}
        steps = LedgerEntry.objects.filter(reason__startswith="pool.").order_by("id")
        assert list(steps.values_list("reason", flat=True)) == ["pool.joined"] * 3 + ["pool.left"] * 2
        assert read_books().is_balanced
        told = AuditEvent.objects.filter(action__startswith="licensing.pool.").order_by("pk")
        assert [event.action.rpartition(".")[2] for event in told] == [
            "asked",
            "opened",
            "filled",
            "released",
        ]


def test_a_pool_ends_by_hand_or_by_its_date_and_its_keys_are_everybodys() -> None:
    member, product, (first, _second) = make_partner(), make_product(), keepers()
    make_stock(product, 4)
    by_hand, by_date = (
        make_pool(product, member, keys=2),
        make_pool(product, member, keys=2, valid_before=LATER),
    )
    with mar_scope():
        assert end_pool(by_hand.pk, reason="Project stopped", by=first, at=AT) == 2
        with pytest.raises(PoolRefused, match="pool_state"):
            end_pool(by_hand.pk, reason="Twice", by=first, at=AT)
        assert tidy_pools(at=LATER - timedelta(microseconds=1)) == 0
        assert (tidy_pools(at=LATER), tidy_pools(at=LATER)) == (2, 0)
        assert StockPool.objects.get(pk=by_date.pk).ended_at == LATER
        with pytest.raises(IntegrityError, match="stands"), transaction.atomic():
            StockPool.objects.filter(pk=by_date.pk).update(ended_at=None)
    assert pooled(product) == {0: 4}


def test_a_key_that_comes_back_to_an_ended_pool_is_freed() -> None:
    member, product, (first, _second) = make_partner(), make_product(), keepers()
    make_stock(product, 1)
    pool = make_pool(product, member, keys=1)
    placed = order(member, product, 1)
    with mar_scope():
        assert end_pool(pool.pk, reason="Project stopped", by=first, at=AT) == 0
        cancel_order(placed.order_id, reason="x", by=MAR_PERSON, at=AT)
        assert pooled(product) == {pool.pk: 1}
        assert tidy_pools(at=AT) == 1
    assert pooled(product) == {0: 1}


def test_a_reserved_key_of_a_pool_stays_reserved_for_who_left_it() -> None:
    member, product, (first, _second) = make_partner(), make_product(), keepers()
    make_stock(product, 1)
    pool = make_pool(product, member, keys=1)
    placed = order(member, product, 1, reserve_minutes=60)
    with mar_scope():
        end_pool(pool.pk, reason="Project stopped", by=first, at=AT)
    with partner_scope(member.pk):
        confirm_order(placed.order_id, partner_id=member.pk, by=MAR_PERSON, at=AT)
    assert keys_of(placed.order_id) == 1


def test_the_queue_is_served_from_pools_past_those_who_may_not_draw() -> None:
    outsider, member, product = make_partner(), make_partner(), make_product()
    first, second = (order(each, product, 2, may_queue=True) for each in (outsider, member))
    make_stock(product, 3)
    _lie_in(make_pool(product, member), product, 2)
    # One key of the general stock is left: too few for the first, who is not overtaken on it.
    assert fill_backorders(product.pk, at=AT) == 1
    assert (state_of(first.order_id), state_of(second.order_id)) == ("backordered", "allocated")
    assert (pooled(product), queue_of(product)) == ({0: 1}, [2])
    assert _free(member, product) == (1, 2)
    with mar_scope():
        make_stock(product, 1)
    assert fill_backorders(product.pk, at=AT) == 1


def test_members_of_one_pool_wait_for_each_other_and_not_for_outsiders() -> None:
    outsider, one, two, product = make_partner(), make_partner(), make_partner(), make_product()
    order(outsider, product, 9, may_queue=True)
    order(one, product, 4, may_queue=True)
    make_stock(product, 8)
    _lie_in(make_pool(product, one, two), product, 5)
    # Nine wait for the three general keys; four of the pool's five are the first member's.
    assert _free(two, product) == (8, 7)
    assert order(two, product, 1, may_queue=True).state == "allocated"
    assert order(two, product, 1, may_queue=True).state == "backordered"
    assert fill_backorders(product.pk, at=AT) == 1
    assert queue_of(product) == [9, 1]


@pytest.mark.parametrize("why", ["queue", "fair share"])
def test_nobody_moves_keys_past_those_who_wait_or_a_fair_share(why: str) -> None:
    outsider, member, product, (first, second) = make_partner(), make_partner(), make_product(), keepers()
    make_stock(product, 4)
    pool = make_pool(product, member)
    if why == "queue":
        assert order(outsider, product, 5, may_queue=True).state == "backordered"
    else:
        with mar_scope():
            policy = propose_fair_share(product.pk, reason="Late", by=first, at=AT)
            confirm_fair_share(policy.pk, by=second, at=AT)
    code = "pool_others_wait" if why == "queue" else "pool_shared_out"
    with mar_scope(), pytest.raises(PoolRefused, match=code) as refused:
        move_to_pool(pool.pk, 4, reason="For a friend", by=first, at=AT)
    facts = {"Orders that wait": 1, "Keys they wait for": 5} if why == "queue" else {}
    assert refused.value.refusals[0].facts == {"Pool": pool.name, **facts}
    assert pooled(product) == {0: 4}


def test_keys_go_into_a_pool_for_whose_members_alone_wait() -> None:
    member, product = make_partner(), make_product()
    make_stock(product, 4)
    pool = make_pool(product, member)
    assert order(member, product, 5, may_queue=True).state == "backordered"
    with mar_scope():
        assert move_to_pool(pool.pk, 4, reason="For them", by=keepers()[0], at=AT) == 4


def test_a_fair_share_shares_the_general_stock_and_leaves_pools_to_their_members() -> None:
    outsider, member, product, (first, second) = make_partner(), make_partner(), make_product(), keepers()
    make_stock(product, 8)
    make_pool(product, member, keys=4)
    with mar_scope():
        policy = propose_fair_share(product.pk, reason="Late", by=first, at=AT)
        confirm_fair_share(policy.pk, by=second, at=AT)
    assert order(member, product, 3).state == "allocated"
    for partner, quantity in ((outsider, 4), (member, 4)):
        assert order(partner, product, quantity, may_queue=True).state == "backordered"
    assert share_stock(product.pk, at=AT) == 4
    # His last pooled key is part of what he gets, so one of the general stock is left for the next run.
    assert (queue_of(product), pooled(product)) == ([2, 2], {0: 1})


@pytest.mark.parametrize("role", ["outsider", "foreign pool", "insert", "held", "other product"])
def test_the_database_keeps_pools_apart(role: str) -> None:
    member, outsider, product = make_partner(), make_partner(), make_product()
    make_stock(product, 2)
    pool = make_pool(product, member, keys=1)
    other = make_pool(make_product(), member)
    placed = order(outsider, product, 1)
    with mar_scope():
        inside = ProductKey.objects.get(pool=pool.pk)
        line = ProductKey.objects.get(state=11).order_line_id
        acts: dict[str, Any] = {
            "outsider": lambda: ProductKey.objects.filter(pk=inside.pk).update(
                state=11, state_since=AT, partner=outsider, order_line=line
            ),
            "foreign pool": lambda: ProductKey.objects.filter(pk=inside.pk).update(pool=other.pk),
            "insert": lambda: ProductKey.objects.create(
                product_key_id="9" * 13, last5="X", product=product, batch_id=inside.batch_id,
                fulfilment_id=inside.fulfilment_id, state=1, state_since=AT, position=1, pool=pool.pk,
            ),
            "held": lambda: ProductKey.objects.filter(state=11).update(pool=pool.pk),
            "other product": lambda: [
                ProductKey.objects.filter(pk=inside.pk).update(pool=0),
                ProductKey.objects.filter(pk=inside.pk).update(pool=other.pk),
            ],
        }  # fmt: skip
        with pytest.raises(IntegrityError), transaction.atomic():
            acts[role]()
    assert (pooled(product), keys_of(placed.order_id)) == ({pool.pk: 1}, 1)


def test_a_partner_reads_no_pool_and_asks_about_himself_alone() -> None:
    member, outsider, product = make_partner(), make_partner(), make_product()
    make_stock(product, 1)
    pool = make_pool(product, member, keys=1)
    with partner_scope(outsider.pk), connection.cursor() as cursor:
        cursor.execute("SELECT licensing_pools_of(%s, %s, %s)", [member.pk, product.pk, AT])
        assert cursor.fetchone() == ([0],)
        for forbidden in ("SELECT licensing_draws_from(%s, %s)", "SELECT %s, %s FROM licensing_stockpool"):
            with pytest.raises(ProgrammingError), transaction.atomic():
                cursor.execute(forbidden, [member.pk, [pool.pk]])


def test_the_database_keeps_who_asked_and_who_draws() -> None:
    make_mar()
    product, one = make_product(), make_partner()
    opened = make_pool(product, one)
    first, second = keepers()
    with mar_scope():
        asked = ask_pool(pool_wish(product, make_partner()), by=first, at=AT)
        with pytest.raises(IntegrityError, match="an opened pool stands"), transaction.atomic():
            StockPoolMember.objects.filter(pool=opened).update(pool=asked)
        refused = pytest.raises(IntegrityError, match="stands")
        with refused, transaction.atomic(), acting_as(second.user_id):
            StockPool.objects.filter(pk=asked.pk).update(created_by_id=second.user_id)


@pytest.mark.parametrize("act", ["asks", "opens"])
def test_the_database_lets_a_person_ask_for_and_open_a_pool_in_his_own_name_alone(act: str) -> None:
    product, (first, second) = make_product(), keepers()
    with mar_scope():
        asked = ask_pool(pool_wish(product, make_partner()), by=first, at=AT)
        acts = {
            "asks": lambda: StockPool.objects.create(
                code="other", name="Other", product=product, valid_from=AT, created_by_id=second.user_id,
                created_at=AT,
            ),
            "opens": lambda: StockPool.objects.update(opened_by_id=second.user_id, opened_at=AT),
        }  # fmt: skip
        refused = pytest.raises(IntegrityError, match="names somebody who is not acting")
        with refused, transaction.atomic(), acting_as(first.user_id):
            acts[act]()
        asked.refresh_from_db()
        assert (asked.opened_at, StockPool.objects.count()) == (None, 1)
