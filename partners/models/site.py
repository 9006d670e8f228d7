"""Where a partner works, and under which names he sells."""

from typing import ClassVar
from uuid import uuid4

from django.db import models
from django.utils.translation import gettext_lazy as _

from core.database.access import tenant_changes
from partners.models.document import Document
from partners.models.partner import Partner


class Site(models.Model):
    """One address of a partner. A site that moved is closed and a new one opened."""

    access = tenant_changes("name", "street", "postcode", "city", "country", "closed_at")

    class Kind(models.TextChoices):
        """What the address is for."""

        LEGAL = "legal", _("Registered office")
        SHIPPING = "shipping", _("Deliveries")
        BUILD = "build", _("Workshop")

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="sites")
    name = models.CharField(_("name"), max_length=80)
    kind = models.CharField(_("used for"), max_length=10, choices=Kind.choices)
    street = models.CharField(_("street and number"), max_length=120)
    postcode = models.CharField(_("postcode"), max_length=12)
    city = models.CharField(_("town"), max_length=80)
    country = models.CharField(_("country"), max_length=2, help_text=_("ISO 3166-1 code."))
    since = models.DateField(_("since"))
    closed_at = models.DateTimeField(_("closed"), null=True)

    class Meta:
        ordering = ("kind", "name")
        indexes: ClassVar = [models.Index(fields=["partner", "closed_at"], name="site_partner")]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["partner"],
                condition=models.Q(kind="legal", closed_at__isnull=True),
                name="one_registered_office",
            ),
            models.CheckConstraint(
                condition=~models.Q(name="") & ~models.Q(street="") & ~models.Q(city=""),
                name="site_has_an_address",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name}, {self.city}"


class Brand(models.Model):
    """A name under which a partner sells, with its logo and whom a buyer asks for help."""

    access = tenant_changes("name", "logo_id", "support_email", "support_phone", "support_url", "closed_at")

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="brands")
    name = models.CharField(_("name"), max_length=80)
    logo = models.ForeignKey(Document, models.PROTECT, null=True, related_name="+")
    support_email = models.EmailField(_("help by e-mail"), blank=True)
    support_phone = models.CharField(_("help by telephone"), max_length=30, blank=True)
    support_url = models.URLField(_("help page"), blank=True)
    created_at = models.DateTimeField(_("since"))
    closed_at = models.DateTimeField(_("closed"), null=True)

    class Meta:
        ordering = ("name",)
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["partner", "name"],
                condition=models.Q(closed_at__isnull=True),
                name="brand_name_once",
            ),
        ]

    def __str__(self) -> str:
        return self.name
