"""The gates of an order, as pure rules: facts in, refusals out. Rule numbers stand in docs/domain-rules.md."""

from collections.abc import Sequence
from dataclasses import replace

from django.utils.translation import gettext as _

from core.errors import FIRST_RULES, Refusal, refuse
from licensing.models.order import OrderState
from licensing.rules.citizenship import quota_refusal, recipient_refusal, shown_of, waits_for_windows
from licensing.rules.order_facts import Gate, OrderFacts
from licensing.rules.order_money import credit_gate, lane_gate, limit_gate, stock_gate
from licensing.rules.order_product import version_gates
from licensing.rules.programme_rules import BEHIND, RULES, Ruleset
from partners.models.partner import PartnerState
from partners.rules.graces import GRACE_RULES
from partners.rules.partner_states import Act, allowed_acts, left_by, lifter_of, may_act, words_of

# The most that any version of the rule may allow: Microsoft's batch. The one in force may say less.
MAX_QUANTITY = RULES["order.size"].parameter("most").most
MAX_RESERVE_MINUTES = RULES["order.station"].parameter("minutes").most


def check_gates(facts: OrderFacts) -> list[Gate]:
    """Return every gate with its outcome, in the order a person reads them."""
    gates = [
        _partner_gate(facts),
        _block_gate(facts),
        _terms_gate(facts),
        _training_gate(facts),
        _product_gate(facts),
        _family_gate(facts),
        _size_gate(facts),
        *_reservation_gates(facts),
        limit_gate(facts),
        lane_gate(facts),
        credit_gate(facts),
        *_citizenship_gates(facts),
        *version_gates(facts),
    ]
    if facts.free_stock is not None:
        gates.append(stock_gate(facts))
    return [_with_grace(gate, facts.graced_rules) for gate in gates]


def _with_grace(gate: Gate, graced_rules: frozenset[str]) -> Gate:
    """Open a gate whose rule has a grace today; what it found is still shown."""
    if gate.refusal is None or gate.refusal.rule not in graced_rules & GRACE_RULES.keys():
        return gate
    shown = {**gate.refusal.facts, _("Grace"): gate.refusal.rule}
    return replace(gate, refusal=None, facts=shown, waits_as="")


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
            missing={_("State of the account"): "active"},
        )
    return Gate("partner", _("Account active"), refusal)


def _block_gate(facts: OrderFacts) -> Gate:
    refusal = None
    if facts.blocks:
        block = facts.blocks[0]
        behind = BEHIND.get(block.rule, "") if block.is_by_rule else ""
        refusal = refuse(
            "order_blocked",
            block.reason,
            rule=block.rule,
            rule_version=facts.rules.version(behind) if behind else "1",
            rule_since=facts.rules.since(behind) if behind else FIRST_RULES,
            until=block.until,
            facts={
                **block.facts,
                **({_("Since"): block.since} if block.since else {}),
                _("Still allowed"): left_by(block.kind),
            },
            next_step=block.next_step,
            lifted_by=lifter_of(block.lifter_role, is_by_rule=block.is_by_rule),
            fix_path="/tpr/standing/",
            missing={_("Open point"): block.reason},
        )
    # Blocks that refuse stand before those before which an order may wait.
    may_wait = bool(facts.blocks) and facts.blocks[0].waits
    waits_as = OrderState.HELD_COMPLIANCE.value if may_wait else ""
    return Gate("block", _("No open block"), refusal, waits_as=waits_as)


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
                missing={_("Acceptance"): f"{missing.title} {missing.version}"},
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
                missing={_("Acceptance"): f"{missing.title} {missing.version}"},
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
            missing={_("Courses"): len(facts.missing_courses)},
            next_step=_("One of you reads the page and passes the test; ordering opens at once."),
            lifted_by=_("Anyone of your company, by passing"),
            fix_path=f"/tpr/rules/courses/{course.code}/",
        )
    return Gate("training", _("Training passed"), refusal)


def _product_gate(facts: OrderFacts) -> Gate:
    refusal = None
    has_ended = facts.order_before is not None and facts.order_before <= facts.at
    if facts.was_placed and facts.install_before is not None and facts.install_before <= facts.at:
        refusal = refuse(
            "product_not_on_sale",
            _("%(product)s may no longer be installed, so nobody could use its keys.")
            % {"product": facts.product_name},
            rule="ORD-3",
            facts={_("No keys for PCs from"): facts.install_before},
            missing={_("Product"): _("one that may still be installed")},
            next_step=_("Cancel this order: nothing is charged. Then choose another product."),
            lifted_by=_("You, by cancelling it"),
            fix_path="/tpr/rules/",
        )
    elif facts.was_placed:
        pass  # an order that was placed in time is served after the product's order stop too
    elif has_ended:
        refusal = refuse(
            "product_not_on_sale",
            _("%(product)s can no longer be ordered.") % {"product": facts.product_name},
            rule="ORD-3",
            facts={_("No orders from"): facts.order_before},
            missing={_("Product"): _("one that is on sale")},
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
            missing={_("Price"): facts.currency}
            if facts.is_on_sale
            else {_("Product"): _("one that is on sale")},
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
            missing={_("Family"): facts.product_family},
            next_step=_("Ask the MAR to add the family to your contract."),
            lifted_by=_("The MAR"),
        )
    return Gate("family", _("Licence family allowed"), refusal)


def _size_gate(facts: OrderFacts) -> Gate:
    # What was taken at its time is not measured by a later rule.
    refusal = None if facts.was_placed else check_quantity(facts.quantity, facts.rules)
    return Gate("size", _("Size of the order"), refusal)


def _reservation_gates(facts: OrderFacts) -> list[Gate]:
    """Return the gate of a reservation; an order that keeps no keys has none."""
    if not facts.reserve_minutes:
        return []
    refusal = check_reserve_minutes(facts.reserve_minutes, facts.rules)
    return [Gate("reservation", _("Length of the reservation"), refusal)]


def _citizenship_gates(facts: OrderFacts) -> list[Gate]:
    """Return the gates of the Citizenship family; no other family has them."""
    if facts.citizenship is None:
        return []
    quota = facts.citizenship.quota
    waits_as = OrderState.HELD_COMPLIANCE.value if waits_for_windows(quota, facts.quantity) else ""
    refusal = quota_refusal(quota, facts.quantity)
    return [
        Gate("recipient", _("Recipient may receive it"), recipient_refusal(facts.citizenship)),
        Gate("quota", _("Within the month’s quota"), refusal, shown_of(quota), waits_as),
    ]


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
        rule_since=rules.since("order.size"),
        facts={_("Asked for"): quantity},
        missing={_("Licences"): quantity - most if quantity > most else 1 - quantity},
        next_step=_("Split a larger order.") if quantity > most else _("Order at least one licence."),
        lifted_by=_("You"),
    )


def check_reserve_minutes(minutes: int, rules: Ruleset) -> Refusal | None:
    """Return what is wrong with the length of a reservation, None for 0 (none) to what the rule allows."""
    most = rules.number("order.station", "minutes")
    if 0 <= minutes <= most:
        return None
    return refuse(
        "reserve_minutes",
        _("Keys are reserved for %(most)s minutes at most.") % {"most": most},
        rule="ORD-13",
        rule_version=rules.version("order.station"),
        rule_since=rules.since("order.station"),
        facts={_("Asked for"): minutes},
        missing={_("Minutes"): minutes - most if minutes > most else -minutes},
        next_step=_("Reserve for a shorter time, and confirm the order within it."),
        lifted_by=_("You"),
    )
