"""A machine's credential: an imaging station, a shop, or the MAR's own scripts."""

from typing import ClassVar
from uuid import uuid4

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from core.database.access import APP_ROLE, CURRENT_PARTNER, MAR_ROLE, TPR_ROLE, Access, Right
from core.people import WhoField
from partners.models.partner import Partner


class ApiKey(models.Model):
    """A scoped credential, stored as a hash and shown once."""

    access = Access(
        {
            APP_ROLE: Right("SELECT, UPDATE", update_columns=("last_used_at",)),
            TPR_ROLE: Right("SELECT, INSERT, UPDATE", f"partner_id = {CURRENT_PARTNER}", ("revoked_at",)),
            MAR_ROLE: Right("SELECT, INSERT, UPDATE", update_columns=("revoked_at",)),
        }
    )

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    partner = models.ForeignKey(Partner, models.PROTECT, null=True, related_name="api_keys")
    name = models.CharField(_("name"), max_length=80, help_text=_("The station or program that uses it."))
    prefix = models.CharField(_("begins with"), max_length=20)
    secret_hash = models.BinaryField(_("hash"), max_length=32, unique=True)
    scopes = ArrayField(models.CharField(max_length=40), verbose_name=_("rights"))
    daily_claims = models.PositiveIntegerField(_("keys a day"), default=500)
    created_by = WhoField(_("made by"), max_length=200)
    created_at = models.DateTimeField(_("made"))
    expires_at = models.DateTimeField(_("valid until"), null=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True)
    last_used_at = models.DateTimeField(_("last used"), null=True)

    class Meta:
        ordering = ("name",)
        indexes: ClassVar = [models.Index(fields=["partner"], name="api_key_partner")]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"
