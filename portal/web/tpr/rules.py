"""The rules inbox: what changes, what waits to be accepted, what has to be learnt."""

from collections.abc import Collection
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from core.errors import DomainError
from licensing.models import ChangeNotice, ProgrammeChange
from licensing.selectors.catalogue import allowed_families
from licensing.selectors.programme_changes import inbox_of, notice_of, stock_affected
from licensing.selectors.rule_inbox import rule_inbox_of
from licensing.services.programme_changes import read_change
from partners.models import Agreement
from partners.rules.terms import days_until
from partners.rules.training import renewal_opens_on
from partners.selectors.mar import mar_zone
from partners.selectors.terms import AgreementStanding, agreement_standings
from partners.selectors.training import CourseStanding, course_standings
from portal.actors import actor_of
from portal.policy import allow
from portal.web.tpr.place import partner_id_of, user_id_of
from portal.web.tpr.programme import shown_notice

HOUSE = ("tpr",)
Task = dict[str, Any]


@allow("terms.view", houses=HOUSE)
@require_safe
def inbox(request: HttpRequest) -> HttpResponse:
    """Show what waits, and every programme change, the unread ones first."""
    partner_id, now, zone = partner_id_of(request), timezone.now(), mar_zone()
    notices = list(inbox_of(partner_id, user_id_of(request))[:50])
    rules = [shown_notice(notice) for notice in rule_inbox_of(partner_id, user_id_of(request))[:50]]
    tasks = [
        *(
            _agreement_task(one, now, zone)
            for one in agreement_standings(partner_id, now)
            if one.is_open and concerns(one.agreement, allowed_families(partner_id, now))
        ),
        *(task for one in course_standings(partner_id, now) if (task := _course_task(one, now, zone))),
    ]
    context = {
        "tasks": tasks,
        "changes": [_shown(notice, now, zone) for notice in notices],
        "rules": rules,
        "unread": sum(not notice.is_read for notice in notices)  # type: ignore[attr-defined]
        + sum(not rule["is_read"] for rule in rules),
        "section": "inbox",
    }
    return render(request, "tpr/rules/inbox.html", context)


@allow("terms.view", houses=HOUSE)
@require_safe
def change_detail(request: HttpRequest, programme_change_id: UUID) -> HttpResponse:
    """Show one change: its dates, what it touches here, and the button that says it was read."""
    partner_id, now = partner_id_of(request), timezone.now()
    notice = notice_of(programme_change_id, partner_id=partner_id)
    if notice is None:
        raise Http404
    is_read = notice.change.readings.filter(user=user_id_of(request)).first()
    stock = stock_affected(notice.change.product_id, partner_id=partner_id)
    context = {
        "notice": notice,
        "change": notice.change,
        "words": words_of(notice.change),
        "dates": dates_of(notice.change, now, mar_zone()),
        "reading": is_read,
        "stock": stock[0] if stock else None,
        "section": "inbox",
    }
    return render(request, "tpr/rules/change_detail.html", context)


@allow("terms.view", houses=HOUSE)
@require_POST
def change_read(request: HttpRequest, programme_change_id: UUID) -> HttpResponse:
    """Note that this person has read a change."""
    try:
        read_change(
            programme_change_id, partner_id=partner_id_of(request), by=actor_of(request), at=timezone.now()
        )
    except DomainError as error:
        raise Http404 from error
    messages.success(request, _("Noted: you have read it."))
    return redirect("tpr:rules")


def concerns(agreement: Agreement, families: Collection[str]) -> bool:
    """Return whether a partner with these licence families has to do with an agreement."""
    return agreement.is_master or bool(agreement.products or set(agreement.families) & set(families))


def words_of(change: ProgrammeChange) -> dict[str, str]:
    """Return a change's title and text in the person's language, else in the first it has."""
    found: dict[str, str] = change.texts.get(get_language() or "") or next(iter(change.texts.values()))
    return found


def dates_of(change: ProgrammeChange, now: datetime, zone: ZoneInfo) -> list[dict[str, Any]]:
    """Return the dates of a change as days of the MAR's zone, with how far each is away."""
    named = [
        (_("No orders from"), _("Keys you have can still be used."), "shopping-cart", change.order_stop_at),
        (_("No keys for PCs from"), _("Keys already taken are reported as ever."), "key", change.install_stop_at),
        (_("No sales from"), _("PCs not sold by then stay in your house."), "building-store",
         change.sell_through_stop_at),
    ]  # fmt: skip
    return [
        {
            "label": label,
            "text": text,
            "icon": icon,
            "day": moment.astimezone(zone).date(),
            "left": days_until(moment, at=now, zone=zone),
            "is_past": moment <= now,
        }
        for label, text, icon, moment in named
        if moment is not None
    ]


def _shown(notice: ChangeNotice, now: datetime, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "change": notice.change,
        "words": words_of(notice.change),
        "dates": dates_of(notice.change, now, zone),
        "is_read": notice.is_read,  # type: ignore[attr-defined]
    }


def _agreement_task(standing: AgreementStanding, now: datetime, zone: ZoneInfo) -> Task:
    left = days_until(standing.on_offer.due_from, at=now, zone=zone)
    if standing.on_offer.due_from <= now:
        text = (
            _("Orders wait for it.")
            if standing.agreement.is_master
            else _("Orders of what it covers wait for it.")
        )
    else:
        text = ngettext("%(days)s day left. Orders wait for it afterwards.",
                        "%(days)s days left. Orders wait for it afterwards.", left) % {"days": left}  # fmt: skip
    return {
        "label": _("Accept %(title)s, version %(version)s")
        % {"title": standing.agreement.title, "version": standing.on_offer.version},
        "text": text,
        "url": reverse("tpr:agreement-detail", args=[standing.agreement.pk]),
        "state": "todo",
    }


def _course_task(standing: CourseStanding, now: datetime, zone: ZoneInfo) -> Task | None:
    today: date = now.astimezone(zone).date()
    until = standing.valid_until
    if not standing.course.is_required or (until and renewal_opens_on(until) > today):
        return None
    text = (
        _("The last valid pass ends on %(day)s. It can be renewed now.") % {"day": until}
        if until
        else _("Nobody of your company has a valid pass. Orders wait for one.")
    )
    return {
        "label": _("Pass “%(course)s”") % {"course": standing.course.title},
        "text": text,
        "url": reverse("tpr:course-detail", args=[standing.course.code]),
        "state": "todo",
    }
