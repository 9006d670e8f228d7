"""One world for each gate: it fails that gate alone, in the pre-flight as in the order, and says all it should."""

import ast
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from core.errors import FIRST_RULES, DomainError
from core.models import IdempotencyKey
from core.tenancy import mar_scope, partner_scope
from licensing.models import FamilyGrant, KeyAssignment, Order, OrderLimit, Product, ProductKey, SaleCountry
from licensing.rules.devices import DeviceIdentity
from licensing.selectors.order_facts import pair_facts
from licensing.services.hand_over import reveal_key
from licensing.services.order_cancel import cancel_own_order
from licensing.services.orders import OrderRequest, preflight
from licensing.services.recall import recall_key
from licensing.services.replacements import Wanted, swap_key
from partners.models import Course, CreditPosition, OrderBlock, Partner, Recipient, RecipientClass
from tests.factories import AT, make_agreement, make_mar, make_partner, make_product, make_stock, make_terms
from tests.factories.countries import agree_country
from tests.factories.prices import make_price, standard_book
from tests.factories.products import make_version
from tests.factories.recipients import make_citizenship, make_giver, make_recipient, make_submitted
from tests.factories.rules import LONG_AGO, set_rule
from tests.licensing.rules.test_required_fields import SCHEMA
from tests.licensing.services.orders_kit import buyer_of, order, state_of

pytestmark = pytest.mark.django_db
RULES = Path(__file__).parents[3] / "licensing" / "rules"
GATE_MODULES = ("ordering", "order_money", "order_product", "citizenship")
# A refusal of these modules that is no gate's: of a cancellation.
NO_GATES = {"pair_needed"}
DAY = timedelta(days=1)
DECEMBER = date(2026, 12, 1)


@dataclass
class World:
    """What an order would pass, until one thing is spoiled."""

    partner: Partner
    product: Product
    asked: dict[str, Any] = field(default_factory=dict)
    quantity: int = 2


def _commercial() -> World:
    product = make_product(price="40.00")
    make_stock(product, 5)
    return World(make_partner(), product)


def _citizenship(**product: Any) -> World:
    partner = make_giver()
    recipient = make_recipient(partner, **({"class_code": "tap"} if product.get("office") else {}))
    return World(partner, make_citizenship(stock=5, **product), {"recipient_id": recipient.pk})


def _partner(world: World) -> None:
    Partner.objects.filter(pk=world.partner.pk).update(state="winding_down")


def _block(world: World) -> None:
    OrderBlock.objects.create(
        partner=world.partner, kind="orders", rule="CMP-11", reason="Builds are not reported.", next_step="Report.",
        since=AT, facts={"Builds": 3}, until=AT + 9 * DAY,
    )  # fmt: skip


def _block_by_rule(world: World) -> None:
    set_rule("report.ageing", stop_orders_days=20)
    OrderBlock.objects.create(
        partner=world.partner, kind="orders", rule="CMP-11", reason="Builds are not reported.", next_step="Report.",
        since=AT, facts={"Builds": 3}, is_by_rule=True,
    )  # fmt: skip


def _terms(_world: World) -> None:
    make_terms("2026-2", effective_from=AT - 2 * DAY, due_from=AT - DAY)


def _schedule(_world: World) -> None:
    schedule = make_agreement(
        "WIN-COM", kind="schedule", title="Commercial schedule", families=["commercial"]
    )
    make_terms("S-1", agreement=schedule)


def _course(_world: World) -> None:
    Course.objects.create(
        code="licences",
        title="Licences",
        required_from=AT - DAY,
        pass_mark=70,
        valid_months=12,
        created_at=AT,
    )


def _off_sale(world: World) -> None:
    Product.objects.filter(pk=world.product.pk).update(order_before=AT)


def _not_yet(world: World) -> None:
    Product.objects.filter(pk=world.product.pk).update(order_from=AT + DAY)


def _unpriced(world: World) -> None:
    world.product = make_product(price=None)
    make_stock(world.product, 5)


def _family(world: World) -> None:
    FamilyGrant.objects.filter(partner=world.partner).update(valid_before=AT)


def _size(world: World) -> None:
    set_rule("order.size", most=1)


def _station(world: World) -> None:
    set_rule("order.station", minutes=45)
    world.asked["reserve_minutes"] = 50


def _month(world: World) -> None:
    OrderLimit.objects.filter(partner=world.partner).update(monthly_quantity=1)


def _standard(world: World) -> None:
    set_rule("order.special_lane", quantity=2)
    world.asked["lane"] = "standard"


def _special(world: World) -> None:
    world.asked["lane"] = "special"


def _credit(world: World) -> None:
    CreditPosition.objects.filter(partner=world.partner).update(limit=Decimal("79.99"))


def _stock(world: World) -> None:
    world.quantity = 6


def _details(world: World) -> None:
    make_version(world.product, required_fields=SCHEMA)
    world.asked["details"] = {"certificate": "A-1"}


def _territory(world: World) -> None:
    make_version(world.product, countries=["FR", "PL"])


def _pair(world: World) -> None:
    make_version(world.product, pairs_with=make_product(name="Windows beside it"))


def _no_recipient(world: World) -> None:
    world.asked["recipient_id"] = None


def _contested(world: World) -> None:
    Recipient.objects.filter(pk=world.asked["recipient_id"]).update(claim="conflict", is_protected=False)


def _expired(world: World) -> None:
    Recipient.objects.filter(pk=world.asked["recipient_id"]).update(evidence_until=date(2026, 11, 14))


def _submitted(world: World) -> None:
    other = make_submitted(world.partner, name="Volkshochschule", town="Kiel", register_id="")
    world.asked["recipient_id"] = other.pk


def _class(world: World) -> None:
    RecipientClass.objects.filter(code="academic").update(products=["office"])


def _month_quota(_world: World) -> None:
    set_rule("citizenship.windows", per_month=1)


def _nothing(_world: World) -> None:
    pass


def _office() -> World:
    return _citizenship(office=True)


@dataclass(frozen=True)
class Case:
    """What spoils the world, and what is then said: gate, code, rule, its version, the exact gap, who lifts it."""

    spoil: Callable[[World], None]
    gate: str
    code: str
    rule: str
    missing: dict[str, Any]
    lifted_by: str
    version: str = "1"
    until: Any = None
    world: Callable[[], World] = _commercial


CASES = {
    "account": Case(_partner, "partner", "partner_not_active", "ORD-1", {"State of the account": "active"}, "The MAR"),
    "block": Case(_block, "block", "order_blocked", "CMP-11", {"Open point": "Builds are not reported."},
                  "The MAR's compliance officer", until=AT + 9 * DAY),
    "block by rule": Case(_block_by_rule, "block", "order_blocked", "CMP-11",
                          {"Open point": "Builds are not reported."},
                          "The end of its cause: the portal lifts it by itself", "2"),
    "terms": Case(_terms, "terms", "terms_not_accepted", "ORD-2", {"Acceptance": "TPR agreement 2026-2"},
                  "The owner of your account"),
    "schedule": Case(_schedule, "terms", "schedule_not_accepted", "ORD-10", {"Acceptance": "Commercial schedule S-1"},
                     "The owner of your account"),
    "training": Case(_course, "training", "training_missing", "P-TRAIN-1", {"Courses": 1},
                     "Anyone of your company, by passing"),
    "order stop": Case(_off_sale, "product", "product_not_on_sale", "ORD-3", {"Product": "one that is on sale"},
                       "The MAR"),
    "not yet": Case(_not_yet, "product", "product_not_on_sale", "ORD-3", {"Product": "one that is on sale"}, "The MAR"),
    "no price": Case(_unpriced, "product", "product_not_on_sale", "ORD-3", {"Price": "EUR"}, "The MAR"),
    "family": Case(_family, "family", "family_not_allowed", "ORD-4", {"Family": "commercial"}, "The MAR"),
    "size": Case(_size, "size", "quantity", "ORD-0", {"Licences": 1}, "You", "2"),
    "station": Case(_station, "reservation", "reserve_minutes", "ORD-13", {"Minutes": 5}, "You", "2"),
    "month": Case(_month, "limit", "monthly_limit", "ORD-6", {"Licences": 1}, "The MAR", until=DECEMBER),
    "standard lane": Case(_standard, "lane", "lane_not_allowed", "ORD-12", {"Lane": "Special: a person decides"},
                          "You, by choosing the special lane", "2"),
    "special lane": Case(_special, "lane", "needs_approval", "ORD-11", {"Approval": "by a MAR approver"},
                         "A MAR approver"),
    "credit": Case(_credit, "credit", "credit_limit", "ORD-7", {"Amount": "0.01 EUR"}, "The MAR's finance desk"),
    "stock": Case(_stock, "stock", "out_of_stock", "ORD-8", {"Keys": 1}, "The MAR's next delivery"),
    "details": Case(_details, "details", "details_invalid", "ORD-16",
                    {"Wipe certificate (is_wiped)": "Fill this in."}, "You, by filling them in", "2026-11-06"),
    "territory": Case(_territory, "territory", "territory", "ORD-17", {"Country of sale": "one of France, Poland"},
                      "The MAR, by agreeing on another country of sale", "2026-11-06"),
    "pairing": Case(_pair, "pairing", "pairing", "ORD-18", {"Windows beside it": 2},
                    "You, with licences of the other product", "2026-11-06"),
    "recipient": Case(_no_recipient, "recipient", "recipient_needed", "ORD-5",
                      {"Recipient": "an approved one of yours"}, "You, with an approved recipient", world=_citizenship),
    "conflict": Case(_contested, "recipient", "recipient_conflict", "CIT-1", {"Recipient": "one that is yours alone"},
                     "The MAR", world=_citizenship),
    "evidence": Case(_expired, "recipient", "evidence_missing", "CIT-2", {"Evidence": "School or place of learning"},
                     "The MAR, after your new evidence", world=_citizenship),
    "approval": Case(_submitted, "recipient", "evidence_missing", "CIT-3", {"Approval": "Volkshochschule"},
                     "The MAR, by approving the recipient", world=_citizenship),
    "class": Case(_class, "recipient", "class_not_allowed", "CIT-4", {"Class": "one that may receive it"},
                  "Nobody: the programme says so", world=_citizenship),
    "quota": Case(_month_quota, "quota", "cap_exceeded", "CIT-5", {"Licences": 1},
                  "Microsoft, by an exception the MAR asks for", "2", DECEMBER, _citizenship),
    "office share": Case(_nothing, "quota", "cap_exceeded", "CIT-6", {"Windows licences": 2},
                         "You, with Windows licences of the same month", until=DECEMBER, world=_office),
    "office share, paired": Case(_pair, "quota", "cap_exceeded", "CIT-6", {"Windows licences": 2},
                                 "You, with Windows licences of the same month", until=DECEMBER, world=_office),
}  # fmt: skip


def _literals(function: str) -> set[str]:
    """Return the first arguments of every call of a function in the modules of the gates."""
    found = set()
    for module in GATE_MODULES:
        for node in ast.walk(ast.parse((RULES / f"{module}.py").read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == function:
                assert isinstance(node.args[0], ast.Constant), f"{module}.py line {node.lineno}"
                found.add(str(node.args[0].value))
    return found


def test_every_gate_and_every_refusal_of_one_has_its_world() -> None:
    assert {case.gate for case in CASES.values()} == _literals("Gate")
    assert {case.code for case in CASES.values()} == _literals("refuse") - NO_GATES


@pytest.mark.parametrize("name", CASES)
def test_a_gate_alone_refuses_in_preflight_and_order_alike(name: str) -> None:
    case = CASES[name]
    make_mar()
    world = case.world()
    with mar_scope():
        case.spoil(world)
    partner, asked = world.partner, dict(world.asked)
    with partner_scope(partner.pk):
        request = OrderRequest(world.product.pk, world.quantity, may_wait=False, **asked)
        shown = preflight(partner_id=partner.pk, request=request, at=AT)
    assert [gate.code for gate in shown.decision.closed] == [case.gate]
    with pytest.raises(DomainError) as caught:
        order(partner, world.product, world.quantity, may_wait=False, **asked)
    (refusal,) = caught.value.refusals
    assert shown.decision.refusals == [refusal]
    assert (refusal.code, refusal.rule, refusal.rule_version) == (case.code, case.rule, case.version)
    assert (refusal.missing, refusal.lifted_by) == (case.missing, case.lifted_by)
    assert refusal.what != refusal.next_step != ""
    assert refusal.facts
    since = {"1": FIRST_RULES, "2": LONG_AGO}.get(case.version)
    assert (refusal.rule_since, f"{refusal.rule_since:%Y-%m-%d}")[since is None] == (since or case.version)
    assert refusal.until == case.until
    with mar_scope():
        assert Order.objects.filter(partner=partner).count() == 0
        assert ProductKey.objects.filter(partner=partner).count() == 0
        assert IdempotencyKey.objects.filter(partner_id=partner.pk).count() == 0


@pytest.mark.parametrize("world", [_commercial, _citizenship])
def test_the_unspoiled_world_passes(world: Callable[[], World]) -> None:
    make_mar()
    clean = world()
    assert order(clean.partner, clean.product, clean.quantity, may_wait=False, **clean.asked).is_new


# Territory, each date at its second


def test_an_agreed_country_of_sale_opens_the_territory_for_its_time() -> None:
    world = _commercial()
    make_version(world.product, countries=["FR"])
    agreed = agree_country(world.partner, "FR")
    with mar_scope():
        SaleCountry.objects.filter(pk=agreed.pk).update(valid_before=AT + DAY)
    second = timedelta(seconds=1)
    for at, is_taken in ((AT - second, False), (AT, True), (AT + DAY - second, True), (AT + DAY, False)):
        if is_taken:
            assert order(world.partner, world.product, 1, at=at).is_new
        else:
            with pytest.raises(DomainError) as caught:
                order(world.partner, world.product, 1, at=at)
            assert caught.value.code == "territory"
            assert caught.value.refusals[0].facts == {"Sold in": "France", "You sell to": "Germany"}


def test_the_database_keeps_countries_of_sale_sound() -> None:
    partner = make_partner()
    agreed = agree_country(partner, "FR")
    rows = SaleCountry.objects.filter(pk=agreed.pk)
    refused: tuple[tuple[str, Callable[[], Any]], ...] = (
        (
            "sale_country_once",
            lambda: SaleCountry.objects.create(partner=partner, country="FR", valid_from=AT),
        ),
        ("sale_country_time_in_order", lambda: rows.update(valid_before=AT - DAY)),
        ("by two people", lambda: SaleCountry.objects.create(partner=partner, country="PL", valid_from=AT)),
        ("anew, by two people", lambda: rows.update(country="PL")),
    )
    for name, act in refused:
        with mar_scope(), pytest.raises(IntegrityError, match=name), transaction.atomic():
            act()
    with mar_scope():
        rows.update(valid_before=AT)
    with mar_scope(), pytest.raises(IntegrityError, match="anew, by two people"), transaction.atomic():
        rows.update(valid_before=None)


# Pairing


def _paired() -> tuple[Partner, Product, Product]:
    partner, windows, office = make_partner(), make_product(name="Windows"), make_product(name="Office")
    make_version(office, pairs_with=windows)
    make_stock(windows, 5)
    make_stock(office, 5)
    return partner, windows, office


def test_the_pair_bears_one_for_one_and_what_waits_counts() -> None:
    partner, windows, office = _paired()
    order(partner, windows, 3)
    waits = order(partner, office, 2, lane="special")
    assert waits.state == "needs_approval"
    with pytest.raises(DomainError) as caught:
        order(partner, office, 2)
    (refusal,) = caught.value.refusals
    assert refusal.facts == {"Windows": 3, "Office": 2, "Left": 1, "Asked for": 2}
    assert refusal.missing == {"Windows": 1}
    assert order(partner, office, 1).is_new


def test_the_pair_is_counted_through_orders_swaps_and_recalls() -> None:
    partner, windows, office = _paired()
    order(partner, windows, 5, may_queue=True)
    cancelled, _kept = order(partner, office, 2), order(partner, office, 1)
    assert order(partner, windows, 4, may_queue=True).state == "backordered"
    by = buyer_of(partner)
    with partner_scope(partner.pk):
        cancel_own_order(cancelled.order_id, partner_id=partner.pk, reason="No", by=by, at=AT)
    make_stock(windows, 1)
    with mar_scope():
        swapped, recalled = ProductKey.objects.filter(partner=partner, product=windows).order_by("pk")[:2]
    with partner_scope(partner.pk):
        swap_key(
            partner_id=partner.pk, product_key_id=swapped.product_key_id, by=by, at=AT,
            wanted=Wanted("Home was ordered, Pro is needed"),
        )  # fmt: skip
        reveal_key(
            partner_id=partner.pk, product_key_id=recalled.product_key_id, reason="Station is down", by=by, at=AT,
            device=DeviceIdentity("DELL", "7490", "SER1"),
        )  # fmt: skip
    with mar_scope():
        recall_key(recalled.pk, reason="Never used", by=by, at=AT)
    with partner_scope(partner.pk):
        held = KeyAssignment.objects.filter(ended_at__isnull=True)
        counted = tuple(held.filter(order_line__product=each).count() for each in (office, windows))
        assert pair_facts(partner.pk, office.pk, windows.pk) == counted == (1, 4)


def test_windows_that_bear_office_are_not_cancelled() -> None:
    partner, windows, office = _paired()
    first, second = order(partner, windows, 2), order(partner, windows, 1)
    order(partner, office, 2)

    def cancel(order_id: Any) -> None:
        with partner_scope(partner.pk):
            cancel_own_order(order_id, partner_id=partner.pk, reason="No", by=buyer_of(partner), at=AT)

    cancel(second.order_id)
    with pytest.raises(DomainError) as caught:
        cancel(first.order_id)
    assert (caught.value.code, caught.value.refusals[0].rule) == ("pair_needed", "ORD-18")
    assert caught.value.refusals[0].missing == {"Windows": 2}
    assert (state_of(first.order_id), state_of(second.order_id)) == ("allocated", "cancelled")


# The ways out that a refusal names are open


@pytest.mark.parametrize(
    ("limit", "unpaid", "quantity", "words"),
    [
        ("90.00", "0.00", 3, "Order up to 2 now. Ask the MAR for a higher limit."),
        ("90.00", "60.00", 3, "Pay an open invoice. Ask the MAR for a higher limit."),
        ("90.00", "10.00", 3, "Pay an open invoice. Order up to 2 now. Ask the MAR for a higher limit."),
        ("0.00", "0.00", 3, "Ask the MAR for a higher limit."),
    ],
)
def test_over_the_credit_limit_only_ways_that_are_open_are_named(
    limit: str, unpaid: str, quantity: int, words: str
) -> None:
    world = _commercial()
    with mar_scope():
        CreditPosition.objects.filter(partner=world.partner).update(
            limit=Decimal(limit), unpaid=Decimal(unpaid)
        )
    with pytest.raises(DomainError) as caught:
        order(world.partner, world.product, quantity, may_wait=False)
    assert [refusal.next_step for refusal in caught.value.refusals] == [words]
    if "Order up to" in words:
        assert order(world.partner, world.product, 2, may_wait=False).is_new


def test_fewer_licences_at_the_price_of_more_are_not_promised() -> None:
    world = _commercial()
    make_price(standard_book(), world.product, "20.00", min_quantity=4)
    with mar_scope():
        CreditPosition.objects.filter(partner=world.partner).update(limit=Decimal("79.00"))
    with pytest.raises(DomainError) as caught:
        order(world.partner, world.product, 4, may_wait=False)
    (refusal,) = caught.value.refusals
    assert (refusal.next_step, refusal.fix_path) == ("Order fewer. Ask the MAR for a higher limit.", "")


@pytest.mark.parametrize(("monthly", "begins"), [(1, "Order up to 1 now. Wait"), (0, "Wait for next month")])
def test_over_the_monthly_limit_only_ways_that_are_open_are_named(monthly: int, begins: str) -> None:
    world = _commercial()
    with mar_scope():
        OrderLimit.objects.filter(partner=world.partner).update(monthly_quantity=monthly)
    with pytest.raises(DomainError) as caught:
        order(world.partner, world.product, 2)
    assert caught.value.refusals[0].next_step.startswith(begins)


@pytest.mark.parametrize(
    ("spoil", "quantity", "query"),
    [
        ("standard lane", 2, "quantity=2&lane=special"),
        ("month", 2, "quantity=1"),
        ("credit", 2, "quantity=1"),
        ("stock", 6, "quantity=5"),
    ],
)
def test_the_quickest_fix_is_the_order_form_filled_in_and_it_passes(
    spoil: str, quantity: int, query: str
) -> None:
    world = _commercial()
    with mar_scope():
        CASES[spoil].spoil(world)
    with pytest.raises(DomainError) as caught:
        order(world.partner, world.product, quantity, may_wait=False, **world.asked)
    (refusal,) = caught.value.refusals
    assert refusal.fix_path == f"/tpr/order/{world.product.code}/?{query}"
    fixed = dict(part.split("=") for part in query.split("&"))
    done = order(world.partner, world.product, int(fixed["quantity"]), lane=fixed.get("lane", ""))
    assert done.state in ("allocated", "needs_approval")


def test_an_order_that_waits_is_told_no_way_to_order_something_else() -> None:
    world = _commercial()
    with mar_scope():
        _credit(world)
    held = order(world.partner, world.product, 2)
    queued = order(make_partner(), world.product, 9, may_queue=True)
    with mar_scope():
        told = [Order.objects.get(pk=each.order_id).holds[0] for each in (held, queued)]
    assert [(each["next_step"], each["fix_path"]) for each in told] == [
        ("Ask the MAR for a higher limit.", ""),
        ("Nothing: it keeps its place in the queue and gets its keys from the next delivery.", ""),
    ]
