"""What is sold, to whom and how much: dated data. What it costs: prices.py."""

from typing import ClassVar
from uuid import uuid4

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from core.database.access import REFERENCE, TENANT_READ
from partners.models import Partner


class LicenceFamily(models.TextChoices):
    """The two families of refurbisher licences."""

    COMMERCIAL = "commercial", _("Commercial")
    CITIZENSHIP = "citizenship", _("Citizenship")


class Product(models.Model):
    """One licensable part: an edition of a family."""

    access = REFERENCE

    id = models.BigAutoField(primary_key=True)
    code = models.CharField(_("code"), max_length=30, unique=True, help_text=_("Like WIN11-PRO-REF-COM."))
    name = models.CharField(_("name"), max_length=80)
    lpn = models.CharField(_("licensable part number"), max_length=16, unique=True)
    family = models.CharField(_("family"), max_length=12, choices=LicenceFamily.choices)
    edition = models.CharField(_("edition"), max_length=20)
    generation = models.CharField(_("generation"), max_length=20, help_text=_("Like Windows 11."))
    who_may_receive = models.CharField(_("who may receive it"), max_length=200, blank=True)
    order_from = models.DateTimeField(_("on sale from"))
    order_before = models.DateTimeField(_("on sale until"), null=True, help_text=_("Exclusive."))
    install_before = models.DateTimeField(_("keys are taken until"), null=True, help_text=_("Exclusive."))
    sell_before = models.DateTimeField(_("PCs are sold until"), null=True, help_text=_("Exclusive."))

    class Meta:
        ordering = ("code",)
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=(Q(order_before__isnull=True) | Q(order_before__gt=F("order_from")))
                & (Q(install_before__isnull=True) | Q(order_before__isnull=True)
                   | Q(install_before__gte=F("order_before")))
                & (Q(sell_before__isnull=True) | Q(install_before__isnull=True)
                   | Q(sell_before__gte=F("install_before")))
                & (Q(sell_before__isnull=True) | Q(order_before__isnull=True)
                   | Q(sell_before__gte=F("order_before"))),
                name="product_windows_in_order",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.name


class FamilyGrant(models.Model):
    """A partner's leave to order a licence family."""

    access = TENANT_READ

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="family_grants")
    family = models.CharField(_("family"), max_length=12, choices=LicenceFamily.choices)
    valid_from = models.DateTimeField(_("valid from"))
    valid_before = models.DateTimeField(_("valid until"), null=True, help_text=_("Exclusive."))

    class Meta:
        indexes: ClassVar = [models.Index(fields=["partner", "family"], name="family_grant_partner")]

    def __str__(self) -> str:
        return f"{self.partner_id} {self.family}"


class SaleCountry(models.Model):
    """A country besides his own that a partner and the MAR agreed he sells to."""

    access = TENANT_READ

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="sale_countries", db_index=False)
    country = models.CharField(_("country"), max_length=2, help_text=_("ISO 3166-1 code."))
    valid_from = models.DateTimeField(_("valid from"))
    valid_before = models.DateTimeField(_("valid until"), null=True, help_text=_("Exclusive."))

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["partner", "country"],
                condition=Q(valid_before__isnull=True),
                name="sale_country_once",
            ),
            models.CheckConstraint(
                condition=Q(valid_before__isnull=True) | Q(valid_before__gte=F("valid_from")),
                name="sale_country_time_in_order",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["partner"], name="sale_country_partner")]

    def __str__(self) -> str:
        return f"{self.partner_id} {self.country}"


class OrderLimit(models.Model):
    """How many licences a partner may order in one calendar month, over all products."""

    access = TENANT_READ

    partner = models.OneToOneField(Partner, models.PROTECT, primary_key=True, related_name="order_limit")
    monthly_quantity = models.PositiveIntegerField(_("licences a month"))

    def __str__(self) -> str:
        return str(self.monthly_quantity)
