"""Alarms of low stock, one for each crossing, and the proof that their mails left the house.

A mail is a row first. What the mail server says of it is noted on the row; a mail that was not accepted is sent
again. An alarm without one accepted mail shows on the MAR's home, in the readiness page and in the metrics
(licensing.selectors.stock_alerts.undelivered_alerts).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from smtplib import SMTPException, SMTPRecipientsRefused, SMTPResponseException
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from core import audit
from core.actor import Actor
from core.errors import DomainError, NotFound, refuse
from core.queue import enqueue
from licensing.locks import lock_alert_mail, lock_threshold
from licensing.models import Product, StockAlert, StockAlertMail, StockThreshold
from licensing.rules.stock_alerts import is_low, retry_after
from licensing.selectors.stock_alerts import open_crossing, recipients_of, thresholds_on
from licensing.selectors.stock_forecast import ProductForecast, product_forecast, product_forecasts
from licensing.services.stock_letters import stock_letter
from partners.models import Membership
from partners.selectors.mar import mar_zone
from partners.services.mails import message_id, send_letter

MAIL_TASK = "licensing.send_stock_alert"
Occasion = StockAlert.Occasion
Measure = StockThreshold.Measure


class ThresholdRefused(DomainError):
    """The threshold cannot be kept so; the refusal says why."""


@dataclass(frozen=True, slots=True)
class NewThreshold:
    """A threshold as a person wants it: keys or days, who is told by role and by name (ids of accounts)."""

    measure: str
    below: int
    margin_percent: int
    roles: Sequence[str]
    people: Sequence[str]
    is_on: bool = True


@transaction.atomic
def set_threshold(product_id: int, wanted: NewThreshold, *, by: Actor, at: datetime) -> StockThreshold:
    """Set from when on a product counts as low and who hears of it. Runs in the MAR's scope.

    An alarm that lasts goes on; the next watch judges it by the new threshold. Switched off, it ends.

    :raises ThresholdRefused: when nobody of the house would be told.
    """
    lock_threshold(product_id)
    threshold = StockThreshold(
        product_id=product_id, measure=wanted.measure, below=wanted.below, is_on=wanted.is_on,
        margin_percent=wanted.margin_percent, roles=sorted(wanted.roles),
        people=sorted(str(person) for person in wanted.people), changed_by=by.label[:200], changed_at=at,
    )  # fmt: skip
    _refuse_nobody(threshold)
    threshold.save(force_insert=not StockThreshold.objects.filter(pk=product_id).exists())
    if not wanted.is_on and (alert := open_crossing(product_id)):
        _end(alert, by=by, at=at)
    facts = {
        name: getattr(threshold, name) for name in ("measure", "below", "margin_percent", "roles", "people")
    }
    _audit("threshold_set", product_id, by, at, {**facts, "is_on": wanted.is_on})
    return threshold


@transaction.atomic
def watch_stock(*, by: Actor, at: datetime) -> int:
    """Hold every threshold against the stock of now; return how many alarms began or ended, or were repeated.

    Safe to run at any time, any number of times. Runs in the MAR's scope.
    """
    products = list(thresholds_on().values_list("pk", flat=True))
    forecasts = {one.product.pk: one for one in product_forecasts(at=at)} if products else {}
    changed = 0
    for product_id in products:
        lock_threshold(product_id)
        # Read under the lock: somebody may have switched it off while this waited.
        threshold = thresholds_on().filter(pk=product_id).first()
        if threshold is not None:
            found = forecasts.get(product_id) or product_forecast(product_id, at=at)
            changed += _watch(threshold, found, by=by, at=at)
    return changed


@transaction.atomic
def send_test_alarm(product_id: int, *, by: Actor, at: datetime) -> StockAlert:
    """Send a test by the same road as every alarm; its page shows what became of each mail.

    :raises NotFound: for a product without a threshold.
    :raises ThresholdRefused: when nobody would be told.
    """
    lock_threshold(product_id)
    threshold = StockThreshold.objects.select_related("product").filter(pk=product_id).first()
    if threshold is None:
        raise NotFound(_("This product has no threshold yet."))
    _refuse_nobody(threshold)
    found = product_forecast(product_id, at=at)
    alert = _raise(threshold, found, Occasion.TEST, by=by, at=at)
    StockAlert.objects.filter(pk=alert.pk).update(ended_at=at)
    return alert


@transaction.atomic
def send_alert_mail(mail_id: int, *, at: datetime) -> bool:
    """Send one mail of an alarm and note what the mail server said; return whether it was accepted.

    A refused or failed one is queued again, later each time. Called by a task, in the MAR's scope.
    """
    mail = lock_alert_mail(mail_id)
    if mail is None or mail.accepted_at is not None:
        return False
    alert = StockAlert.objects.select_related("product").get(pk=mail.alert_id)
    identity = f"stock-alert.{alert.pk}.{mail.pk}"
    mail.attempts, mail.tried_at = mail.attempts + 1, at
    try:
        is_reminder = mail.on > alert.raised_at.astimezone(mar_zone()).date()
        sent = send_letter(
            stock_letter(alert, is_reminder=is_reminder), to=[mail.person.email], identity=identity
        )
        mail.problem = "" if sent else "the mail server took nothing"
    except (SMTPException, OSError) as error:
        sent, mail.problem = 0, _kind_of(error)
    if sent:
        mail.accepted_at = at
        # send_letter numbers the mails of one letter.
        mail.receipt = f"{message_id(f'{identity}.1')} {_taker()}"[:200]
    elif wait := retry_after(mail.attempts):
        enqueue(MAIL_TASK, at=at, due_at=at + wait, mail_id=mail.pk)
    mail.save(update_fields=["attempts", "tried_at", "accepted_at", "receipt", "problem"])
    return bool(sent)


def _watch(threshold: StockThreshold, found: ProductForecast, *, by: Actor, at: datetime) -> int:
    alert = open_crossing(threshold.pk)
    now_low = is_low(
        value_of(threshold.measure, found),
        below=threshold.below,
        margin_percent=threshold.margin_percent,
        was_low=alert is not None,
    )
    if alert is None:
        if not now_low:
            return 0
        _raise(threshold, found, Occasion.CROSSING, by=by, at=at)
        return 1
    if not now_low:
        _end(alert, by=by, at=at)
        return 1
    today = at.astimezone(mar_zone()).date()
    if alert.mails.filter(on=today).exists():
        return 0
    # What the reminder says is what is true today.
    StockAlert.objects.filter(pk=alert.pk).update(free=found.open_stock, likely_on=found.forecast.likely_on)
    return int(_queue_mails(alert, threshold, today, at=at) > 0)


def value_of(measure: str, found: ProductForecast) -> int | None:
    """Return what a threshold is held against: keys that nobody waits for, or days; None when unknown.

    Keys in pools are not counted: most partners cannot order one.
    """
    if measure == Measure.DAYS:
        return found.forecast.days_of_cover
    return max(found.open_stock - found.forecast.backordered, 0)


def _raise(
    threshold: StockThreshold, found: ProductForecast, occasion: str, *, by: Actor, at: datetime
) -> StockAlert:
    alert = StockAlert.objects.create(
        product_id=threshold.pk, occasion=occasion, measure=threshold.measure, below=threshold.below,
        value=value_of(threshold.measure, found), free=found.open_stock, likely_on=found.forecast.likely_on,
        raised_at=at, raised_by=by.label[:200],
    )  # fmt: skip
    told = _queue_mails(alert, threshold, at.astimezone(mar_zone()).date(), at=at)
    facts = {"alert": str(alert.pk), "occasion": occasion, "free": found.open_stock, "told": told}
    _audit("alarmed", threshold.pk, by, at, facts)
    return alert


def _end(alert: StockAlert, *, by: Actor, at: datetime) -> None:
    StockAlert.objects.filter(pk=alert.pk).update(ended_at=at)
    _audit("alarm_ended", alert.product_id, by, at, {"alert": str(alert.pk)})


def _queue_mails(alert: StockAlert, threshold: StockThreshold, on: date, *, at: datetime) -> int:
    people = recipients_of(threshold)
    for person in people:
        mail = StockAlertMail.objects.create(alert=alert, person=person, on=on, queued_at=at)
        enqueue(MAIL_TASK, at=at, mail_id=mail.pk)
    return len(people)


def _refuse_nobody(threshold: StockThreshold) -> None:
    """Refuse a threshold that would alarm nobody, or names people of another house."""
    staff = Membership.objects.filter(partner__isnull=True, is_active=True, user_id__in=threshold.people)
    if recipients_of(threshold) and staff.count() == len(threshold.people):
        return
    raise ThresholdRefused(
        refuse(
            "alarm_tells_nobody",
            _("Nobody of the house would hear of this alarm."),
            rule="ALM-1",
            facts={_("Roles"): ", ".join(threshold.roles) or "–", _("People named"): len(threshold.people)},
            next_step=_("Choose a role that somebody has, or people of the programme office by name."),
            lifted_by=_("You"),
        )
    )


def _taker() -> str:
    """Return who took the mail: the mail server, or the stand-in of a portal without one."""
    backend = settings.EMAIL_BACKEND.split(".")[-2]
    return str(settings.EMAIL_HOST) if backend == "smtp" else backend


def _kind_of(error: Exception) -> str:
    """Return what went wrong without the server's words: they may repeat an address."""
    code = ""
    if isinstance(error, SMTPResponseException):
        code = str(error.smtp_code)
    elif isinstance(error, SMTPRecipientsRefused):
        code = ", ".join(str(answer[0]) for answer in error.recipients.values())
    return f"{type(error).__name__} {code}".strip()[:200]


def _audit(act: str, product_id: int, by: Actor, at: datetime, facts: dict[str, Any]) -> None:
    code = Product.objects.values_list("code", flat=True).get(pk=product_id)
    audit.record(f"licensing.stock.{act}", by=by, at=at, object_type="product", object_id=code, facts=facts)
