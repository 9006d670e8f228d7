"""The gates of an order, as pure rules: facts in, refusals out. Rule numbers stand in docs/domain-rules.md."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from core.errors import Refusal, refuse
from licensing.rules.citizenship import CitizenshipFacts, quota_refusal, recipient_refusal, shown_of
from licensing.rules.programme_rules import RULES, Ruleset, published_rules
from partners.models.partner import PartnerState
from partners.rules.graces import GRACE_RULES
from partners.rules.partner_states import Act, allowed_acts, left_by, lifter_of, may_act, words_of

# The most that any version of the rule may allow: Microsoft's batch. The one in force may say less.
MAX_QUANTITY = RULES["order.size"].parameter("most").most


@dataclass(frozen=True, slots=True)
class Block:
    """A restriction that stops orders: its rule and facts, since when, who lifts it, how far it reaches."""

    rule: str
    reason: str
    facts: Mapping[str, Any]
    next_step: str
    since: datetime | None = None
    kind: str = "orders"
    lifter_role: str = ""
    is_by_rule: bool = False


@dataclass(frozen=True, slots=True)
class MissingAgreement:
    """An agreement that is due for this product and not accepted."""

    title: str
    version: str
    is_master: bool

    @property
    def rule(self) -> str:
        """Return the rule that asks for it."""
        return "ORD-2" if self.is_master else "ORD-10"


@dataclass(frozen=True, slots=True)
class MissingCourse:
    """A required course in which nobody of the partner has a valid pass."""

    code: str
    title: str


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """All that the gates look at, read in one place; amounts are net, in ``currency``."""

    at: datetime
    quantity: int
    product_name: str
    product_family: str
    is_on_sale: bool
    order_before: datetime | None
    partner_state: str
    blocks: Sequence[Block]
    missing_agreements: Sequence[MissingAgreement]
    missing_courses: Sequence[MissingCourse]
    allowed_families: frozenset[str]
    monthly_quantity: int | None
    ordered_this_month: int
    unit_price: Decimal | None
    currency: str
    credit_limit: Decimal | None
    unpaid: Decimal
    unbilled: Decimal
    free_stock: int | None = None
    citizenship: CitizenshipFacts | None = None
    graced_rules: frozenset[str] = frozenset()
    is_suspension_known: bool = True
    rules: Ruleset = field(default_factory=published_rules)
    # Where the unit price comes from, kept on the order line.
    price_id: int | None = None
    deviation_id: int | None = None

    @property
    def amount(self) -> Decimal:
        """Return the order's net amount, zero without a price."""
        return (self.unit_price or Decimal(0)) * self.quantity


@dataclass(frozen=True, slots=True)
class Gate:
    """One gate with its outcome: ``refusal`` is None when the order may pass."""

    code: str
    label: str
    refusal: Refusal | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_open(self) -> bool:
        """Return whether the order may pass."""
        return self.refusal is None


def check_gates(facts: OrderFacts) -> list[Gate]:
    """Return every gate with its outcome, in the order a person reads them."""
    gates = [
        _partner_gate(facts),
        _block_gate(facts),
        _terms_gate(facts),
        _training_gate(facts),
        _product_gate(facts),
        _family_gate(facts),
        Gate("size", _("Size of the order"), check_quantity(facts.quantity, facts.rules)),
        _limit_gate(facts),
        _credit_gate(facts),
        *_citizenship_gates(facts),
    ]
    if facts.free_stock is not None:
        gates.append(_stock_gate(facts))
    return [_with_grace(gate, facts.graced_rules) for gate in gates]


def _with_grace(gate: Gate, graced_rules: frozenset[str]) -> Gate:
    """Open a gate whose rule has a grace today; what it found is still shown."""
    if gate.refusal is None or gate.refusal.rule not in graced_rules & GRACE_RULES.keys():
        return gate
    return Gate(gate.code, gate.label, None, {**gate.refusal.facts, _("Grace"): gate.refusal.rule})


def refusals_of(gates: Sequence[Gate]) -> list[Refusal]:
    """Return what stands against the order."""
    return [gate.refusal for gate in gates if gate.refusal is not None]


def _partner_gate(facts: OrderFacts) -> Gate:
    refusal = None
    # A suspension that is on record refuses by itself in the next gate, as far as it reaches.
    if not may_act(facts.partner_state, Act.ORDER, is_suspension_known=facts.is_suspension_known):
        next_steps = {
            "agreement_pending": _("Accept the TPR terms; your account is active at once."),
            "suspended": _(
                "Answer the MAR's question about your account. You can still report, return and read."
            ),
        }
        refusal = refuse(
            "partner_not_active",
            _("Your account cannot order right now."),
            rule="ORD-1",
            facts={
                _("State of the account"): PartnerState(facts.partner_state).label,
                _("Still allowed"): words_of(
                    allowed_acts(facts.partner_state, is_suspension_known=facts.is_suspension_known)
                ),
            },
            next_step=next_steps.get(facts.partner_state, _("Write to the MAR.")),
            lifted_by=_("You, by accepting the terms")
            if facts.partner_state == "agreement_pending"
            else _("The MAR"),
            fix_path="/tpr/rules/agreements/" if facts.partner_state == "agreement_pending" else "",
        )
    return Gate("partner", _("Account active"), refusal)


def _block_gate(facts: OrderFacts) -> Gate:
    refusal = None
    if facts.blocks:
        block = facts.blocks[0]
        refusal = refuse(
            "order_blocked",
            block.reason,
            rule=block.rule,
            facts={
                **block.facts,
                **({_("Since"): block.since} if block.since else {}),
                _("Still allowed"): left_by(block.kind),
            },
            next_step=block.next_step,
            lifted_by=lifter_of(block.lifter_role, is_by_rule=block.is_by_rule),
            fix_path="/tpr/standing/",
        )
    return Gate("block", _("No open block"), refusal)


def _terms_gate(facts: OrderFacts) -> Gate:
    refusal = None
    if facts.missing_agreements:
        # A grace is for one rule: what has none stands in front, so that it still refuses.
        missing = min(facts.missing_agreements, key=lambda each: each.rule in facts.graced_rules)
        refusal = (
            refuse(
                "terms_not_accepted",
                _("The TPR terms in force are not accepted yet."),
                rule=missing.rule,
                facts={_("Version in force"): missing.version},
                next_step=_("The owner of your account reads and accepts them; ordering opens at once."),
                lifted_by=_("The owner of your account"),
                fix_path="/tpr/rules/agreements/",
            )
            if missing.is_master
            else refuse(
                "schedule_not_accepted",
                _("%(title)s is not accepted yet; it covers this product.") % {"title": missing.title},
                rule=missing.rule,
                facts={_("Version in force"): missing.version, _("Product"): facts.product_name},
                next_step=_("The owner of your account accepts it. Other products are not held up."),
                lifted_by=_("The owner of your account"),
                fix_path="/tpr/rules/agreements/",
            )
        )
    return Gate("terms", _("Terms accepted"), refusal)


def _training_gate(facts: OrderFacts) -> Gate:
    refusal = None
    if facts.missing_courses:
        course = facts.missing_courses[0]
        refusal = refuse(
            "training_missing",
            _("Nobody of your company has a valid pass in “%(course)s”.") % {"course": course.title},
            rule="P-TRAIN-1",
            facts={_("Courses to pass"): ", ".join(missing.title for missing in facts.missing_courses)},
            next_step=_("One of you reads the page and passes the test; ordering opens at once."),
            lifted_by=_("Anyone of your company, by passing"),
            fix_path=f"/tpr/rules/courses/{course.code}/",
        )
    return Gate("training", _("Training passed"), refusal)


def _product_gate(facts: OrderFacts) -> Gate:
    refusal = None
    has_ended = facts.order_before is not None and facts.order_before <= facts.at
    if has_ended:
        refusal = refuse(
            "product_not_on_sale",
            _("%(product)s can no longer be ordered.") % {"product": facts.product_name},
            rule="ORD-3",
            facts={_("No orders from"): facts.order_before},
            next_step=_("Keys you have can still be used. Choose another product of the catalogue."),
            lifted_by=_("The MAR"),
            fix_path="/tpr/rules/",
        )
    elif not facts.is_on_sale or facts.unit_price is None:
        refusal = refuse(
            "product_not_on_sale",
            _("%(product)s cannot be ordered today.") % {"product": facts.product_name},
            rule="ORD-3",
            facts={_("On sale"): facts.is_on_sale, _("Has a price"): facts.unit_price is not None},
            next_step=_("Choose another product of the catalogue."),
            lifted_by=_("The MAR"),
            fix_path="/tpr/order/",
        )
    return Gate("product", _("Product on sale"), refusal)


def _family_gate(facts: OrderFacts) -> Gate:
    refusal = None
    if facts.product_family not in facts.allowed_families:
        refusal = refuse(
            "family_not_allowed",
            _("Your contract does not include this licence family."),
            rule="ORD-4",
            facts={
                _("Family"): facts.product_family,
                _("Allowed"): ", ".join(sorted(facts.allowed_families)) or "–",
            },
            next_step=_("Ask the MAR to add the family to your contract."),
            lifted_by=_("The MAR"),
        )
    return Gate("family", _("Licence family allowed"), refusal)


def _citizenship_gates(facts: OrderFacts) -> list[Gate]:
    """Return the gates of the Citizenship family; no other family has them."""
    if facts.citizenship is None:
        return []
    quota = facts.citizenship.quota
    return [
        Gate("recipient", _("Recipient may receive it"), recipient_refusal(facts.citizenship)),
        Gate("quota", _("Within the month’s quota"), quota_refusal(quota, facts.quantity), shown_of(quota)),
    ]


def _limit_gate(facts: OrderFacts) -> Gate:
    limit = facts.monthly_quantity or 0
    left = max(limit - facts.ordered_this_month, 0)
    shown = {_("Limit"): limit, _("Ordered this month"): facts.ordered_this_month, _("Left"): left}
    refusal = None
    if facts.quantity > left:
        refusal = refuse(
            "monthly_limit",
            _("This order is over your monthly limit."),
            rule="ORD-6",
            facts={**shown, _("Asked for"): facts.quantity},
            next_step=_("Order up to %(left)s now, wait for next month, or ask the MAR for a higher limit.")
            % {"left": left},
            lifted_by=_("The MAR"),
        )
    return Gate("limit", _("Within the monthly limit"), refusal, shown)


def _credit_gate(facts: OrderFacts) -> Gate:
    limit = facts.credit_limit or Decimal(0)
    used = facts.unbilled + facts.unpaid
    left = max(limit - used, Decimal(0))
    shown = {
        _("Credit limit"): f"{limit} {facts.currency}",
        _("Keys not yet billed"): f"{facts.unbilled} {facts.currency}",
        _("Unpaid invoices"): f"{facts.unpaid} {facts.currency}",
        _("Left"): f"{left} {facts.currency}",
    }
    refusal = None
    if facts.amount > left:
        refusal = refuse(
            "credit_limit",
            _("This order is over your credit limit."),
            rule="ORD-7",
            facts={**shown, _("This order"): f"{facts.amount} {facts.currency}"},
            next_step=_("Order fewer keys, pay an open invoice, or ask the MAR for a higher limit."),
            lifted_by=_("The MAR's finance desk"),
        )
    return Gate("credit", _("Within the credit limit"), refusal, shown)


def _stock_gate(facts: OrderFacts) -> Gate:
    refusal = None
    if facts.free_stock is not None and facts.free_stock < facts.quantity:
        refusal = out_of_stock(facts.product_name, facts.quantity, facts.free_stock)
    return Gate("stock", _("In stock"), refusal)


def out_of_stock(product_name: str, quantity: int, free: int) -> Refusal:
    """Return the refusal of an order that the stock cannot fill as a whole."""
    return refuse(
        "out_of_stock",
        _("There are not enough keys of %(product)s for this order.") % {"product": product_name},
        rule="ORD-8",
        facts={_("Asked for"): quantity, _("In stock"): free},
        next_step=_(
            "Order up to %(free)s now, or come back: new deliveries are added as Microsoft sends them."
        )
        % {"free": free},
        lifted_by=_("The MAR's next delivery"),
    )


def check_quantity(quantity: int, rules: Ruleset) -> Refusal | None:
    """Return what is wrong with a quantity, None from 1 up to what the rule in force allows."""
    most = rules.number("order.size", "most")
    if 1 <= quantity <= most:
        return None
    return refuse(
        "quantity",
        _("The quantity must be between 1 and %(most)s.") % {"most": most},
        rule="ORD-0",
        rule_version=rules.version("order.size"),
        facts={_("Asked for"): quantity},
        next_step=_("Split a larger order."),
        lifted_by=_("You"),
    )
