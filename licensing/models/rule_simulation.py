"""What a draft of a rule would change, as it was computed; and who was told of a version and read it."""

from typing import ClassVar
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from core.database.access import MAR_APPEND, TENANT_APPEND, TENANT_READ
from core.people import WhoField
from licensing.models.programme_rule import RuleVersion
from partners.models import Partner


class RuleSimulation(models.Model):
    """One run over live data: every partner and order whose outcome a draft would change. Appended only."""

    access = MAR_APPEND

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    version = models.ForeignKey(RuleVersion, models.PROTECT, related_name="simulations")
    as_of = models.DateTimeField(
        _("looked at for"), help_text=_("The instant at which the draft would begin.")
    )
    data_at = models.DateTimeField(_("data of"))
    rules_sha256 = models.CharField(_("SHA-256 of the rules"), max_length=64)
    result_sha256 = models.CharField(_("SHA-256 of the result"), max_length=64)
    subjects = models.PositiveIntegerField(_("looked at"))
    partners_changed = models.PositiveIntegerField(_("partners that change"))
    orders_changed = models.PositiveIntegerField(_("orders that change"))
    # Rows of kind, id, label, partner_id, aspect, before, after.
    changes = models.JSONField(_("changes"))
    run_by = WhoField(_("run by"), max_length=200)
    run_by_id = models.CharField(max_length=40, editable=False)

    class Meta:
        ordering = ("-data_at",)

    def __str__(self) -> str:
        return f"{self.version_id} {self.data_at:%Y-%m-%d %H:%M}"


class RuleNotice(models.Model):
    """A published version in one partner's inbox, with what it changes for him as it was simulated."""

    access = TENANT_READ

    id = models.BigAutoField(primary_key=True)
    version = models.ForeignKey(RuleVersion, models.PROTECT, related_name="notices")
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="+", db_index=False)
    changes = models.JSONField(_("changes"), default=list, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["partner", "version"], name="rule_noticed_once"),
        ]

    def __str__(self) -> str:
        return f"{self.version_id} {self.partner_id}"


class RuleReading(models.Model):
    """Who read a version, and when."""

    access = TENANT_APPEND

    id = models.BigAutoField(primary_key=True)
    version = models.ForeignKey(RuleVersion, models.PROTECT, related_name="readings", db_index=False)
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False)
    read_at = models.DateTimeField(_("read"))

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["version", "user"], name="rule_read_once"),
        ]

    def __str__(self) -> str:
        return f"{self.version_id} {self.user_id}"
