"""Organisations that two partners registered: both sides, and the decision."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from core.errors import DomainError
from partners.models import RecipientConflict
from partners.selectors import recipients as selectors
from partners.services.recipient_claims import settle_conflict
from portal.actors import actor_of
from portal.forms import FORM_ERROR_STATUS
from portal.policy import allow
from portal.tables import Column, Empty, Table, render_table, status_filter
from portal.web.mar.recipient_forms import ConflictForm
from portal.web.refused import render_refused

HOUSES = ("mar", "compliance")


class ConflictTable(Table):
    """Double registrations, the oldest open one on top."""

    dom_id = "conflicts"
    caption = gettext_lazy("Double registrations")
    columns = (
        Column("organisation", gettext_lazy("Organisation"), accessor="second.name", sort="second__name", primary=True),
        Column("town", gettext_lazy("Town"), accessor="second.town", sort="second__town"),
        Column("first", gettext_lazy("First"), accessor="first.partner.name", sort="first__partner__name"),
        Column("second", gettext_lazy("Second"), accessor="second.partner.name", sort="second__partner__name"),
        Column("likeness", gettext_lazy("Looks the same by"), accessor="get_likeness_display", sort="likeness"),
        Column("found", gettext_lazy("Found"), kind="ago", accessor="found_at", sort="found_at"),
        Column("outcome", gettext_lazy("Outcome"), kind="status", status="conflict", sort="outcome"),
    )  # fmt: skip
    filters = (status_filter("outcome", gettext_lazy("Outcome"), "conflict"),)
    order = "found"
    empty = Empty(
        gettext_lazy("No double registrations"),
        gettext_lazy("When two partners register one organisation, both sides stand here."),
        icon="flag",
    )

    def row_url(self, row: RecipientConflict) -> str:
        """Return where a row leads."""
        return reverse("mar:conflict-detail", args=[row.pk])


@allow("recipient.view", houses=HOUSES)
@require_safe
def conflict_list(request: HttpRequest) -> HttpResponse:
    """List the double registrations."""
    table = ConflictTable(request, selectors.conflicts())
    return render_table(request, "mar/conflict_list.html", {"table": table})


@allow("recipient.view", houses=HOUSES)
@require_safe
def conflict_detail(request: HttpRequest, conflict_id: UUID) -> HttpResponse:
    """Show both sides of a double registration."""
    return render(request, "mar/conflict_detail.html", _context(request, _find(conflict_id)))


@allow("recipient.decide", houses=("mar",), fresh_factor=True)
@require_http_methods(["POST"])
def settle(request: HttpRequest, conflict_id: UUID) -> HttpResponse:
    """Decide whose the organisation is."""
    conflict, form = _find(conflict_id), ConflictForm(request.POST)
    if not form.is_valid():
        context = _context(request, conflict, form)
        return render(request, "mar/conflict_detail.html", context, status=FORM_ERROR_STATUS)
    given = form.cleaned_data
    try:
        settle_conflict(
            conflict_id,
            outcome=given["outcome"],
            reason=given["reason"],
            by=actor_of(request),
            at=timezone.now(),
        )
    except DomainError as error:
        return render_refused(
            request, "mar/conflict_detail.html", _context(request, _find(conflict_id)), error
        )
    messages.success(request, _("Decided. Whoever it concerns is told, without a word about the other side."))
    return redirect("mar:conflict-detail", conflict_id)


def _find(conflict_id: UUID) -> RecipientConflict:
    conflict = selectors.conflicts().filter(pk=conflict_id).first()
    if conflict is None:
        raise Http404
    return conflict


def _context(
    request: HttpRequest, conflict: RecipientConflict, form: ConflictForm | None = None
) -> dict[str, Any]:
    permissions: frozenset[str] = request.permissions  # type: ignore[attr-defined]
    can_decide = conflict.outcome == RecipientConflict.Outcome.OPEN and "recipient.decide" in permissions
    names = selectors.class_names()
    sides = [
        {"recipient": side, "class_name": names.get(side.class_code, side.class_code), "label": label}
        for side, label in ((conflict.first, _("First")), (conflict.second, _("Second")))
    ]
    return {
        "conflict": conflict,
        "sides": sides,
        "can_decide": can_decide,
        "form": (form or ConflictForm()) if can_decide else None,
    }
