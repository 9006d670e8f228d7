"""A partner's orders.

An order's life: placed and submitted, it passes every gate and gets all its keys in the same
transaction (allocated), or it does not exist at all. It is completed when every key is reported;
cancelled when all its untouched keys went back.
"""

from typing import ClassVar
from uuid import uuid4

from django.db import models
from django.db.models import Q, Value
from django.utils.translation import gettext_lazy as _

from core.database.access import TENANT_ADD
from core.database.functions import NextNumber
from core.people import WhoField
from licensing.models.catalogue import Product
from licensing.models.prices import Price, PriceDeviation
from partners.models import Partner, Recipient


class OrderState(models.TextChoices):
    """Where an order stands."""

    DRAFT = "draft", _("Draft")
    SUBMITTED = "submitted", _("Submitted")
    HELD_CREDIT = "held_credit", _("Held: credit")
    HELD_COMPLIANCE = "held_compliance", _("Held: compliance")
    NEEDS_APPROVAL = "needs_approval", _("Needs approval")
    BACKORDERED = "backordered", _("Back-ordered")
    ALLOCATED = "allocated", _("Keys assigned")
    COMPLETED = "completed", _("Completed")
    CANCELLED = "cancelled", _("Cancelled")
    EXPIRED = "expired", _("Expired")


class Order(models.Model):
    """One order by one partner in one currency."""

    access = TENANT_ADD

    class Channel(models.TextChoices):
        """How the order came."""

        BROWSER = "browser", _("Browser")
        API = "api", _("API")

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    number = models.BigIntegerField(_("number"), unique=True, db_default=NextNumber("licensing_order_number"))
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="orders")
    recipient = models.ForeignKey(
        Recipient, models.PROTECT, null=True, related_name="orders", help_text=_("Of Citizenship licences.")
    )
    state = models.CharField(_("state"), max_length=15, choices=OrderState.choices)
    channel = models.CharField(_("channel"), max_length=10, choices=Channel.choices)
    reference = models.CharField(_("your reference"), max_length=60, blank=True)
    placed_by = WhoField(_("placed by"), max_length=200)
    placed_by_id = models.CharField(_("placed by id"), max_length=40)
    placed_at = models.DateTimeField(_("placed"))
    allocated_at = models.DateTimeField(_("keys assigned"), null=True)
    cancelled_at = models.DateTimeField(_("cancelled"), null=True)

    class Meta:
        ordering = ("-number",)
        indexes: ClassVar = [
            models.Index(fields=["partner", "-number"], name="order_partner"),
            models.Index(fields=["partner", "placed_at"], name="order_placed"),
            models.Index(fields=["-placed_at", "-id"], name="order_newest"),
        ]

    def __str__(self) -> str:
        return f"O-{self.number:06d}"


class OrderLine(models.Model):
    """A quantity of one product at the price of the moment it was ordered."""

    access = TENANT_ADD

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    order = models.ForeignKey(Order, models.PROTECT, related_name="lines")
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="+", db_index=False)
    product = models.ForeignKey(Product, models.PROTECT, related_name="+")
    quantity = models.PositiveIntegerField(_("quantity"))
    unit_price = models.DecimalField(_("unit price"), max_digits=10, decimal_places=2)
    currency = models.CharField(_("currency"), max_length=3)
    # Where the price came from; the database refuses to change any of the four afterwards.
    price = models.ForeignKey(Price, models.PROTECT, null=True, related_name="+", db_index=False)
    deviation = models.ForeignKey(
        PriceDeviation, models.PROTECT, null=True, related_name="lines", db_index=False
    )
    details = models.JSONField(
        _("details"),
        db_default=Value({}, output_field=models.JSONField()),
        help_text=_("What the product asks for, by the schema in force when it was ordered."),
    )

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(quantity__gte=1), name="line_quantity_positive")
        ]
        indexes: ClassVar = [
            models.Index(fields=["deviation"], name="line_of_deviation", condition=Q(deviation__isnull=False))
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.product_id}"
