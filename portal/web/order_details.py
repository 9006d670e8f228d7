"""What an order says by the fields of its product, in the words of the version it was ordered by."""

from datetime import date
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from licensing.models import Order
from licensing.rules.required_fields import RequiredField, fields_of
from portal.formatting import day


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
