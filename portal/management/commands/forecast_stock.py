"""Say when each product's stock runs dry."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from core.tenancy import mar_scope
from licensing.selectors.stock_forecast import ProductForecast, product_forecasts


class Command(BaseCommand):
    """Print one line a product, or JSON."""

    help = "Forecast the day on which each product's stock runs dry, with what the forecast rests on."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the form of the answer."""
        parser.add_argument("--json", action="store_true", dest="as_json", help="for a machine")

    def handle(self, *_args: Any, as_json: bool, **_options: Any) -> None:
        """Compute and print."""
        with mar_scope():
            found = product_forecasts(at=timezone.now())
        if as_json:
            self.stdout.write(json.dumps([facts_of(one) for one in found], indent=1))
            return
        for one in found:
            facts = facts_of(one)
            self.stdout.write(
                f"{one.product.code}: {facts['answer']}, likely {facts['likely_on'] or '-'}"
                f" ({facts['early_on'] or '-'} to {facts['late_on'] or '-'}), {facts['stock']} free,"
                f" {facts['per_week'] or '-'} a week, confidence {facts['confidence'] or '-'}"
            )


def facts_of(one: ProductForecast) -> dict[str, Any]:
    """Return a forecast as plain values; numbers of keys that were computed are text with two decimals."""
    found, pace = one.forecast, one.forecast.pace
    return {
        "product": one.product.code,
        "answer": found.answer.value,
        "stock": found.stock,
        "backordered": found.backordered,
        "arriving": sum(each.quantity for each in found.arriving),
        "overdue": sum(each.quantity for each in found.overdue),
        "early_on": _day(found.early_on),
        "likely_on": _day(found.likely_on),
        "late_on": _day(found.late_on),
        "days_known": found.days_known,
        "per_week": str(pace.per_week) if pace else None,
        "trend": str(pace.trend) if pace else None,
        "spread": str(pace.spread) if pace else None,
        "confidence": pace.confidence.value if pace and pace.per_week else None,
        "weeks": [
            {"from": each.starts_on.isoformat(), "used": each.used, "counted": str(each.counted)}
            for each in (pace.weeks if pace else ())
        ],
    }


def _day(value: Any) -> str | None:
    return value.isoformat() if value else None
