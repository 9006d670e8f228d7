"""The lists on a partner's pages: those of the other wings, without the column that names him."""

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from core.models import AuditEvent
from licensing.models import Build, Device, ProductKey
from partners.models import Document
from portal.tables import ChoiceFilter, Column, DateRangeFilter, Empty, Table, WhoFilter
from portal.web.compliance.sentences import facts_in_words, object_url, sentence
from portal.web.mar.orders_views import OrderTable
from portal.web.tpr.builds import BuildTable
from portal.web.tpr.devices import DeviceTable
from portal.web.tpr.keys import KeyTable

AREAS = (
    ("partners.", _("People, terms, papers")),
    ("licensing.order.", _("Orders")),
    ("licensing.key.", _("Keys")),
    ("licensing.build.", _("Reports")),
    ("compliance.", _("Conduct")),
    ("portal.", _("Sign-in, refusals, views")),
)


class PartnerOrderTable(OrderTable):
    """One partner's orders."""

    columns = tuple(column for column in OrderTable.columns if column.key != "partner")  # type: ignore[assignment]
    filters = tuple(each for each in OrderTable.filters if each.name != "partner")  # type: ignore[assignment]
    search = ("reference",)  # type: ignore[assignment]
    search_label = _("Reference")
    empty = Empty(_("No orders yet"), _("Orders appear here as the partner places them."))


class PartnerKeyTable(KeyTable):
    """One partner's keys."""

    empty = Empty(_("No keys"), _("The partner holds no keys now."))

    def row_url(self, row: ProductKey) -> str:
        """Return the key's page."""
        return reverse("mar:key-detail", args=[row.product_key_id])


class PartnerDeviceTable(DeviceTable):
    """One partner's PCs. A row opens the key that sits on it."""

    empty = Empty(_("No PCs yet"), _("A PC appears here when a key is taken for it."))

    def row_url(self, row: Device) -> str | None:  # type: ignore[override]
        """Return the page of the PC's latest key."""
        latest: str | None = row.latest_key  # type: ignore[attr-defined]
        return reverse("mar:key-detail", args=[latest]) if latest else None


class PartnerBuildTable(BuildTable):
    """One partner's reported builds. A row opens the key."""

    empty = Empty(_("No builds reported yet"), _("Builds appear here as the partner reports them."))

    def row_url(self, row: Build) -> str:
        """Return the key's page."""
        return reverse("mar:key-detail", args=[row.key.product_key_id])


class PartnerDocumentTable(Table):
    """One partner's papers."""

    dom_id = "documents"
    caption = _("Documents")
    columns = (
        Column("kind", _("Document"), accessor="get_kind_display", sort="kind", primary=True),
        Column("title", _("Title"), accessor="title"),
        Column("file", _("File"), accessor="file_name"),
        Column("handed_in", _("Handed in"), kind="date", accessor="uploaded_at", sort="uploaded_at"),
        Column("by", _("By"), accessor="uploaded_by"),
        Column("expires", _("Valid until"), kind="date", accessor="expires_on", sort="expires_on"),
        Column("state", _("State"), kind="status", status="document", accessor="standing"),
    )
    filters = (ChoiceFilter("kind", _("Document"), choices=Document.Kind.choices),)
    order = "-handed_in"
    empty = Empty(_("No documents"), _("The partner has handed in no papers."), icon="file-text")


class PartnerEventTable(Table):
    """What happened with one partner, newest first."""

    dom_id = "timeline"
    caption = _("Timeline")
    columns = (
        Column("at", _("Time"), kind="datetime", sort="id"),
        Column("who", _("Who"), accessor=lambda event: event.actor_label or _("Somebody")),
        Column("what", _("What"), accessor=sentence, primary=True, url=object_url),
        Column("facts", _("Facts"), accessor=facts_in_words),
    )
    filters = (
        ChoiceFilter("area", _("About"), "action__startswith", choices=AREAS),
        WhoFilter("actor", _("Person or station"), "actor_label"),
        DateRangeFilter("at", _("Time")),
    )
    order = "-at"
    empty = Empty(
        _("Nothing has happened yet"), _("Every act about this partner is told here."), icon="history"
    )


def event_sentence(event: AuditEvent) -> str:
    """Return an act with the one who did it, as one sentence."""
    return f"{event.actor_label or _('Somebody')} {sentence(event)}"
