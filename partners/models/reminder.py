"""Which reminder a partner got, so that none is sent twice and none is lost with a missed day."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from core.database.access import MAR_APPEND
from partners.models.partner import Partner


class Reminder(models.Model):
    """One reminder of one date to one partner."""

    access = MAR_APPEND

    id = models.BigAutoField(primary_key=True)
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="+")
    subject = models.CharField(_("subject"), max_length=20, help_text=_("terms or training."))
    object_id = models.UUIDField(_("object"))
    days_before = models.PositiveSmallIntegerField(_("days before"))
    sent_at = models.DateTimeField(_("sent"))

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["partner", "subject", "object_id", "days_before"], name="reminded_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.subject} {self.partner_id} {self.days_before}"
