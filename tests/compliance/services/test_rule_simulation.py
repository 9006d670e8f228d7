"""A simulation says beforehand exactly what the rule then does: for orders, partners, PCs and returns."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from compliance.services.reporting_rule import apply_reporting_rule
from core.actor import Actor, ActorKind
from core.errors import DomainError
from core.tenancy import mar_scope, partner_scope
from licensing.models import RuleNotice, RuleSimulation, RuleVersion
from licensing.rules.programme_rules import RULES
from licensing.rules.rule_outcomes import compare
from licensing.services.orders import OrderRequest, place_order
from licensing.services.programme_rules import WrittenRule, publish_rule, write_rule
from licensing.services.rule_simulation import outcomes, simulate
from partners.models import OrderBlock, Partner
from tests.compliance.world import take_keys
from tests.factories import AT, actor_for, make_mar, make_member, make_partner, make_product, make_stock
from tests.factories.recipients import make_citizenship, make_giver, make_recipient

pytestmark = pytest.mark.django_db
BEGINS = AT + timedelta(days=3)
BUYER = Actor(ActorKind.USER, "b", "Buyer")
# Numbers near what the worlds below hold, so that most drafts change something.
DRAFTS: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "order.size": {"most": st.integers(1, 8)},
    "order.special_lane": {"quantity": st.integers(1, 8), "amount": st.integers(60, 400)},
    "citizenship.windows": {"per_month": st.integers(0, 8)},
    "citizenship.office_share": {"percent": st.integers(0, 200)},
    "device.second_key": {"days": st.integers(1, 60)},
    "return.window": {"days": st.integers(1, 60)},
    "reveal.new_partner": {"per_day": st.integers(1, 9), "for_days": st.integers(0, 400)},
}
ANY_DRAFT = st.one_of(
    *(st.tuples(st.just(code), st.fixed_dictionaries(numbers)) for code, numbers in DRAFTS.items()),
    st.tuples(
        st.just("report.ageing"),
        st.lists(st.integers(1, 40), min_size=3, max_size=3, unique=True).map(
            lambda days: dict(zip(RULES["report.ageing"].rising, sorted(days), strict=True))
        ),
    ),
)


def _order(partner: Partner, product: Any, quantity: int, recipient: Any, at: datetime, key: str) -> str:
    """Place an order and return how it came out, in the words of a simulation."""
    request = OrderRequest(product.pk, quantity, recipient_id=recipient.pk if recipient else None)
    try:
        with partner_scope(partner.pk):
            placed = place_order(partner_id=partner.pk, request=request, idempotency_key=key, by=BUYER, at=at)
    except DomainError as error:
        return "refused:" + ",".join(sorted({refusal.rule for refusal in error.refusals}))
    return {"allocated": "placed", "needs_approval": "approval:ORD-11"}.get(
        str(placed.state), str(placed.state)
    )


def _draft(code: str, numbers: dict[str, Any], writer: Any) -> RuleVersion:
    written = WrittenRule(
        code,
        {**RULES[code].defaults, **numbers},
        RULES[code].sentences,
        BEGINS,
        notice_waiver="For this test.",
    )
    return write_rule(written, by=actor_for(writer), at=AT)


def _all_versions() -> list[Any]:
    return list(RuleVersion.objects.order_by("pk").values())


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    draft=ANY_DRAFT,
    sizes=st.lists(st.integers(1, 6), min_size=1, max_size=3),
    gifts=st.lists(st.integers(1, 6), max_size=2),
    ages=st.lists(st.integers(1, 50), max_size=3),
)
def test_the_simulation_equals_reality(
    draft: tuple[str, dict[str, Any]], sizes: list[int], gifts: list[int], ages: list[int]
) -> None:
    with transaction.atomic():
        _one_world(*draft, sizes, gifts, ages)
        transaction.set_rollback(True)


def _one_world(
    code: str, numbers: dict[str, Any], sizes: list[int], gifts: list[int], ages: list[int]
) -> None:
    make_mar()
    writer, approver = make_member("mar_admin"), make_member("mar_approver")
    shop, giver, keeper = make_partner(), make_giver(), make_partner()
    product, gift, school = make_product(), make_citizenship(stock=20), make_recipient(giver)
    make_stock(product, 40)
    for place, size in enumerate(sizes):
        _order(shop, product, size, None, AT - timedelta(days=place), f"shop{place}")
    for place, size in enumerate(gifts):
        _order(giver, gift, size, school, AT - timedelta(days=1 + place), f"gift{place}")
    for age in ages:
        take_keys(keeper, 1, days_ago=age)
    with mar_scope():
        version = _draft(code, numbers, writer)
        stored = _all_versions()
        before = outcomes(BEGINS, AT)
        simulation = simulate(version.pk, by=actor_for(writer), at=AT)
        assert _all_versions() == stored
        assert outcomes(BEGINS, AT) == before
        publish_rule(version.pk, by=actor_for(approver), at=AT)
        after = outcomes(BEGINS, AT)
        real = compare(before, after)
        assert [(one.kind, one.id, one.aspect, one.before, one.after) for one in real] == [
            (row["kind"], row["id"], row["aspect"], row["before"], row["after"]) for row in simulation.changes
        ]
        told = RuleNotice.objects.filter(version=version).values_list("partner_id", "changes")
        assert all(row["partner_id"] == str(partner_id) for partner_id, rows in told for row in rows)
    _services_agree({(one.kind, one.label, one.aspect): one.value for one in after}, shop, product, sizes)


def _services_agree(expected: dict[Any, str], shop: Partner, product: Any, sizes: list[int]) -> None:
    """The day has come: the real services do what was foretold."""
    with mar_scope():
        apply_reporting_rule(at=BEGINS)
        blocks = dict(OrderBlock.objects.filter(rule="CMP-11").values_list("partner_id", "kind"))
    for partner in Partner.objects.all():
        foretold = expected["partner", f"{partner.code} {partner.name}", "report.stop"]
        assert blocks.get(partner.pk, "none") == ("none" if foretold in ("nothing", "remind") else foretold)
    foretold_orders = [
        value
        for (kind, label, _aspect), value in expected.items()
        if kind == "order" and product.code in label
    ]
    placed = [_order(shop, product, size, None, BEGINS, f"again{place}") for place, size in enumerate(sizes)]
    assert sorted(placed) == sorted(foretold_orders)


def test_the_result_is_stored_with_its_hashes_and_never_changes() -> None:
    make_mar()
    writer, shop, product = make_member("mar_admin"), make_partner(), make_product()
    make_stock(product, 6)
    _order(shop, product, 4, None, AT - timedelta(days=2), "a")
    with mar_scope():
        version = _draft("order.size", {"most": 3}, writer)
        found = simulate(version.pk, by=actor_for(writer), at=AT)
        again = simulate(version.pk, by=actor_for(writer), at=AT)
        assert RuleSimulation.objects.count() == 2
    (change,) = found.changes
    assert (change["before"], change["after"], change["aspect"]) == ("placed", "refused:ORD-0", "order.again")
    assert (found.partners_changed, found.orders_changed) == (0, 1)
    assert (found.result_sha256, found.rules_sha256) == (again.result_sha256, again.rules_sha256)
    assert len({found.result_sha256, found.rules_sha256}) == 2
