"""Tell partners of dates that come nearer: each step once, and none lost with a day the portal was down."""

from datetime import datetime
from uuid import UUID

from core.queue import enqueue
from partners.models import Reminder, TermsVersion
from partners.rules.terms import days_until, reminder_due
from partners.rules.training import REMIND_BEFORE as TRAINING_STEPS
from partners.selectors.mar import mar_zone
from partners.selectors.terms import partners_waiting, versions_running_out
from partners.selectors.training import passes_running_out

TERMS, TRAINING = "terms", "training"
# Once terms are due the days count up again: a subject of its own keeps each of those days apart.
TERMS_OVERDUE = "terms_overdue"


def announce_terms(terms: TermsVersion, *, at: datetime) -> int:
    """Queue one mail for each partner who has not accepted a version; return how many."""
    waiting = list(partners_waiting(terms).values_list("pk", flat=True))
    for partner_id in waiting:
        enqueue(
            "partners.send_terms_notice",
            at=at,
            partner_id=partner_id,
            terms_id=terms.pk,
            occasion="announced",
        )
    return len(waiting)


def remind_partners(terms: TermsVersion, *, at: datetime) -> int:
    """Queue a mail for each partner who has not accepted a version, once a day; return how many."""
    left = days_until(terms.due_from, at=at, zone=mar_zone())
    subject = TERMS if left >= 0 else TERMS_OVERDUE
    told = 0
    for partner_id in partners_waiting(terms).values_list("pk", flat=True):
        told += _remind_once(partner_id, subject, terms.pk, abs(left), at=at)
    return told


def send_due_reminders(*, at: datetime) -> int:
    """Queue every reminder whose day has come; return how many. Safe to run at any time, any number of times."""
    return _remind_of_terms(at) + _remind_of_training(at)


def _remind_of_terms(at: datetime) -> int:
    zone, told = mar_zone(), 0
    for terms in versions_running_out(at):
        step = reminder_due(
            days_until(terms.due_from, at=at, zone=zone),
            days_of_notice=days_until(terms.due_from, at=terms.announced_at, zone=zone),
        )
        if step is None:
            continue
        for partner_id in partners_waiting(terms).values_list("pk", flat=True):
            told += _remind_once(partner_id, TERMS, terms.pk, step, at=at)
    return told


def _remind_of_training(at: datetime) -> int:
    today, told = at.astimezone(mar_zone()).date(), 0
    for last_pass in passes_running_out(today):
        left = (last_pass.expires_on - today).days if last_pass.expires_on else 0  # a pass has its end
        step = next((step for step in TRAINING_STEPS if left <= step), None)
        if step is not None:
            told += _remind_once(last_pass.partner_id, TRAINING, last_pass.pk, step, at=at)
    return told


def _remind_once(partner_id: UUID, subject: str, object_id: UUID, days_before: int, *, at: datetime) -> int:
    """Note a reminder and queue its mail, 1; or 0 when it went out before."""
    is_known = Reminder.objects.filter(
        partner_id=partner_id, subject=subject, object_id=object_id, days_before=days_before
    ).exists()
    made = [] if is_known else Reminder.objects.bulk_create(
        [
            Reminder(
                partner_id=partner_id, subject=subject, object_id=object_id, days_before=days_before, sent_at=at
            )
        ],
        ignore_conflicts=True,
    )  # fmt: skip
    if not made:
        return 0
    if subject in (TERMS, TERMS_OVERDUE):
        enqueue(
            "partners.send_terms_notice",
            at=at,
            partner_id=partner_id,
            terms_id=object_id,
            occasion="reminder",
        )
    else:
        enqueue("partners.send_training_reminder", at=at, partner_id=partner_id, attempt_id=object_id)
    return 1
