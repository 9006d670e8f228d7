"""When each product's stock runs dry, and why."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from core.errors import NotFound
from licensing.models import Product
from licensing.selectors.catalogue import product_by_code
from licensing.selectors.stock_forecast import forecast_of, product_forecasts
from portal.policy import allow
from portal.web.forecast_words import charts, reasons, row_of
from portal.web.mar.alert_words import threshold_card

HOUSES = ("mar", "compliance")


@allow("stock.view", houses=HOUSES)
@require_safe
def forecast_detail(request: HttpRequest, code: str) -> HttpResponse:
    """Show one product's forecast with everything it rests on."""
    product = product_or_404(code)
    found = forecast_of(product, at=timezone.now())
    context = {
        "product": product,
        "row": row_of(found),
        "reasons": reasons(found),
        "charts": charts(found, product.name),
        "may_plan": "stock.plan" in request.permissions,  # type: ignore[attr-defined]
        **threshold_card(product.pk),
    }
    return render(request, "mar/stock/forecast.html", context)


def forecast_rows() -> list[dict[str, Any]]:
    """Return a row of the list for each product that has stock, a queue or a call-off."""
    now = timezone.now()
    return [row_of(one.forecast) | {"product": one.product} for one in product_forecasts(at=now)]


def product_or_404(code: str) -> Product:
    """Return the product of an address."""
    try:
        return product_by_code(code)
    except NotFound as error:
        raise Http404 from error
