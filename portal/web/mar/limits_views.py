"""A partner's limits: how they stand, who changed them and why, and a raise by two people."""

from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.errors import DomainError
from licensing.models import LimitChange
from licensing.selectors.limits import limit_changes, sale_countries, waiting_raises
from licensing.selectors.order_wait import Exposure, exposure_of
from licensing.selectors.partner_home import partner_home
from licensing.selectors.programme_rules import rules_at
from licensing.selectors.sale_countries import sold_outside
from licensing.services.limits import approve_limit, change_limit, discard_limit
from partners.rules.countries import choices, country_name
from partners.selectors.mar import mar_zone
from portal.actors import actor_of
from portal.formatting import money, number
from portal.forms import FORM_ERROR_STATUS
from portal.plain_text import plain_text
from portal.policy import allow
from portal.tables import Column, Empty, Table, render_table
from portal.web.mar.partner_header import find_partner, partner_page
from portal.web.refused import render_refused

HOUSES = ("mar", "compliance")
Kind = LimitChange.Kind


def value_text(change: LimitChange, value: Decimal) -> str:
    """Return a value of a limit in words."""
    if change.kind == Kind.COUNTRY:
        return _("agreed") if value else _("not agreed")
    if change.kind != Kind.CREDIT:
        return number(int(value))
    currency = getattr(change, "currency", None)
    return money(value, currency) if currency else number(value)


def what_text(change: LimitChange) -> str:
    """Return which limit it is."""
    name = change.get_kind_display()
    return f"{name}: {country_name(change.country)}" if change.country else name


class LimitForm(forms.Form):
    """Which limit, what it shall be, and why."""

    kind = forms.ChoiceField(
        label=gettext_lazy("Which limit?"),
        choices=Kind.choices,
        initial=Kind.CREDIT,
        widget=forms.RadioSelect,
    )
    after = forms.DecimalField(
        label=gettext_lazy("It shall be"), required=False, max_digits=12, decimal_places=2, min_value=0,
        help_text=gettext_lazy("The credit limit net, in the partner’s currency; or licences a month."),
        widget=forms.NumberInput({"inputmode": "decimal", "class": "input-short", "autocomplete": "off"}),
    )  # fmt: skip
    country = forms.ChoiceField(
        label=gettext_lazy("Country of sale"), required=False,
        help_text=gettext_lazy("Only for a country: one that is agreed is ended, another one is proposed."),
    )  # fmt: skip
    reason = forms.CharField(
        label=gettext_lazy("Reason"), max_length=300, validators=[plain_text],
        help_text=gettext_lazy("Kept with the change, for the second person and the auditor."),
        widget=forms.Textarea({"rows": 3}),
    )  # fmt: skip

    def __init__(self, *args: Any, agreed: list[str], **options: Any) -> None:
        super().__init__(*args, **options)
        self.agreed = agreed
        field = self.fields["country"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101  (tells the type checker)
        field.choices = [("", _("Choose one")), *choices()]

    def clean(self) -> None:
        """Ask for the number of a number, and for the country of a country."""
        kind = self.cleaned_data.get("kind")
        needed = "country" if kind == Kind.COUNTRY else "after"
        if kind and needed not in self.errors and self.cleaned_data.get(needed) in (None, ""):
            self.add_error(needed, _("Fill this in."))

    @property
    def wanted(self) -> dict[str, Any]:
        """Return what the service is asked for."""
        kind, country = self.cleaned_data["kind"], self.cleaned_data["country"]
        if kind == Kind.COUNTRY:
            after = Decimal(country not in self.agreed)
            return {"kind": kind, "country": country, "after": after}
        return {"kind": kind, "after": self.cleaned_data["after"]}


class ChangeTable(Table):
    """Every change of a partner's limits, the newest first."""

    dom_id = "limit-changes"
    caption = gettext_lazy("How they changed")
    columns: ClassVar[tuple[Column, ...]] = (
        Column("at", gettext_lazy("Written"), kind="datetime", accessor="written_at", sort="written_at", primary=True),
        Column("what", gettext_lazy("Limit"), accessor=what_text),
        Column("before", gettext_lazy("Before"), accessor=lambda row: value_text(row, row.before)),
        Column("after", gettext_lazy("After"), accessor=lambda row: value_text(row, row.after)),
        Column("reason", gettext_lazy("Reason")),
        Column("people", gettext_lazy("Written, approved by"),
               accessor=lambda row: " · ".join(str(one) for one in (row.written_by, row.approved_by) if one)),
        Column("state", gettext_lazy("State"), kind="status", status="limit_change", accessor="state"),
    )  # fmt: skip
    order = "-at"
    empty = Empty(
        gettext_lazy("Nothing changed yet"),
        gettext_lazy("The limits stand as they were set when the account was opened."),
        icon="scale",
    )


class WaitingTable(ChangeTable):
    """Every raise that waits for a second person."""

    dom_id = "limits-waiting"
    caption = gettext_lazy("Higher limits to approve")
    columns = (
        Column(
            "partner", gettext_lazy("Partner"), accessor="partner.name", sort="partner__name", primary=True
        ),
        *(column for column in ChangeTable.columns if column.key not in ("at", "state")),
        Column("at", gettext_lazy("Written"), kind="datetime", accessor="written_at", sort="written_at"),
    )
    empty = Empty(
        gettext_lazy("Nothing waits"), gettext_lazy("A raise that a colleague proposes stands here.")
    )

    def row_url(self, row: LimitChange) -> str:
        """Return where a row leads."""
        return reverse("mar:partner-limits", args=[row.partner_id])


@allow("mar_order.view", houses=HOUSES)
@require_safe
def waiting(request: HttpRequest) -> HttpResponse:
    """List the raises that wait for a second person."""
    return render_table(
        request, "mar/limits_waiting.html", {"table": WaitingTable(request, waiting_raises())}
    )


@allow("mar_order.view", houses=HOUSES)
@require_safe
def limits(request: HttpRequest, partner_id: UUID) -> HttpResponse:
    """Show a partner's limits, what waits, and how they changed."""
    return render_table(request, "mar/partner_limits.html", _page(request, partner_id))


@allow("limit.write", houses=("mar",))
@require_http_methods(["GET", "HEAD", "POST"])
def change(request: HttpRequest, partner_id: UUID) -> HttpResponse:
    """Lower a limit at once, or propose to raise it."""
    partner, agreed = find_partner(partner_id), sale_countries(partner_id)
    form = LimitForm(request.POST or None, agreed=agreed)
    context = {"partner": partner, "form": form, "agreed": [country_name(one) for one in agreed]}
    if not form.is_valid():
        status = FORM_ERROR_STATUS if form.is_bound else 200
        return render(request, "mar/partner_limit_change.html", context, status=status)
    try:
        made = change_limit(
            partner_id,
            **form.wanted,
            reason=form.cleaned_data["reason"],
            by=actor_of(request),
            at=timezone.now(),
        )
    except DomainError as error:
        return render_refused(request, "mar/partner_limit_change.html", context, error)
    done, asked = _("Done. It counts from now on."), _("Proposed. A second person approves it.")
    messages.success(request, asked if made.is_raise else done)
    return redirect("mar:partner-limits", partner_id)


@allow("limit.approve", houses=("mar",), fresh_factor=True)
@require_POST
def approve(request: HttpRequest, partner_id: UUID, limit_change_id: UUID) -> HttpResponse:
    """Let a colleague's raise count."""
    _require(partner_id, limit_change_id)
    try:
        approve_limit(limit_change_id, by=actor_of(request), at=timezone.now())
    except DomainError as error:
        return render_refused(request, "mar/partner_limits.html", _page(request, partner_id), error)
    messages.success(request, _("Approved. It counts from now on, and held orders are looked at again."))
    return redirect("mar:partner-limits", partner_id)


@allow("limit.write", houses=("mar",))
@require_POST
def discard(request: HttpRequest, partner_id: UUID, limit_change_id: UUID) -> HttpResponse:
    """Put a proposal away."""
    _require(partner_id, limit_change_id)
    try:
        discard_limit(limit_change_id, by=actor_of(request), at=timezone.now())
    except DomainError as error:
        return render_refused(request, "mar/partner_limits.html", _page(request, partner_id), error)
    messages.success(request, _("Discarded. The limit stays as it is."))
    return redirect("mar:partner-limits", partner_id)


def _require(partner_id: UUID, change_id: UUID) -> None:
    if not limit_changes(partner_id).filter(pk=change_id).exists():
        raise Http404


def _left_text(exposure: Exposure) -> str:
    """Say what is left of the credit limit, or by how much it is passed."""
    if exposure.left < 0:
        return _("%(over)s over it") % {"over": money(-exposure.left, exposure.currency)}
    return _("%(left)s left") % {"left": money(exposure.left, exposure.currency)}


def _page(request: HttpRequest, partner_id: UUID) -> dict[str, Any]:
    page, now = partner_page(request, partner_id, "limits"), timezone.now()
    permissions: frozenset[str] = request.permissions  # type: ignore[attr-defined]
    figures, rules = partner_home(partner_id, at=now, zone=mar_zone()), rules_at(now)
    exposure = exposure_of(partner_id)
    countries = [page["partner"].country, *sale_countries(partner_id)]
    return page | {
        "exposure": exposure,
        "figures": figures,
        "countries": ", ".join(country_name(one) for one in countries),
        "open": [
            {
                "change": one,
                "what": what_text(one),
                "before": value_text(one, one.before),
                "after": value_text(one, one.after),
                "may_approve": "limit.approve" in permissions and one.written_by_id != request.user.pk,
            }
            for one in waiting_raises().filter(partner_id=partner_id)
        ],
        "may_write": "limit.write" in permissions,
        "outside": ", ".join(
            f"{country_name(country)} {number(count)}" for country, count in sold_outside(partner_id)
        ),
        "programme": [
            (_("Licences in one order"), number(rules.number("order.size", "most"))),
            (_("Keys a new partner takes a day"), number(rules.number("reveal.new_partner", "per_day"))),
            (_("Keys a person looks at in an hour"), number(rules.number("reveal.person", "per_hour"))),
        ],
        "left": _left_text(exposure),
        "ordered_hint": _("%(n)s ordered this month") % {"n": number(figures.ordered_this_month)},
        "table": ChangeTable(request, limit_changes(partner_id)),
    }
