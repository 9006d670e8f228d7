"""A third-party refurbisher under the MAR's contract."""

from typing import ClassVar
from uuid import uuid4

from django.db import models
from django.utils.translation import gettext_lazy as _

from core.database.access import APP_ROLE, CURRENT_PARTNER, MAR_ROLE, TPR_ROLE, Access, Right


class PartnerState(models.TextChoices):
    """Where a partner stands. What each state allows: partners/rules/partner_states.py."""

    AGREEMENT_PENDING = "agreement_pending", _("Terms to be accepted")
    ACTIVE = "active", _("Active")
    RESTRICTED = "restricted", _("Restricted")
    SUSPENDED = "suspended", _("Suspended")
    WINDING_DOWN = "winding_down", _("Winding down")
    TERMINATED = "terminated", _("Terminated")


class Partner(models.Model):
    """A TPR: the tenant of the portal."""

    access = Access(
        {
            APP_ROLE: Right("SELECT"),  # sign-in shows whose portal this is
            # What stands on contracts (name, country, VAT, bank) changes by a request the MAR confirms; the state
            # by partners/services/standing_state.py in the MAR's scope.
            TPR_ROLE: Right(
                "SELECT, UPDATE",
                f"id = {CURRENT_PARTNER}",
                ("contact_name", "contact_email", "phone", "website"),
            ),
            MAR_ROLE: Right("SELECT, INSERT, UPDATE"),
        }
    )

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    code = models.CharField(_("code"), max_length=12, unique=True, help_text=_("Like TPR-0007."))
    name = models.CharField(_("name"), max_length=120)
    country = models.CharField(_("country"), max_length=2, help_text=_("ISO 3166-1 code."))
    vat_id = models.CharField(_("VAT id"), max_length=20, blank=True)
    contact_name = models.CharField(_("contact"), max_length=120, blank=True)
    contact_email = models.EmailField(_("contact e-mail"), blank=True)
    phone = models.CharField(_("telephone"), max_length=30, blank=True)
    website = models.URLField(_("web site"), blank=True)
    iban = models.CharField(_("IBAN"), max_length=34, blank=True, help_text=_("Without spaces."))
    wiping_standard = models.CharField(_("wiping standard"), max_length=60, blank=True)
    expected_volume = models.PositiveIntegerField(
        _("expected volume"), default=0, help_text=_("PCs a month.")
    )
    state = models.CharField(_("state"), max_length=20, choices=PartnerState.choices)
    state_since = models.DateTimeField(_("in this state since"))
    state_reason = models.CharField(_("reason of the state"), max_length=300, blank=True)
    state_set_by_id = models.CharField(max_length=40, blank=True, editable=False)
    tier = models.CharField(
        _("tier"), max_length=20, default="starter", help_text=_("A code of compliance's tiers, pushed down.")
    )
    created_at = models.DateTimeField(_("partner since"))
    access_ends_at = models.DateTimeField(
        _("access ends"),
        null=True,
        help_text=_("Exclusive: from this instant no person and no key opens anything."),
    )

    class Meta:
        ordering = ("name",)
        indexes: ClassVar = [models.Index(fields=["state", "name"], name="partner_state")]

    def __str__(self) -> str:
        return self.name
