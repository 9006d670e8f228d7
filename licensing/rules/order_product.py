"""The gates of an order that a product's version in force asks for. Facts in, refusals out."""

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from core.errors import FIRST_RULES, Refusal, refuse
from licensing.rules.citizenship import quota_refusal
from licensing.rules.order_facts import Gate, OrderFacts, VersionFacts
from licensing.rules.required_fields import MOST_FIELDS, FieldProblem, check_fields, fields_of
from partners.rules.countries import country_name


def version_gates(facts: OrderFacts) -> list[Gate]:
    """Return the gates of the product's version; a product that asks for nothing has none."""
    version = facts.version
    if version is None:
        return [_fields_gate(facts, None)] if facts.details else []
    gates = [_fields_gate(facts, version)] if version.required_fields or facts.details else []
    gates += [_territory_gate(facts, version)] if version.countries else []
    return gates + ([_pair_gate(facts, version)] if version.pair else [])


def _territory_gate(facts: OrderFacts, version: VersionFacts) -> Gate:
    label = _("Sold in your countries")
    # An order that was placed is served by the version it was placed under.
    if facts.was_placed or set(version.countries) & set(facts.sale_countries):
        return Gate("territory", label)
    allowed = ", ".join(country_name(each) for each in version.countries)
    refusal = refuse(
        "territory",
        _("%(product)s is not for the countries you sell to.") % {"product": facts.product_name},
        rule="ORD-17",
        rule_version=version.number,
        rule_since=version.since,
        facts={
            _("Sold in"): allowed,
            _("You sell to"): ", ".join(country_name(each) for each in facts.sale_countries),
        },
        missing={_("Country of sale"): _("one of %(countries)s") % {"countries": allowed}},
        next_step=_("Choose a product for your country, or ask the MAR to agree on another country of sale."),
        lifted_by=_("The MAR, by agreeing on another country of sale"),
        fix_path="/tpr/order/",
    )
    return Gate("territory", label, refusal)


def _pair_gate(facts: OrderFacts, version: VersionFacts) -> Gate:
    label = _("Beside its Windows licence")
    room = max(version.pair_held - version.held, 0)
    shown = {version.pair: version.pair_held, facts.product_name: version.held, _("Left"): room}
    # One cause is refused once: the month's share of Office (CIT-6) says the same about the same licences.
    if facts.quantity <= room or _is_refused_by_share(facts):
        return Gate("pairing", label, None, shown)
    refusal = refuse(
        "pairing",
        _("%(product)s is ordered only beside %(pair)s, one for one.")
        % {"product": facts.product_name, "pair": version.pair},
        rule="ORD-18",
        rule_version=version.number,
        rule_since=version.since,
        facts={**shown, _("Asked for"): facts.quantity},
        missing={version.pair: facts.quantity - room},
        next_step=_ways_beside(facts.quantity - room, version.pair, room),
        lifted_by=_("You, with licences of the other product"),
        fix_path=f"/tpr/order/{version.pair_code}/",
    )
    return Gate("pairing", label, refusal, shown)


def _ways_beside(missing: int, pair: str, room: int) -> str:
    words = (
        _("Order %(missing)s of %(pair)s first, or up to %(room)s of this one now.")
        if room
        else _("Order %(missing)s of %(pair)s first.")
    )
    return words % {"missing": missing, "pair": pair, "room": room}


def pair_needed(product: str, pair: str, *, held: int, beside: int, keys: int) -> Refusal:
    """Return the refusal to give licences back on which others rest."""
    return refuse(
        "pair_needed",
        _("Licences of %(product)s rest on these.") % {"product": product},
        rule="ORD-18",
        facts={pair: beside, product: held, _("In this order"): keys},
        missing={pair: held - (beside - keys)},
        next_step=_("Cancel the order of %(product)s first, or leave this one.") % {"product": product},
        lifted_by=_("You, by cancelling the other order"),
        fix_path="/tpr/orders/",
    )


def _is_refused_by_share(facts: OrderFacts) -> bool:
    if facts.citizenship is None:
        return False
    refusal = quota_refusal(facts.citizenship.quota, facts.quantity)
    return refusal is not None and refusal.rule == "CIT-6"


def _fields_gate(facts: OrderFacts, version: VersionFacts | None) -> Gate:
    label = _("Details filled in")
    # An order that was placed keeps what it was placed with.
    problems = (
        []
        if facts.was_placed
        else check_fields(version.required_fields if version else {}, facts.details)[:MOST_FIELDS]
    )
    if not problems:
        return Gate("details", label)
    shown = {_("Product"): facts.product_name}
    if version is not None:
        shown[_("Fields in force since")] = version.number
    refusal = refuse(
        "details_invalid",
        _("%(product)s asks for details that are missing or do not fit.") % {"product": facts.product_name},
        rule="ORD-16",
        rule_version=version.number if version else "1",
        rule_since=version.since if version else FIRST_RULES,
        facts=shown,
        missing={_labelled(problem, version): problem.what for problem in problems},
        next_step=_("Fill in the fields of the order’s form. A machine sends them as “details”."),
        lifted_by=_("You, by filling them in"),
        fix_path=f"/tpr/order/{version.product_code}/" if version else "",
    )
    return Gate("details", label, refusal)


def _labelled(problem: FieldProblem, version: VersionFacts | None) -> str:
    """Return a field by its label, and by the name a machine sends."""
    for field in fields_of(version.required_fields) if version else []:
        if field.name == problem.name:
            return f"{field.label(get_language() or 'en')} ({field.name})"
    return problem.name or _("Details")
