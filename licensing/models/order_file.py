"""Orders from a file: what a partner uploaded, and the order that each line became."""

from typing import ClassVar
from uuid import uuid4

from django.db import models
from django.db.models import Q, Value
from django.utils.translation import gettext_lazy as _

from core.database.access import tenant_changes
from core.people import WhoField
from licensing.models.catalogue import Product
from licensing.models.order import Lane, Order
from partners.models import Partner, Recipient


class OrderFile(models.Model):
    """A partner's file of orders, checked and kept until he says yes. It reserves nothing."""

    access = tenant_changes("placed_at", "placed_by")

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="order_files", db_index=False)
    file_name = models.CharField(_("file name"), max_length=120)
    sha256 = models.CharField(_("SHA-256"), max_length=64)
    uploaded_by = WhoField(_("uploaded by"), max_length=200)
    uploaded_at = models.DateTimeField(_("uploaded"))
    placed_by = WhoField(_("placed by"), max_length=200, blank=True, db_default="")
    placed_at = models.DateTimeField(_("placed"), null=True)

    class Meta:
        ordering = ("-uploaded_at", "-id")
        indexes: ClassVar = [
            models.Index(fields=["partner", "-uploaded_at", "-id"], name="order_file_partner"),
        ]

    def __str__(self) -> str:
        return self.file_name


class OrderFileLine(models.Model):
    """One row of the file: what to order. Rows with one reference are ordered together, or none of them."""

    access = tenant_changes("order_id", "refusals")

    class Shortage(models.TextChoices):
        """What happens when the stock does not give all of it."""

        REFUSE = "refuse", _("Do not order")
        WAIT = "queue", _("Wait in the queue")
        SPLIT = "split", _("Take what is there, queue the rest")

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    file = models.ForeignKey(OrderFile, models.PROTECT, related_name="lines", db_index=False)
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="+", db_index=False)
    row_number = models.PositiveIntegerField(_("row"))
    group = models.CharField(_("order reference"), max_length=60)
    reference = models.CharField(_("your reference"), max_length=60)
    product = models.ForeignKey(Product, models.PROTECT, related_name="+")
    quantity = models.PositiveIntegerField(_("quantity"))
    recipient = models.ForeignKey(Recipient, models.PROTECT, null=True, related_name="+")
    shortage = models.CharField(_("if the stock is short"), max_length=6, choices=Shortage.choices)
    may_wait = models.BooleanField(_("may be held"), default=True)
    lane = models.CharField(_("lane"), max_length=8, choices=Lane.choices, blank=True)
    note = models.CharField(_("what the MAR should know"), max_length=300, blank=True)
    details = models.JSONField(
        _("details"), db_default=Value({}, output_field=models.JSONField()), default=dict
    )
    order = models.OneToOneField(Order, models.PROTECT, null=True, related_name="file_line")
    refusals = models.JSONField(
        _("why it was not placed"),
        db_default=Value([], output_field=models.JSONField()),
        default=list,
        help_text=_("As they stood at the last attempt."),
    )

    class Meta:
        ordering = ("row_number",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["file", "row_number"], name="order_file_row_once"),
            models.CheckConstraint(condition=Q(quantity__gte=1), name="order_file_quantity_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.row_number}: {self.quantity} × {self.product_id}"
