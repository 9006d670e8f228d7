"""What the MAR's people write down about a partner, for themselves."""

from typing import ClassVar
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from core.database.access import MAR_ONLY
from partners.models.partner import Partner


class PartnerNote(models.Model):
    """One note. The partner has no right on this table at all."""

    access = MAR_ONLY

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="+")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    text = models.TextField(_("note"), max_length=2000)
    at = models.DateTimeField(_("written"))
    is_pinned = models.BooleanField(_("kept on top"), default=False)

    class Meta:
        ordering = ("-is_pinned", "-at")
        indexes: ClassVar = [models.Index(fields=["partner", "-at"], name="partner_note_partner")]
        constraints: ClassVar = [
            models.CheckConstraint(condition=~models.Q(text=""), name="note_says_something")
        ]

    def __str__(self) -> str:
        return f"{self.partner_id} {self.at:%Y-%m-%d}"
