"""The one refurbisher that runs this portal."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from core.database.access import REFERENCE


class Mar(models.Model):
    """The Microsoft Authorized Refurbisher: one row of facts that stand on every document."""

    access = REFERENCE

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    legal_name = models.CharField(_("legal name"), max_length=120)
    sold_to_id = models.CharField(
        _("sold-to number"), max_length=10, help_text=_("Microsoft's customer number.")
    )
    address = models.TextField(_("address"), blank=True)
    country = models.CharField(_("country"), max_length=2, help_text=_("ISO 3166-1 code."))
    vat_id = models.CharField(_("VAT id"), max_length=20, blank=True)
    time_zone = models.CharField(_("time zone of the month"), max_length=50, default="Europe/Berlin")
    currency = models.CharField(_("currency"), max_length=3, default="EUR")
    contact_email = models.EmailField(_("contact"), blank=True)
    notice_days = models.PositiveSmallIntegerField(
        _("notice of new terms"), default=30, help_text=_("Days between announcement and entry into force.")
    )

    class Meta:
        constraints: ClassVar = [models.CheckConstraint(condition=models.Q(id=1), name="mar_is_one_row")]

    def __str__(self) -> str:
        return self.legal_name
