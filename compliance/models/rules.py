"""Rules that restrict by themselves, as dated data."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from core.database.access import REFERENCE


class ReportingRule(models.Model):
    """From which age, in days, keys that were taken and not reported stop what. Rule CMP-11."""

    access = REFERENCE

    id = models.BigAutoField(primary_key=True)
    valid_from = models.DateTimeField(_("valid from"), unique=True)
    remind_after_days = models.PositiveSmallIntegerField(_("reminder after days"), default=7)
    stop_orders_after_days = models.PositiveSmallIntegerField(_("no new orders after days"), default=30)
    stop_keys_after_days = models.PositiveSmallIntegerField(_("no keys after days"), default=60)

    class Meta:
        ordering = ("-valid_from",)
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(remind_after_days__lt=F("stop_orders_after_days"))
                & Q(stop_orders_after_days__lt=F("stop_keys_after_days")),
                name="reporting_rule_rises",
            )
        ]

    def __str__(self) -> str:
        return f"{self.stop_orders_after_days}/{self.stop_keys_after_days}"
