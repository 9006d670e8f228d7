"""Alarms of low stock: the threshold of each product, each alarm, and what became of each of its mails."""

from typing import ClassVar
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from core.database.access import MAR_ONLY, MAR_ROLE, Access, Right
from core.people import WhoField
from licensing.models.catalogue import Product


class StockThreshold(models.Model):
    """Below what a product counts as low, and who hears of it."""

    access = MAR_ONLY

    class Measure(models.TextChoices):
        """What is measured."""

        KEYS = "keys", _("Free keys")
        DAYS = "days", _("Days of cover")

    product = models.OneToOneField(Product, models.PROTECT, primary_key=True, related_name="threshold")
    measure = models.CharField(_("measure"), max_length=4, choices=Measure.choices)
    below = models.PositiveIntegerField(_("low below"), help_text=_("Keys or days, by the measure."))
    margin_percent = models.PositiveSmallIntegerField(
        _("margin"), default=10, help_text=_("Percent above the threshold at which the alarm ends.")
    )
    roles = models.JSONField(_("roles"), default=list, help_text=_("Roles of the MAR's house."))
    people = models.JSONField(_("people"), default=list, help_text=_("Ids of single accounts of the house."))
    is_on = models.BooleanField(_("on"), default=True)
    changed_by = WhoField(_("changed by"), max_length=200)
    changed_at = models.DateTimeField(_("changed"))

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(below__gte=1) & Q(margin_percent__lte=200), name="threshold_bounds"
            ),
            models.CheckConstraint(condition=~Q(roles=[], people=[]), name="threshold_tells_someone"),
        ]

    def __str__(self) -> str:
        return f"{self.product_id} below {self.below} {self.measure}"


class StockAlert(models.Model):
    """One alarm, from the crossing to the way back above; or a test, which ends at once."""

    access = Access({MAR_ROLE: Right("SELECT, INSERT, UPDATE")})

    class Occasion(models.TextChoices):
        """Why it was raised."""

        CROSSING = "crossing", _("Stock fell below the threshold")
        TEST = "test", _("Test")

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    product = models.ForeignKey(Product, models.PROTECT, related_name="stock_alerts")
    occasion = models.CharField(_("occasion"), max_length=8, choices=Occasion.choices)
    measure = models.CharField(_("measure"), max_length=4, choices=StockThreshold.Measure.choices)
    below = models.PositiveIntegerField(_("threshold"))
    value = models.PositiveIntegerField(
        _("value"), null=True, help_text=_("Keys or days; none when unknown.")
    )
    free = models.PositiveIntegerField(_("free keys"))
    likely_on = models.DateField(_("runs dry"), null=True)
    raised_at = models.DateTimeField(_("raised"))
    raised_by = WhoField(_("raised by"), max_length=200)
    ended_at = models.DateTimeField(_("ended"), null=True)

    class Meta:
        ordering = ("-raised_at",)
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["product"],
                condition=Q(occasion="crossing", ended_at__isnull=True),
                name="alert_once_a_crossing",
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True) | Q(ended_at__gte=F("raised_at")), name="alert_ends_later"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.product_id} {self.occasion} {self.raised_at}"


class StockAlertMail(models.Model):
    """One mail of an alarm to one person on one day: what the mail server said of it."""

    access = Access({MAR_ROLE: Right("SELECT, INSERT, UPDATE")})

    id = models.BigAutoField(primary_key=True)
    alert = models.ForeignKey(StockAlert, models.PROTECT, related_name="mails", db_index=False)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    on = models.DateField(_("day"), help_text=_("In the MAR's zone."))
    queued_at = models.DateTimeField(_("queued"))
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    tried_at = models.DateTimeField(_("last attempt"), null=True)
    accepted_at = models.DateTimeField(_("accepted"), null=True)
    receipt = models.CharField(
        _("receipt"), max_length=200, blank=True, help_text=_("Message-ID and server.")
    )
    problem = models.CharField(_("last problem"), max_length=200, blank=True)

    class Meta:
        ordering = ("-on", "pk")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["alert", "person", "on"], name="alert_mail_once_a_day"),
            models.CheckConstraint(
                condition=Q(accepted_at__isnull=True) | ~Q(receipt=""),
                name="alert_mail_accepted_with_receipt",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.alert_id} to {self.person_id} on {self.on}"
