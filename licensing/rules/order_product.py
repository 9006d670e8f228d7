"""The gates of an order that a product's version in force asks for. Facts in, refusals out."""

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from core.errors import refuse
from licensing.rules.order_facts import Gate, OrderFacts, VersionFacts
from licensing.rules.required_fields import MOST_FIELDS, FieldProblem, check_fields, fields_of


def version_gates(facts: OrderFacts) -> list[Gate]:
    """Return the gates of the product's version; a product that asks for nothing has none."""
    version = facts.version
    if version is None:
        return [_fields_gate(facts, None)] if facts.details else []
    return [_fields_gate(facts, version)] if version.required_fields or facts.details else []


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
