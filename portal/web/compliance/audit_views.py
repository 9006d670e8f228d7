"""The audit log as sentences, and the proof that nobody changed it."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from core import audit
from core.models import AuditEvent
from core.services.seal import Verdict, streams
from portal.actors import actor_of
from portal.policy import allow
from portal.tables import (
    ChoiceFilter,
    Column,
    DateRangeFilter,
    Empty,
    Table,
    TextFilter,
    WhoFilter,
    render_table,
)
from portal.web.compliance.sentences import SENTENCES, facts_in_words, object_url, sentence
from reporting.selectors.chains import chain_end
from reporting.services.anchors import verify_anchored

HOUSES = ("compliance", "mar")
# A page may take seconds, not minutes: 500,000 links take about three seconds.
PAGE_LINKS = getattr(settings, "CHAIN_LINKS_ON_A_PAGE", 500_000)
COMMANDS = {"custody": "verify_ledger", "audit": "verify_audit"}


class AuditTable(Table):
    """Every act, newest first."""

    dom_id = "audit"
    caption = gettext_lazy("Audit log")
    columns = (
        Column("at", gettext_lazy("Time"), kind="datetime", sort="id"),
        Column("who", gettext_lazy("Who"), accessor=lambda event: event.actor_label or _("Somebody")),
        Column("what", gettext_lazy("What"), accessor=sentence, primary=True, url=object_url),
        Column("facts", gettext_lazy("Facts"), accessor=facts_in_words),
        Column("object", gettext_lazy("Object"), kind="mono", accessor=lambda event: event.object_id[:13]),
        Column("ip", gettext_lazy("Address"), kind="mono", accessor="ip"),
    )
    filters = (
        WhoFilter("actor", gettext_lazy("Person or station"), "actor_label"),
        ChoiceFilter(
            "action",
            gettext_lazy("Act"),
            choices=lambda: sorted(((action, action) for action in SENTENCES), key=lambda choice: choice[0]),
        ),
        TextFilter("object", gettext_lazy("Object id"), "object_id__exact"),
        DateRangeFilter("at", gettext_lazy("Time")),
    )
    order = "-at"
    empty = Empty(gettext_lazy("Nothing found"), gettext_lazy("No act fits these filters."))


@allow("audit.view", houses=HOUSES)
@require_safe
def audit_list(request: HttpRequest) -> HttpResponse:
    """Show who did what, with the end of the chain that guards it."""
    table = AuditTable(request, AuditEvent.objects.all())
    return render_table(request, "compliance/audit.html", {"table": table, "chain": chain_end("audit")})


@allow("chain.verify", houses=HOUSES)
@require_http_methods(["GET", "HEAD", "POST"])
def chain_verify(request: HttpRequest) -> HttpResponse:
    """Recompute the chains and show the verdict; very long ones are left to the command."""
    ends = {stream.name: chain_end(stream.name) for stream in streams()}
    verdicts: dict[str, Verdict] = {}
    if request.method == "POST":
        at = timezone.now()
        verdicts = {
            stream.name: verify_anchored(stream, at=at)
            for stream in streams()
            if ends[stream.name].links <= PAGE_LINKS
        }
        facts = {name: verdict.problem or "sound" for name, verdict in verdicts.items()}
        audit.record("reporting.chain.verified", by=actor_of(request), at=at, facts=facts)
    chains = [
        {
            "label": _("Custody ledger") if name == "custody" else _("Audit log"),
            "end": end,
            "verdict": verdicts.get(name),
            "is_too_long": end.links > PAGE_LINKS,
            "command": COMMANDS.get(name, ""),
        }
        for name, end in ends.items()
    ]
    context = {"chains": chains, "verified_at": timezone.now() if verdicts else None}
    return render(request, "compliance/chain_verify.html", context)
