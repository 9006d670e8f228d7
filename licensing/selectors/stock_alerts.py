"""Thresholds of stock, their alarms, and what became of each mail. Needs the MAR's scope."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery

from core.models import User
from licensing.models import StockAlert, StockAlertMail, StockThreshold
from licensing.rules.stock_alerts import TEST_COUNTS_FOR, UNDELIVERED_AFTER
from partners.models import Membership

Occasion = StockAlert.Occasion


def threshold_of(product_id: int) -> StockThreshold | None:
    """Return a product's threshold, None when it has none."""
    return StockThreshold.objects.select_related("product").filter(pk=product_id).first()


def thresholds_on() -> QuerySet[StockThreshold]:
    """Return every threshold that is watched, in the order they are locked."""
    return StockThreshold.objects.select_related("product").filter(is_on=True).order_by("pk")


def recipients_of(threshold: StockThreshold) -> list[User]:
    """Return the active people of the MAR's house whom a threshold names, by role or by person."""
    members = (
        Membership.objects.select_related("user")
        .filter(partner__isnull=True, is_active=True, user__is_active=True)
        .filter(Q(role__in=threshold.roles) | Q(user_id__in=threshold.people))
    )
    return sorted({member.user for member in members}, key=lambda user: user.email)


def house_members() -> list[Membership]:
    """Return the active people of the MAR's house, for a choice."""
    found = Membership.objects.select_related("user").filter(
        partner__isnull=True, is_active=True, user__is_active=True, role__startswith="mar_"
    )
    return list(found.order_by("user__name"))


def open_crossing(product_id: int) -> StockAlert | None:
    """Return the alarm that lasts, None when there is none."""
    return StockAlert.objects.filter(
        product_id=product_id, occasion=Occasion.CROSSING, ended_at__isnull=True
    ).first()


def alerts_of(product_ids: Iterable[int] | None = None) -> QuerySet[StockAlert]:
    """Return alarms, newest first, each with the instant of its first accepted mail."""
    accepted = StockAlertMail.objects.filter(alert=OuterRef("pk"), accepted_at__isnull=False)
    found = StockAlert.objects.select_related("product").annotate(
        proven_at=Subquery(accepted.order_by("accepted_at").values("accepted_at")[:1])
    )
    return found if product_ids is None else found.filter(product_id__in=product_ids)


def alert_by_id(alert_id: UUID) -> StockAlert | None:
    """Return one alarm, None when there is none."""
    return alerts_of().filter(pk=alert_id).first()


def mails_of(alert: StockAlert) -> QuerySet[StockAlertMail]:
    """Return the mails of an alarm, the newest day first."""
    return alert.mails.select_related("person").order_by("-on", "person__name", "pk")


def undelivered_alerts(at: datetime) -> QuerySet[StockAlert]:
    """Return the alarms that lasted over the grace without one accepted mail of their newest day.

    A test that failed counts until any later mail of an alarm was accepted. So does an alarm that has nobody
    to be sent to.
    """
    mails = StockAlertMail.objects.filter(alert=OuterRef("pk"))
    newest_day = Subquery(mails.order_by("-on").values("on")[:1])
    proven = StockAlertMail.objects.filter(
        alert=OuterRef("pk"), on=OuterRef("last_on"), accepted_at__isnull=False
    )
    too_young = StockAlertMail.objects.filter(
        alert=OuterRef("pk"), on=OuterRef("last_on"), queued_at__gt=at - UNDELIVERED_AFTER
    )
    road_works = StockAlertMail.objects.filter(accepted_at__gt=OuterRef("raised_at"))
    lasting = Q(occasion=Occasion.CROSSING, ended_at__isnull=True) | (
        Q(occasion=Occasion.TEST, raised_at__gt=at - TEST_COUNTS_FOR) & ~Exists(road_works)
    )
    return (
        StockAlert.objects.select_related("product")
        .filter(lasting, raised_at__lte=at - UNDELIVERED_AFTER)
        .annotate(last_on=newest_day)
        .filter(~Exists(proven), ~Exists(too_young))
        .order_by("raised_at", "pk")
    )


def undelivered_count(at: datetime) -> int:
    """Return how many alarms are undelivered."""
    return undelivered_alerts(at).count()


def low_products() -> QuerySet[StockAlert]:
    """Return the alarms that last, with their products."""
    return (
        StockAlert.objects.select_related("product")
        .filter(occasion=Occasion.CROSSING, ended_at__isnull=True)
        .order_by(F("likely_on").asc(nulls_last=True), "product__name")
    )


def alarms_by_product(at: datetime) -> dict[str, tuple[int, int]]:
    """Return by product's code, of each that has a threshold, whether it is low and how many alarms nobody got."""
    watched = dict(
        StockThreshold.objects.order_by("product__code").values_list("product_id", "product__code")
    )
    low = set(low_products().values_list("product_id", flat=True))
    undelivered = Counter(undelivered_alerts(at).values_list("product_id", flat=True))
    return {code: (int(pk in low), undelivered[pk]) for pk, code in watched.items()}
