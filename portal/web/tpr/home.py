"""The partner's home: one sentence of truth, what to do next, four charts."""

from datetime import date
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from core.charts import Bin, Chart, MonthValues, Segment, histogram, month_bars, stacked_bar
from licensing.rules.key_states import KeyState
from licensing.selectors.orders import orders_of
from licensing.selectors.partner_home import PartnerHome, partner_home
from licensing.selectors.standing_orders import refused_and_waiting
from partners.selectors.mar import mar_zone
from portal import formatting
from portal.policy import allow
from portal.web.tpr.duties import duty_tasks, shown_duties
from portal.web.tpr.place import partner_id_of
from portal.web.tpr.standing import standing_line

Task = dict[str, object]
MOST = 5


@allow("tpr.home", houses=("tpr",))
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Show what needs this partner today."""
    partner_id, now = partner_id_of(request), timezone.now()
    figures = partner_home(partner_id, at=now, zone=mar_zone())
    # A list of the most urgent: what is said above is not said again by the calendar.
    known = tasks_of(request, figures)
    tasks = [*known, *(each for each in _duty_tasks(partner_id) if each["url"] not in _urls(known))][:MOST]
    context = {
        "figures": figures,
        "tasks": tasks,
        "truth": _truth(tasks),
        "charts": _charts(figures),
        "recent": orders_of(partner_id).order_by("-number")[:5],
        "has_keys": bool(figures.by_state),
        **standing_line(partner_id, at=now),
    }
    return render(request, "tpr/home.html", context)


@allow("house.view", houses=("tpr",))
@require_safe
def settings_page(request: HttpRequest) -> HttpResponse:
    """Lead to company, sites, papers, contacts, people, API keys, terms and one's own sign-in."""
    return render(request, "tpr/settings.html")


def tasks_of(request: HttpRequest, figures: PartnerHome) -> list[Task]:
    """Return what to do next, the most urgent first; at most five."""
    partner = request.membership.partner  # type: ignore[attr-defined]
    tasks: list[Task] = []
    if partner.state == "agreement_pending":
        tasks.append(
            _task(
                _("Accept the TPR terms"), _("Ordering opens the moment the owner accepts them."), "/terms/"
            )
        )
    if partner.access_ends_at is not None:
        text = _("See what must be settled before your last day, and take your data along.")
        tasks.append(_task(_("Your contract ends"), text, reverse("tpr:exit")))
    if figures.denied:
        text = ngettext("%(count)s PC must not be sold: Microsoft refused its key.",
                        "%(count)s PCs must not be sold: Microsoft refused their keys.", figures.denied)  # fmt: skip
        tasks.append(
            _task(_("Look at denied activations"), text % {"count": figures.denied}, _list("build", "denied"))
        )
    late = figures.unreported - figures.unreported_by_age[0]
    if late:
        text = ngettext("%(count)s key was taken more than 7 days ago and is not reported.",
                        "%(count)s keys were taken more than 7 days ago and are not reported.", late)  # fmt: skip
        tasks.append(_task(_("Report overdue builds"), text % {"count": late}, reverse("tpr:build-upload")))
    waiting = refused_and_waiting(partner.pk) if "order.place" in request.permissions else 0  # type: ignore[attr-defined]
    if waiting:
        text = ngettext("%(count)s standing order was refused and is paused.",
                        "%(count)s standing orders were refused and are paused.", waiting)  # fmt: skip
        tasks.append(
            _task(
                _("Look at paused standing orders"), text % {"count": waiting}, reverse("tpr:standing-orders")
            )
        )
    if figures.needs_details:
        text = ngettext("%(count)s build waits for its form factor and screen.",
                        "%(count)s builds wait for their form factor and screen.", figures.needs_details)  # fmt: skip
        tasks.append(
            _task(
                _("Add device details"),
                text % {"count": figures.needs_details},
                _list("build", "needs_details"),
            )
        )
    if not figures.by_state and partner.state == "active":
        tasks.append(
            _task(
                _("Place your first order"),
                _("One licence is enough to try the whole way."),
                reverse("tpr:catalogue"),
            )
        )
    return tasks[:MOST]


def _duty_tasks(partner_id: UUID) -> list[Task]:
    return [{**each} for each in duty_tasks(shown_duties(partner_id))]


def _urls(tasks: list[Task]) -> set[object]:
    return {task["url"] for task in tasks if task["url"]}


def _task(label: str, text: str, url: str, state: str = "") -> Task:
    return {"label": label, "text": text, "url": url, "state": state}


def _list(kind: str, state: str) -> str:
    return f"{reverse(f'tpr:{kind}-list')}?state={state}"


def _truth(tasks: list[Task]) -> str:
    if not tasks:
        return _("All good: nothing waits for you.")
    return ngettext("One thing needs you.", "%(count)s things need you.", len(tasks)) % {"count": len(tasks)}


def _charts(figures: PartnerHome) -> list[Chart]:
    names = {
        KeyState.ASSIGNED: _("Ready to use"),
        KeyState.RETRIEVED: _("Taken for a PC"),
        KeyState.BOUND: _("Reported to us"),
        KeyState.REPORTED_BOUND: _("At Microsoft"),
        KeyState.ACTIVATION_ENABLED: _("Activation enabled"),
        KeyState.ACTIVATION_DENIED: _("Activation denied"),
    }
    in_hand = [
        Segment(label, figures.by_state.get(state, 0))
        for state, label in names.items()
        if figures.by_state.get(state)
    ]
    total = sum(figures.by_state.values())
    ages = [_("under 7 days"), _("7 to 30"), _("30 to 60"), _("over 60")]
    late = sum(figures.unreported_by_age[1:])
    return [
        stacked_bar(
            in_hand or [Segment(_("None"), 0)],
            headline=ngettext("You hold %(count)s key.", "You hold %(count)s keys.", total) % {"count": total},
            unit=_("keys"), chart_id="keys-by-state", columns=(_("State"), _("Keys")),
        ),
        histogram(
            [Bin(label, count) for label, count in zip(ages, figures.unreported_by_age, strict=True)],
            limit_after=1, limit_label=_("report within 7 days"),
            headline=(ngettext("%(count)s key is overdue.", "%(count)s keys are overdue.", late) % {"count": late})
            if late else _("No report is overdue."),
            unit=_("keys not reported"), chart_id="unreported-by-age", columns=(_("Age"), _("Keys")),
        ),
        month_bars(
            [
                MonthValues(_short(month.month), (month.reported, max(month.ordered - month.reported, 0)))
                for month in figures.months
            ],
            series=(_("Reported"), _("Ordered, not reported")), headline=_("What you ordered and reported"),
            unit=_("keys"), chart_id="by-month", month_column=_("Month"),
        ),
    ]  # fmt: skip


def _short(month: str) -> str:
    """Return a month of the form 2026-11 in short words."""
    return formatting.short_month(date.fromisoformat(f"{month}-01"))
