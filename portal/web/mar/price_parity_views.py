"""Who pays what for a product, and whether rule and database agree on it."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from licensing.selectors.catalogue import all_products
from licensing.selectors.price_books import check_parity, paying_partners
from partners.models import Partner
from portal.policy import allow
from portal.tables import Column, Table, render_table

HOUSES = ("mar", "compliance")


class ParityTable(Table):
    """Who pays what for one product."""

    dom_id = "parity"
    caption = gettext_lazy("Who pays what")
    columns = (
        Column("partner", gettext_lazy("Partner"), accessor="name", sort="name", primary=True),
        Column("code", gettext_lazy("Code"), kind="mono", sort="code"),
        Column("pays", gettext_lazy("Pays, net"), kind="money", sort="pays",
               accessor=lambda row: None if row.pays is None else (row.pays, row.currency)),
        Column("difference", gettext_lazy("Against the standard"), kind="money", sort="difference",
               accessor=lambda row: (row.difference, row.currency) if row.difference else None),
        Column("book", gettext_lazy("By book"), kind="mono", sort="book"),
        Column("why", gettext_lazy("Why"), accessor=lambda row: _why(row)),
        Column("basis", gettext_lazy("Licences this year"), kind="number",
               accessor=lambda row: row.basis - 1 if row.basis else None, sort="basis"),
    )  # fmt: skip
    search = ("name", "code")
    search_label = gettext_lazy("Code or name")
    order = "difference"

    def row_url(self, row: Partner) -> str:
        """Return the partner's page."""
        return reverse("mar:partner-detail", args=[row.pk])


@allow("price.view", houses=HOUSES)
@require_safe
def parity(request: HttpRequest) -> HttpResponse:
    """Show who pays what for a product, and whether rule and database agree on everyone."""
    products, now = list(all_products()), timezone.now()
    asked = request.GET.get("product", "")
    product = next((one for one in products if one.code == asked), products[0] if products else None)
    context: dict[str, Any] = {"products": products, "product": product, "section": "parity"}
    if product is not None:
        context["table"] = ParityTable(request, paying_partners(product.pk, now))
        context["parity"] = check_parity(product.pk, now)
        return render_table(request, "mar/prices/parity.html", context)
    return render(request, "mar/prices/parity.html", context)


def _why(partner: Any) -> str:
    if partner.deviation_id is not None:
        return _("Discount, list %(list)s") % {"list": partner.list_amount}
    return _("Own book or threshold") if partner.difference else ""
