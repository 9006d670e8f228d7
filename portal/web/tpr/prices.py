"""What a partner pays, what it will pay, and, for its own people with the right alone, what is left of it."""

from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from core.csv_guard import write_row
from core.errors import DomainError
from licensing.rules.price_checks import LARGEST
from licensing.selectors.catalogue import catalogue_for
from licensing.selectors.margins import Margin, margins_of
from licensing.selectors.prices_ahead import prices_ahead
from licensing.services.resale import set_resale_price
from portal.forms import FORM_ERROR_STATUS
from portal.policy import allow
from portal.web.refused import render_refused
from portal.web.tpr.place import partner_id_of

HOUSE = ("tpr",)


class ResaleForm(forms.Form):
    """One's own price of each product; an empty field takes it away."""

    def __init__(self, *args: Any, margins: list[Margin], **options: Any) -> None:
        super().__init__(*args, **options)
        self.margins = margins
        for margin in margins:
            label = _("Own price of %(product)s") % {"product": margin.product.name}
            self.fields[self.name_of(margin)] = forms.DecimalField(
                label=label,
                required=False,
                min_value=Decimal(0),
                max_value=LARGEST,
                decimal_places=2,
                initial=margin.own,
                widget=forms.NumberInput(
                    {
                        "inputmode": "decimal",
                        "step": "0.01",
                        "aria-label": label,
                        "class": "control input-short",
                    }
                ),
            )

    @staticmethod
    def name_of(margin: Margin) -> str:
        """Return the name of a product's field."""
        return f"own-{margin.product.pk}"

    def rows(self) -> list[tuple[Margin, forms.BoundField]]:
        """Return each product with its field."""
        return [(margin, self[self.name_of(margin)]) for margin in self.margins]


@allow("catalogue.view", houses=HOUSE)
@require_safe
def price_list(request: HttpRequest) -> HttpResponse:
    """Show what each product costs now, from which quantity it costs less, and every announced change."""
    partner_id, now = partner_id_of(request), timezone.now()
    context = {
        "items": catalogue_for(partner_id=partner_id, at=now),
        "ahead": prices_ahead(partner_id, now),
        "section": "prices",
    }
    return render(request, "tpr/prices/price_list.html", context)


# The right has no name that ends in ".view": a look at a partner's pages does not carry it.
@allow("resale.manage", houses=HOUSE)
@require_http_methods(["GET", "HEAD", "POST"])
def margin_list(request: HttpRequest) -> HttpResponse:
    """Show and keep one's own prices, and what is left of them now and from the next announced cost."""
    partner_id, now = partner_id_of(request), timezone.now()
    form = ResaleForm(request.POST or None, margins=margins_of(partner_id, now))
    context = {"form": form, "section": "margins"}
    if request.method != "POST":
        return render(request, "tpr/prices/margins.html", context)
    if not form.is_valid():
        return render(request, "tpr/prices/margins.html", context, status=FORM_ERROR_STATUS)
    try:
        for margin in form.margins:
            amount = form.cleaned_data[form.name_of(margin)]
            if amount != margin.own:
                set_resale_price(partner_id, margin.product.pk, amount, at=now)
    except DomainError as error:
        return render_refused(request, "tpr/prices/margins.html", context, error)
    messages.success(request, _("Saved. Nobody outside your company can read it."))
    return redirect("tpr:margin-list")


@allow("resale.manage", houses=HOUSE)
@require_safe
def margin_file(request: HttpRequest) -> HttpResponse:
    """Return costs, own prices and margins as a CSV file."""
    rows = [("product", "name", "currency", "cost", "own_price", "margin", "next_cost_from", "next_cost")]
    for one in margins_of(partner_id_of(request), timezone.now()):
        ahead = one.ahead
        rows.append(
            (
                one.product.code, one.product.name, one.currency, _plain(one.cost), _plain(one.own), _plain(one.left),
                ahead.at.isoformat() if ahead else "", _plain(ahead.after) if ahead else "",
            )
        )  # fmt: skip
    response = HttpResponse("".join(map(write_row, rows)), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="margins.csv"'
    return response


def _plain(amount: Decimal | None) -> str:
    return "" if amount is None else str(amount)
