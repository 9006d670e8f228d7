"""What a product asks of an order, and what an order says by its fields: in the words of the version that counts."""

from datetime import date
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from licensing.models import Order, ProductVersion
from licensing.rules.required_fields import RequiredField, fields_of
from partners.rules.countries import country_name
from portal.formatting import day


def conditions_of(version: ProductVersion | None) -> list[str]:
    """Return what a product's version asks of an order, a sentence each, before anything is ordered."""
    if version is None:
        return []
    found = []
    if version.countries:
        names = ", ".join(country_name(code) for code in version.countries)
        found.append(_("Only for sale in %(countries)s.") % {"countries": names})
    if version.pairs_with is not None:
        found.append(_("Only beside %(name)s, one for one.") % {"name": version.pairs_with.name})
    if version.required_fields:
        labels = [field.label(get_language() or "en") for field in fields_of(version.required_fields)]
        found.append(_("Asks for: %(labels)s.") % {"labels": ", ".join(labels)})
    return found


def details_shown(order: Order) -> list[tuple[str, str]]:
    """Return an order's details as (label, value), in the order of the form; nothing where nothing is asked."""
    line = order.lines.select_related("product_version").first()
    if line is None or line.product_version is None:
        return []
    language = get_language() or "en"
    return [
        (field.label(language), _in_words(field, line.details[field.name]))
        for field in fields_of(line.product_version.required_fields)
        if field.name in line.details
    ]


def _in_words(field: RequiredField, value: Any) -> str:
    match field.kind:
        case "flag":
            return _("Yes") if value else _("No")
        case "day":
            return day(date.fromisoformat(value))
    return str(value)
