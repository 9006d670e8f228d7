"""Partners: the list. The pages about one partner: partner_tabs.py; his standing: standing_views.py."""

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from compliance.selectors.score import with_scores
from partners.models import Partner
from partners.rules.countries import choices as countries
from partners.rules.countries import country_name
from partners.selectors import partners as selectors
from portal.policy import allow
from portal.tables import ChoiceFilter, Column, Empty, Table, render_table, status_filter

HOUSES = ("mar", "compliance")


class PartnerTable(Table):
    """Every partner."""

    dom_id = "partners"
    caption = gettext_lazy("Partners")
    columns = (
        Column("code", gettext_lazy("Code"), kind="mono", sort="code"),
        Column("name", gettext_lazy("Name"), sort="name", primary=True),
        Column(
            "country", gettext_lazy("Country"), accessor=lambda row: country_name(row.country), sort="country"
        ),
        Column("people", gettext_lazy("People"), kind="number", accessor="people_count", sort="people_count"),
        Column(
            "limit",
            gettext_lazy("Credit limit"),
            kind="money",
            accessor=lambda row: (row.credit.limit, row.credit.currency) if hasattr(row, "credit") else None,
            sort="credit__limit",
        ),
        Column("since", gettext_lazy("Partner since"), kind="date", accessor="created_at", sort="created_at"),
        Column("tier", gettext_lazy("Tier"), accessor="tier_name", sort="tier_rank"),
        Column("score", gettext_lazy("Score"), kind="number", sort="score"),
        Column("state", gettext_lazy("State"), kind="status", status="partner", sort="state"),
    )
    filters = (
        status_filter("state", gettext_lazy("State"), "partner"),
        ChoiceFilter("country", gettext_lazy("Country"), choices=countries),
        ChoiceFilter(
            "change",
            gettext_lazy("Company data"),
            "company_changes__state",
            choices=(("requested", gettext_lazy("Change to confirm")),),
        ),
    )
    search = ("code", "name", "vat_id")
    search_label = gettext_lazy("Code, name or VAT number")
    order = "name"
    empty = Empty(gettext_lazy("No partners yet"), gettext_lazy("An approved application becomes a partner."))

    def row_url(self, row: Partner) -> str:
        """Return the partner's page."""
        return reverse("mar:partner-detail", args=[row.pk])


@allow("partner.view", houses=HOUSES)
@require_safe
def partner_list(request: HttpRequest) -> HttpResponse:
    """List the partners."""
    return render_table(
        request, "mar/partner_list.html", {"table": PartnerTable(request, with_scores(selectors.partners()))}
    )
