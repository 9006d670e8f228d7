"""What a partner lets everybody read about him, in the finder for buyers."""

from typing import ClassVar
from uuid import uuid4

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from core.database.access import APP_ROLE, CURRENT_PARTNER, MAR_ROLE, TPR_ROLE, Access, Right
from partners.models.partner import Partner


class PublicProfile(models.Model):
    """A partner's entry in the public finder: what he can do, where, and his own words. No figures, no people."""

    access = Access(
        {
            APP_ROLE: Right("SELECT", "is_listed"),
            TPR_ROLE: Right(
                "SELECT, INSERT, UPDATE",
                f"partner_id = {CURRENT_PARTNER}",
                ("is_listed", "capabilities", "countries", "website", "blurb", "saved_at"),
            ),
            MAR_ROLE: Right("SELECT, INSERT, UPDATE"),
        }
    )

    class Capability(models.TextChoices):
        """What a partner offers; the first four are the roles of the programme."""

        ADVISE = "advise", _("Advises")
        SELL = "sell", _("Sells PCs")
        BUILD = "build", _("Prepares PCs")
        RUN = "run", _("Looks after PCs in use")
        COLLECT = "collect", _("Collects and wipes old devices")
        SCHOOLS = "schools", _("Serves schools")
        CHARITIES = "charities", _("Serves charities")

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    partner = models.OneToOneField(Partner, models.PROTECT, related_name="public_profile")
    is_listed = models.BooleanField(_("listed"), default=False)
    capabilities = ArrayField(
        models.CharField(max_length=12, choices=Capability.choices),
        verbose_name=_("capabilities"),
        default=list,
        blank=True,
    )
    countries = ArrayField(
        models.CharField(max_length=2),
        verbose_name=_("countries served"),
        default=list,
        blank=True,
        help_text=_("ISO 3166-1 codes."),
    )
    website = models.URLField(_("web site"), blank=True)
    blurb = models.CharField(_("in his own words"), max_length=300, blank=True)
    saved_at = models.DateTimeField(_("last saved"))

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(is_listed=False) | ~models.Q(capabilities=[]),
                name="listed_profile_says_what",
            )
        ]

    def __str__(self) -> str:
        return f"{self.partner_id} {'listed' if self.is_listed else 'not listed'}"
