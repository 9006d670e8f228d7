"""Orders that come again: what, when, for how long, and what became of each time."""

from typing import ClassVar
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.db.models import Q, Value
from django.utils.translation import gettext_lazy as _

from core.database.access import TENANT_ADD, tenant_changes
from core.people import WhoField
from licensing.models.catalogue import Product
from licensing.models.order import Lane, Order
from licensing.models.order_file import OrderFileLine
from partners.models import ApiKey, Partner, Recipient


class StandingState(models.TextChoices):
    """Where a standing order stands."""

    ACTIVE = "active", _("Active")
    PAUSED = "paused", _("Paused")
    ENDED = "ended", _("Ended")


class StandingOrder(models.Model):
    """What a partner has ordered in advance: once on a day, or every week or month.

    It orders in the name of the person or program that made it, by the prices and gates of that day. It is
    never changed: it is ended, and another one made.
    """

    access = tenant_changes("state", "reason", "next_on", "next_at", "runs_made", "ended_at")

    class Cadence(models.TextChoices):
        """How often."""

        ONCE = "once", _("Once")
        WEEKLY = "weekly", _("Every week")
        MONTHLY = "monthly", _("Every month")

    class IfRefused(models.TextChoices):
        """What happens when an order is refused."""

        SKIP = "skip", _("Leave this time out and tell me")
        HOLD = "hold", _("Pause until I resume it, then order this time")

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="standing_orders", db_index=False)
    name = models.CharField(_("name"), max_length=60, help_text=_("Your reference on each of its orders."))
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", help_text=_("Who orders.")
    )
    owner_key = models.ForeignKey(ApiKey, models.PROTECT, null=True, related_name="+")
    cadence = models.CharField(_("how often"), max_length=8, choices=Cadence.choices)
    weekday = models.PositiveSmallIntegerField(_("weekday"), null=True, help_text=_("1 is Monday."))
    month_day = models.PositiveSmallIntegerField(
        _("day of the month"), null=True, help_text=_("Past the month's end: its last day.")
    )
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(_("until"), null=True, help_text=_("The last day it may order."))
    times = models.PositiveSmallIntegerField(_("how many times"), null=True)
    time_of_day = models.TimeField(_("at"))
    time_zone = models.CharField(_("time zone"), max_length=50)
    if_refused = models.CharField(_("if refused"), max_length=4, choices=IfRefused.choices)
    state = models.CharField(_("state"), max_length=6, choices=StandingState.choices)
    reason = models.CharField(_("why"), max_length=300, blank=True)
    next_on = models.DateField(_("next day"), null=True)
    next_at = models.DateTimeField(_("next time"), null=True)
    runs_made = models.PositiveIntegerField(_("times so far"), default=0)
    made_by = WhoField(_("made by"), max_length=200)
    made_at = models.DateTimeField(_("made"))
    confirmed_by = models.CharField(
        _("second factor"), max_length=40, blank=True, help_text=_("How its maker had proved who he is.")
    )
    ended_at = models.DateTimeField(_("ended"), null=True)

    class Meta:
        ordering = ("-made_at", "-id")
        indexes: ClassVar = [
            models.Index(fields=["partner", "-made_at", "-id"], name="standing_partner"),
            models.Index(fields=["next_at"], name="standing_due", condition=Q(state="active")),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(owner__isnull=False, owner_key__isnull=True)
                | Q(owner__isnull=True, owner_key__isnull=False),
                name="standing_has_one_owner",
            ),
            models.CheckConstraint(
                condition=Q(state="active", next_at__isnull=False, next_on__isnull=False)
                | Q(state="paused", next_at__isnull=True)
                | Q(state="ended", next_at__isnull=True, ended_at__isnull=False),
                name="standing_next_while_active",
            ),
            models.CheckConstraint(
                condition=Q(cadence="once", weekday__isnull=True, month_day__isnull=True)
                | Q(cadence="weekly", weekday__range=(1, 7), month_day__isnull=True)
                | Q(cadence="monthly", weekday__isnull=True, month_day__range=(1, 31)),
                name="standing_day_fits",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class StandingOrderLine(models.Model):
    """One product of a standing order."""

    access = TENANT_ADD

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    standing_order = models.ForeignKey(StandingOrder, models.PROTECT, related_name="lines", db_index=False)
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="+", db_index=False)
    place = models.PositiveSmallIntegerField(_("place"))
    product = models.ForeignKey(Product, models.PROTECT, related_name="+")
    quantity = models.PositiveIntegerField(_("quantity"))
    recipient = models.ForeignKey(Recipient, models.PROTECT, null=True, related_name="+")
    shortage = models.CharField(
        _("if the stock is short"), max_length=6, choices=OrderFileLine.Shortage.choices
    )
    may_wait = models.BooleanField(_("may be held"), default=True)
    lane = models.CharField(_("lane"), max_length=8, choices=Lane.choices, blank=True)
    note = models.CharField(_("what the MAR should know"), max_length=300, blank=True)
    details = models.JSONField(
        _("details"), db_default=Value({}, output_field=models.JSONField()), default=dict
    )

    class Meta:
        ordering = ("place",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["standing_order", "place"], name="standing_line_once"),
            models.CheckConstraint(condition=Q(quantity__gte=1), name="standing_line_quantity"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.product_id}"


class StandingRun(models.Model):
    """One time of a standing order: its day, and what became of it."""

    access = tenant_changes("outcome", "refusals")

    class Outcome(models.TextChoices):
        """What became of it."""

        PLACED = "placed", _("Ordered")
        REFUSED = "refused", _("Refused, left out")
        HELD = "held", _("Refused, waits for you")
        SKIPPED = "skipped", _("Left out by you")
        STOPPED = "stopped", _("Its owner may not order")

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    standing_order = models.ForeignKey(StandingOrder, models.PROTECT, related_name="runs", db_index=False)
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="+", db_index=False)
    period = models.DateField(_("day"))
    ran_at = models.DateTimeField(_("time"))
    outcome = models.CharField(_("outcome"), max_length=8, choices=Outcome.choices)
    missed = models.PositiveSmallIntegerField(
        _("days missed before"), default=0, help_text=_("Ordered once for all of them.")
    )
    refusals = models.JSONField(
        _("why not"), db_default=Value([], output_field=models.JSONField()), default=list
    )

    class Meta:
        ordering = ("-period",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["standing_order", "period"], name="standing_run_once")
        ]

    def __str__(self) -> str:
        return f"{self.standing_order_id} {self.period}"


class StandingRunOrder(models.Model):
    """An order that a run placed."""

    access = TENANT_ADD

    order = models.OneToOneField(Order, models.PROTECT, primary_key=True, related_name="standing_run")
    run = models.ForeignKey(StandingRun, models.PROTECT, related_name="orders")
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="+", db_index=False)

    def __str__(self) -> str:
        return f"{self.run_id} {self.order_id}"
