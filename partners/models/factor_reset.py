"""A colleague's lost second step, taken off by somebody else: the link by which he sets up another."""

from typing import ClassVar
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from core.database.access import APP_ROLE, CURRENT_PARTNER, MAR_ROLE, TPR_ROLE, Access, Right
from core.people import WhoField
from partners.models.partner import Partner

_OWN = f"partner_id = {CURRENT_PARTNER}"


class FactorReset(models.Model):
    """While one is unused, its person can set up a factor only after opening its link."""

    access = Access(
        {
            APP_ROLE: Right("SELECT, UPDATE", update_columns=("used_at",)),
            TPR_ROLE: Right("SELECT, INSERT, UPDATE", _OWN, ("used_at",)),
            MAR_ROLE: Right("SELECT, INSERT, UPDATE"),
        }
    )

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    token_hash = models.BinaryField(_("token hash"), max_length=32, unique=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="+", null=True)
    reason = models.CharField(_("reason"), max_length=300)
    requested_by = WhoField(_("requested by"), max_length=200)
    requested_by_id = models.CharField(_("id of who requested"), max_length=40)
    requested_at = models.DateTimeField(_("requested"))
    expires_at = models.DateTimeField(_("valid until"))
    used_at = models.DateTimeField(_("used"), null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["user"], condition=models.Q(used_at__isnull=True), name="one_open_factor_reset"
            ),
            models.CheckConstraint(condition=~models.Q(reason=""), name="factor_reset_has_a_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.requested_at:%Y-%m-%d}"
