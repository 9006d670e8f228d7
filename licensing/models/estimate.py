"""What an order would cost, written down for a while, and turned into orders once."""

from datetime import datetime
from decimal import Decimal
from typing import ClassVar
from uuid import uuid4

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from core.database.access import tenant_changes
from core.database.functions import NextNumber
from core.people import WhoField
from licensing.models.catalogue import Product
from licensing.models.order import Order
from partners.models import Partner


class Estimate(models.Model):
    """A partner's estimate in one currency. It reserves nothing; it holds its prices until ``valid_before``."""

    access = tenant_changes("converted_at", "withdrawn_at")

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    number = models.BigIntegerField(
        _("number"), unique=True, db_default=NextNumber("licensing_estimate_number")
    )
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="estimates", db_index=False)
    reference = models.CharField(_("your reference"), max_length=60, blank=True)
    currency = models.CharField(_("currency"), max_length=3)
    valid_before = models.DateTimeField(_("valid until"), help_text=_("Exclusive."))
    written_by = WhoField(_("written by"), max_length=200)
    written_at = models.DateTimeField(_("written"))
    converted_at = models.DateTimeField(_("ordered"), null=True)
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True)

    class Meta:
        ordering = ("-number",)
        indexes: ClassVar = [models.Index(fields=["partner", "-number"], name="estimate_partner")]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(valid_before__gt=F("written_at")), name="estimate_ends_later"),
            models.CheckConstraint(
                condition=Q(converted_at__isnull=True) | Q(withdrawn_at__isnull=True),
                name="estimate_ends_once",
            ),
        ]

    def __str__(self) -> str:
        return f"E-{self.number:06d}"

    def state_at(self, at: datetime) -> str:
        """Return ordered, withdrawn, open or lapsed."""
        if self.converted_at is not None:
            return "ordered"
        if self.withdrawn_at is not None:
            return "withdrawn"
        return "open" if at < self.valid_before else "lapsed"


class EstimateLine(models.Model):
    """A quantity of one product at the price of the day it was written, and the order it became."""

    access = tenant_changes("order_id")

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    estimate = models.ForeignKey(Estimate, models.PROTECT, related_name="lines")
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="+", db_index=False)
    place = models.PositiveSmallIntegerField(_("place"))
    product = models.ForeignKey(Product, models.PROTECT, related_name="+")
    quantity = models.PositiveIntegerField(_("quantity"))
    unit_price = models.DecimalField(_("unit price"), max_digits=10, decimal_places=2)
    order = models.OneToOneField(Order, models.PROTECT, null=True, related_name="estimate_line")

    class Meta:
        ordering = ("place",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["estimate", "place"], name="estimate_line_once"),
            models.CheckConstraint(condition=Q(quantity__gte=1), name="estimate_line_quantity"),
            models.CheckConstraint(condition=Q(unit_price__gte=0), name="estimate_line_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.product_id}"

    @property
    def amount(self) -> Decimal:
        """Return the line's net amount."""
        return self.unit_price * self.quantity
