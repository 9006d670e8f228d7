"""Stock: where all keys are, and the imports that brought them."""

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from licensing.models import KeyBatch
from licensing.selectors import stock as selectors
from portal.policy import allow
from portal.tables import Column, DateRangeFilter, Empty, Table, render_table, status_filter
from portal.web.mar.forecast_views import forecast_rows
from portal.web.mar.pool_views import pool_places

HOUSES = ("mar", "compliance")


class ImportTable(Table):
    """The imports, newest first."""

    dom_id = "imports"
    caption = _("Imports")
    columns = (
        Column("file", _("File"), accessor="file_name", sort="file_name", primary=True),
        Column("keys", _("Keys"), kind="number", accessor="keys_total", sort="keys_total"),
        Column("uploaded", _("Uploaded"), kind="datetime", accessor="uploaded_at", sort="uploaded_at"),
        Column("uploader", _("Uploaded by"), accessor="uploaded_by.name"),
        Column("releaser", _("Released by"), accessor="released_by.name"),
        Column("state", _("State"), kind="status", status="import", sort="state"),
        Column("stop", _("Stopped"), kind="status", status="batch_stop", accessor="stop_state"),
    )
    filters = (
        status_filter("state", _("State"), "import"),
        DateRangeFilter("uploaded", _("Uploaded"), "uploaded_at"),
    )
    search = ("file_name",)
    search_label = _("File name")
    order = "-uploaded"

    def row_url(self, row: KeyBatch) -> str:
        """Return the import's page."""
        return reverse("mar:import-detail", args=[row.pk])


@allow("stock.view", houses=HOUSES)
@require_safe
def stock(request: HttpRequest) -> HttpResponse:
    """Show for each product where its keys are, and the imports."""
    permissions: frozenset[str] = request.permissions  # type: ignore[attr-defined]
    may_upload = "import.upload" in permissions
    empty = Empty(
        _("No deliveries yet"),
        _("Import the file Microsoft delivers. A second person then releases its keys."),
        _("Import a delivery") if may_upload else "",
        reverse("mar:import-new") if may_upload else "",
        "package",
    )
    lines = selectors.stock_lines()
    context = {
        "lines": lines,
        "total": selectors.stock_total(lines),
        "table": ImportTable(request, selectors.imports(), empty=empty),
        "may_upload": may_upload,
        "forecasts": forecast_rows(),
        **pool_places(),
        "to_release": selectors.imports_to_release() if "import.release" in permissions else 0,
    }
    return render_table(request, "mar/stock.html", context)
