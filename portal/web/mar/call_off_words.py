"""Call-offs as screens and files show them."""

from datetime import datetime

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from core.csv_guard import Cell
from licensing.models import CallOff
from licensing.rules.call_off import Proposal
from licensing.selectors.call_offs import ProductProposal, state_on
from portal import formatting
from portal.tables import Column, DateRangeFilter, Empty, Table

CSV_HEAD: tuple[Cell, ...] = (
    "product", "licensable_part_number", "computed_at", "runs_dry_likely", "lead_time_days", "review_days", "use",
    "safety", "backordered", "free", "arriving", "late", "need", "pack_size", "minimum", "quantity",
)  # fmt: skip


def state_of(call_off: CallOff) -> str:
    """Return the state of the dictionary "call_off" as of today."""
    return state_on(call_off, timezone.localdate())


class CallOffTable(Table):
    """Every call-off."""

    dom_id = "call-offs"
    caption = gettext_lazy("Call-offs")
    columns = (
        Column(
            "reference",
            gettext_lazy("Reference"),
            kind="mono",
            accessor="call_off_reference",
            sort="call_off_reference",
            primary=True,
        ),
        Column("product", gettext_lazy("Product"), accessor="product.name", sort="product__name"),
        Column("quantity", gettext_lazy("Keys"), kind="number", sort="quantity"),
        Column("received", gettext_lazy("Received"), kind="number", sort="received"),
        Column("expected", gettext_lazy("Expected"), kind="date", accessor="expected_on", sort="expected_on"),
        Column("called", gettext_lazy("Called off"), kind="date", accessor="called_at", sort="called_at"),
        Column("state", gettext_lazy("State"), kind="status", status="call_off", accessor=state_of),
    )
    filters = (DateRangeFilter("expected", gettext_lazy("Expected"), "expected_on"),)
    search = ("call_off_reference__iexact", "product__code__iexact")
    search_label = gettext_lazy("Reference or product’s code")
    order = "-called"
    empty = Empty(
        gettext_lazy("No call-offs yet"),
        gettext_lazy("Open a product’s proposal and mark it as called off once you have ordered."),
        icon="package",
    )

    def row_url(self, row: CallOff) -> str:
        """Return the call-off's page."""
        return reverse("mar:call-off", args=[row.pk])


def lines_of(made: Proposal) -> list[tuple[str, str, str]]:
    """Return the arithmetic line by line: sign, amount, words."""
    days = ngettext("%(days)d day", "%(days)d days", made.terms.days) % {"days": made.terms.days}
    use = (
        _("use of the next %(days)s (lead time and review period)") % {"days": days}
        if made.use is not None
        else _("use: too little is known, so nothing is added")
    )
    return [
        ("", formatting.number(made.use or 0), use),
        ("+", formatting.number(made.safety), _("safety: enough in nineteen cases of twenty")),
        ("+", formatting.number(made.backordered), _("waiting in the queue")),
        ("−", formatting.number(made.free), _("free now")),
        ("−", formatting.number(made.arriving), _("on the way")),
        ("−", formatting.number(made.late), _("on the way, but late")),
        ("=", formatting.number(made.need), _("needed") if made.need > 0 else _("more than needed")),
    ]


def csv_cells(one: ProductProposal, at: datetime) -> tuple[Cell, ...]:
    """Return a product's row of the file."""
    made, likely = one.proposal, one.forecast.likely_on
    return (
        one.product.code, one.product.lpn, at.isoformat(timespec="seconds"), likely.isoformat() if likely else "",
        made.terms.lead_time_days, made.terms.review_days, made.use, made.safety, made.backordered, made.free,
        made.arriving, made.late, made.need, made.terms.pack_size, made.terms.minimum, made.quantity,
    )  # fmt: skip
