"""The calendar of duties: what is owed by which day, why, and where to do it."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_safe

from compliance.rules.duties import Duty, DutyKind
from compliance.selectors.duties import duties_of, onboarding_of
from partners.models.membership import Role
from partners.selectors.mar import mar_zone
from portal.calendar_file import Entry, write_calendar
from portal.policy import allow
from portal.web.tpr.place import partner_id_of

HOUSE = ("tpr",)
SOON_DAYS = 14

_TITLES: dict[str, Promise] = {
    DutyKind.REPORT: gettext_lazy("Month’s cut-off for reports"),
    DutyKind.REPORT_OR_STOP: gettext_lazy("Report the oldest key"),
    DutyKind.TERMS: gettext_lazy("Accept terms %(name)s"),
    DutyKind.TRAINING: gettext_lazy("Training: %(name)s"),
    DutyKind.DOCUMENT: gettext_lazy("Renew: %(name)s"),
    DutyKind.RECIPIENT: gettext_lazy("Evidence of %(name)s"),
    DutyKind.RETURN: gettext_lazy("Returns without an answer"),
    DutyKind.ACCESS: gettext_lazy("Last day of access"),
}
_TEXTS: dict[str, Promise] = {
    DutyKind.TERMS: gettext_lazy("From this day on ordering waits until the owner accepts them."),
    DutyKind.TRAINING: gettext_lazy("Somebody of your company needs a valid pass to order."),
    DutyKind.DOCUMENT: gettext_lazy("Good through this day. Hand in a newer one."),
    DutyKind.RECIPIENT: gettext_lazy(
        "Good through this day. Without it no Citizenship order for this recipient."
    ),
    DutyKind.ACCESS: gettext_lazy("Settle what is open and take your data along."),
}
_STAGES = (
    gettext_lazy("After this day you are reminded."),
    gettext_lazy("After this day new orders stop."),
    gettext_lazy("After this day no more keys can be taken."),
)
_PAGES = {
    DutyKind.REPORT: "tpr:build-upload",
    DutyKind.REPORT_OR_STOP: "tpr:build-upload",
    DutyKind.TERMS: "terms",
    DutyKind.TRAINING: "tpr:course-list",
    DutyKind.DOCUMENT: "tpr:document-replace",
    DutyKind.RECIPIENT: "tpr:recipient-list",
    DutyKind.RETURN: "tpr:key-list",
    DutyKind.ACCESS: "tpr:exit",
}
STEP_WORDS: dict[str, Promise] = {
    "joined": gettext_lazy("Sign in for the first time"),
    "terms": gettext_lazy("Accept the terms"),
    "contacts": gettext_lazy("Name your contacts"),
    "training": gettext_lazy("Pass the training"),
    "order": gettext_lazy("Place the first order"),
    "key": gettext_lazy("Take the first key"),
    "report": gettext_lazy("Report the first PC"),
}


@dataclass(frozen=True, slots=True)
class ShownDuty:
    """One duty in words."""

    due_on: date
    title: str
    text: str
    url: str
    state: str
    uid: str


@allow("house.view", houses=HOUSE)
@require_safe
def calendar(request: HttpRequest) -> HttpResponse:
    """Show what is owed by which day, and a new partner's first steps."""
    partner_id = partner_id_of(request)
    context = {"duties": shown_duties(partner_id), "first_steps": shown_steps(partner_id)}
    return render(request, "tpr/duties.html", context)


@allow("house.view", houses=HOUSE)
@require_safe
def calendar_file(request: HttpRequest) -> HttpResponse:
    """Give the same days as a calendar file."""
    base = settings.BASE_URL.rstrip("/")
    entries = [
        Entry(
            f"{duty.uid}@licence-portal",
            duty.due_on,
            duty.title,
            duty.text,
            base + duty.url if duty.url else "",
        )
        for duty in shown_duties(partner_id_of(request))
    ]
    content = write_calendar(entries, name=_("Licence duties"), at=timezone.now())
    headers = {"Content-Disposition": 'attachment; filename="duties.ics"'}
    return HttpResponse(content, content_type="text/calendar; charset=utf-8", headers=headers)


def shown_duties(partner_id: UUID, *, with_links: bool = True) -> list[ShownDuty]:
    """Return a partner's duties in words; without links for who has no power over them."""
    at, zone = timezone.now(), mar_zone()
    today = at.astimezone(zone).date()
    return [_shown(duty, today, with_links=with_links) for duty in duties_of(partner_id, at=at, zone=zone)]


def duty_tasks(duties: list[ShownDuty]) -> list[dict[str, Any]]:
    """Return what is overdue or near, as the home page's list takes it."""
    return [
        {"label": duty.title, "text": duty.text, "url": duty.url, "state": ""}
        for duty in duties
        if duty.state != "later"
    ]


def shown_steps(partner_id: UUID) -> list[dict[str, Any]]:
    """Return a partner's first steps in words; none once all are taken."""
    onboarding, at = onboarding_of(partner_id), timezone.now()
    if onboarding.is_done:
        return []
    return [
        {
            "name": each.step.name,
            "label": STEP_WORDS[each.step.name],
            "role": Role(each.step.role).label,
            "due_at": each.due_at,
            "done_at": each.done_at,
            "is_late": each.is_late(at),
        }
        for each in onboarding.steps
    ]


def _shown(duty: Duty, today: date, *, with_links: bool) -> ShownDuty:
    near = (duty.due_on - today).days <= SOON_DAYS
    return ShownDuty(
        due_on=duty.due_on,
        title=str(_TITLES[duty.kind]) % {"name": duty.name},
        text=_text(duty),
        url=_address(duty) if with_links else "",
        state="overdue" if duty.is_overdue(today) else "soon" if near else "later",
        uid=f"{duty.kind.value}-{duty.reference or duty.name or duty.stage}-{duty.due_on:%Y%m%d}",
    )


def _text(duty: Duty) -> str:
    if duty.kind in (DutyKind.REPORT, DutyKind.REPORT_OR_STOP):
        keys = ngettext(
            "%(count)s key is taken and not reported.",
            "%(count)s keys are taken and not reported.",
            duty.count,
        ) % {"count": duty.count}
        return f"{keys} {_STAGES[duty.stage]}" if duty.kind is DutyKind.REPORT_OR_STOP else keys
    if duty.kind is DutyKind.RETURN:
        return ngettext(
            "%(count)s key was sent back to Microsoft. Nothing to do but wait.",
            "%(count)s keys were sent back to Microsoft. Nothing to do but wait.", duty.count,
        ) % {"count": duty.count}  # fmt: skip
    return str(_TEXTS[duty.kind])


def _address(duty: Duty) -> str:
    return reverse(_PAGES[duty.kind], args=[duty.reference] if duty.kind is DutyKind.DOCUMENT else [])
