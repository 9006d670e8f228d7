"""Programme changes: written by one person, published by another, read by partners."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.errors import DomainError
from licensing.models import ChangeNotice, ProgrammeChange
from licensing.selectors.catalogue import all_products
from licensing.selectors.programme_changes import change_by_id, changes, notices_of_change, stock_affected
from licensing.selectors.stock import free_of_product
from licensing.services.programme_changes import (
    WrittenChange,
    discard_change,
    publish_change,
    write_change,
)
from partners.selectors.mar import mar_zone
from portal.actors import actor_of
from portal.forms import FORM_ERROR_STATUS
from portal.policy import allow
from portal.tables import ChoiceFilter, Column, Empty, Table, render_table
from portal.web.mar.rules_forms import ChangeForm, moment_of
from portal.web.refused import render_refused
from portal.web.tpr.rules import dates_of, words_of

HOUSES = ("mar", "compliance")
# Where a refused date was typed in.
DATE_FIELDS = {
    "change_order_stop": "order_stop_on",
    "change_install_stop": "install_stop_on",
    "change_sell_through_stop": "sell_through_stop_on",
}


class ChangeTable(Table):
    """Every programme change."""

    dom_id = "changes"
    caption = gettext_lazy("Programme changes")
    columns = (
        Column("title", gettext_lazy("Change"), accessor=lambda row: words_of(row)["title"], primary=True),
        Column("product", gettext_lazy("Product"), accessor="product.name", sort="product__name"),
        Column("order", gettext_lazy("No orders from"), kind="date", accessor="order_stop_at", sort="order_stop_at"),
        Column("install", gettext_lazy("No keys from"), kind="date", accessor="install_stop_at",
               sort="install_stop_at"),
        Column("sell", gettext_lazy("No sales from"), kind="date", accessor="sell_through_stop_at",
               sort="sell_through_stop_at"),
        Column("read", gettext_lazy("Read by"), accessor=lambda row: _rate(row)),
        Column("state", gettext_lazy("State"), kind="status", status="change"),
        Column("written", gettext_lazy("Written"), kind="date", accessor="written_at", sort="written_at"),
    )  # fmt: skip
    search = ("product__name", "product__code")
    search_label = gettext_lazy("Product")
    order = "-written"
    empty = Empty(
        gettext_lazy("No changes yet"), gettext_lazy("Announce the end of a product with each of its dates.")
    )

    def row_url(self, row: ProgrammeChange) -> str:
        """Return the change's page."""
        return reverse("mar:change-detail", args=[row.pk])


class ReaderTable(Table):
    """Who was told of a change, what it touches there, and who has read it."""

    dom_id = "readers"
    caption = gettext_lazy("Partners")
    columns = (
        Column("partner", gettext_lazy("Partner"), accessor="partner.name", sort="partner__name", primary=True),
        Column("assigned", gettext_lazy("Keys not taken"), kind="number", accessor="keys_assigned",
               sort="keys_assigned"),
        Column("taken", gettext_lazy("Taken, not reported"), kind="number", accessor="keys_taken", sort="keys_taken"),
        Column("unsold", gettext_lazy("Built, not sold"), kind="number", accessor="devices_unsold",
               sort="devices_unsold"),
        Column("read", gettext_lazy("Read"), kind="datetime", accessor="read_at", sort="read_at"),
        Column("by", gettext_lazy("By"), accessor="read_by"),
    )  # fmt: skip
    filters = (
        ChoiceFilter("is_read", gettext_lazy("Read"),
                     choices=(("True", gettext_lazy("Read")), ("False", gettext_lazy("Not read yet")))),
    )  # fmt: skip
    search = ("partner__name", "partner__code")
    search_label = gettext_lazy("Code or name")
    order = "partner"

    def row_url(self, row: ChangeNotice) -> str:
        """Return the partner's page."""
        return reverse("mar:partner-detail", args=[row.partner_id])


@allow("rules.view", houses=HOUSES)
@require_safe
def change_list(request: HttpRequest) -> HttpResponse:
    """List the programme changes."""
    context = {"table": ChangeTable(request, changes()), "section": "changes"}
    return render_table(request, "mar/rules/change_list.html", context)


@allow("rules.view", houses=HOUSES)
@require_safe
def change_detail(request: HttpRequest, programme_change_id: UUID) -> HttpResponse:
    """Show a change: its dates, the stock it touches, and who has read it."""
    return render_table(request, "mar/rules/change_detail.html", _context(request, programme_change_id))


@allow("rules.write", houses=("mar",))
@require_http_methods(["GET", "HEAD", "POST"])
def change_new(request: HttpRequest) -> HttpResponse:
    """Write a change; another person publishes it."""
    form = ChangeForm(request.POST or None, products=list(all_products()))
    template, context = "mar/rules/change_new.html", {"form": form}
    if not form.is_valid():
        return render(request, template, context, status=FORM_ERROR_STATUS if form.is_bound else 200)
    now = timezone.now()
    try:
        change = write_change(_written(form, now), by=actor_of(request), at=now)
    except DomainError as error:
        for refusal in error.refusals:
            if refusal.code in DATE_FIELDS:
                form.add_error(DATE_FIELDS[refusal.code], refusal.what)
        return render_refused(request, template, context, error)
    messages.success(request, _("Written. A MAR approver looks at it and publishes it."))
    return redirect("mar:change-detail", change.pk)


@allow("change.publish", houses=("mar",), fresh_factor=True)
@require_POST
def publish(request: HttpRequest, programme_change_id: UUID) -> HttpResponse:
    """Publish a colleague's change."""
    try:
        publish_change(programme_change_id, by=actor_of(request), at=timezone.now())
    except DomainError as error:
        context = _context(request, programme_change_id)
        return render_refused(request, "mar/rules/change_detail.html", context, error)
    messages.success(request, _("Published. Every partner it touches is told by mail and in the inbox."))
    return redirect("mar:change-detail", programme_change_id)


@allow("rules.write", houses=("mar",))
@require_POST
def discard(request: HttpRequest, programme_change_id: UUID) -> HttpResponse:
    """Put a draft away."""
    try:
        discard_change(programme_change_id, by=actor_of(request), at=timezone.now())
    except DomainError as error:
        context = _context(request, programme_change_id)
        return render_refused(request, "mar/rules/change_detail.html", context, error)
    messages.success(request, _("Discarded. Nobody was told."))
    return redirect("mar:change-list")


def _written(form: ChangeForm, now: Any) -> WrittenChange:
    zone, answers = mar_zone(), form.cleaned_data
    titles, texts = form.written("title"), form.written("text")
    return WrittenChange(
        product_id=int(answers["product"]),
        order_stop_at=moment_of(answers["order_stop_on"], now=now, zone=zone),
        install_stop_at=moment_of(answers["install_stop_on"], now=now, zone=zone),
        sell_through_stop_at=moment_of(answers["sell_through_stop_on"], now=now, zone=zone),
        texts={code: (titles.get(code, ""), texts.get(code, "")) for code in {**titles, **texts}},
    )


def _context(request: HttpRequest, programme_change_id: UUID) -> dict[str, Any]:
    change, now = change_by_id(programme_change_id), timezone.now()
    if change is None:
        raise Http404
    live = stock_affected(change.product_id)
    permissions = request.permissions  # type: ignore[attr-defined]
    is_own = change.written_by_id == request.user.pk
    is_draft = change.state == "draft"
    return {
        "change": change,
        "words": words_of(change),
        "dates": dates_of(change, now, mar_zone()),
        "free_now": free_of_product(change.product_id),
        "live": {
            "partners": len(live),
            "keys_assigned": sum(one.keys_assigned for one in live),
            "keys_taken": sum(one.keys_taken for one in live),
            "devices_unsold": sum(one.devices_unsold for one in live),
        },
        "rate": _rate(change),
        "table": ReaderTable(request, notices_of_change(programme_change_id)),
        "can_publish": is_draft and not is_own and "change.publish" in permissions,
        "needs_other": is_draft and is_own,
        "can_discard": is_draft and "rules.write" in permissions,
    }


def _rate(change: ProgrammeChange) -> str:
    told, read = getattr(change, "told_count", None), getattr(change, "read_count", None)
    if change.announced_at is None:
        return ""
    return _("%(read)s of %(told)s") % {"read": read or 0, "told": told or 0}
