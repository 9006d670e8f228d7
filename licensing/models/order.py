"""A partner's orders.

An order's life: it passes every gate and gets all its keys in the transaction that places it (allocated);
or it waits, held, for an approval or in the queue, until the gates let it through; or it does not exist at
all. It is completed when every key is reported; cancelled when all its untouched keys went back; expired
when it waited too long. The steps: licensing/rules/order_states.py.
"""

from typing import ClassVar
from uuid import uuid4

from django.db import models
from django.db.models import F, Q, Value
from django.utils.translation import gettext_lazy as _

from core.database.access import TENANT_ADD, TENANT_APPEND
from core.database.functions import NextNumber
from core.people import WhoField
from licensing.models.catalogue import Product
from licensing.models.prices import Price, PriceDeviation
from licensing.models.product_version import ProductVersion
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


# Not allocated yet, and not over: such an order waits for something that its page names.
WAITING_STATES = (
    OrderState.DRAFT.value,
    OrderState.HELD_CREDIT.value,
    OrderState.HELD_COMPLIANCE.value,
    OrderState.NEEDS_APPROVAL.value,
    OrderState.BACKORDERED.value,
)


class Lane(models.TextChoices):
    """How an order is decided."""

    STANDARD = "standard", _("Standard: no person")
    SPECIAL = "special", _("Special: a person decides")


class Order(models.Model):
    """One order by one partner in one currency."""

    access = TENANT_ADD

    class Channel(models.TextChoices):
        """How the order came."""

        BROWSER = "browser", _("Browser")
        API = "api", _("API")
        CSV = "csv", _("CSV file")
        STANDING = "standing", _("Standing order")

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
    lane = models.CharField(_("lane"), max_length=8, choices=Lane.choices, db_default=Lane.STANDARD.value)
    lane_note = models.CharField(
        _("why this lane"),
        max_length=200,
        blank=True,
        db_default="",
        help_text=_("Recommended and why, or chosen."),
    )
    wish = models.CharField(
        _("what the approver should know"), max_length=300, blank=True, db_default="",
    )  # fmt: skip
    allows_backorder = models.BooleanField(_("may wait for stock"), db_default=False)
    allows_split = models.BooleanField(_("may come in parts"), db_default=False)
    holds = models.JSONField(
        _("what it waits for"),
        db_default=Value([], output_field=models.JSONField()),
        help_text=_("Refusals as they stood when it began to wait."),
    )
    waits_since = models.DateTimeField(_("waits since"), null=True)
    expires_at = models.DateTimeField(
        _("expires"), null=True, help_text=_("When nothing has ended the wait.")
    )
    split_from = models.ForeignKey(
        "self", models.PROTECT, null=True, related_name="parts", help_text=_("The order whose rest this is.")
    )
    decided_by = WhoField(_("decided by"), max_length=200, blank=True, db_default="")
    decided_by_id = models.CharField(_("decided by id"), max_length=40, blank=True, db_default="")
    decided_at = models.DateTimeField(_("decided"), null=True)
    decision_reason = models.CharField(_("reason"), max_length=300, blank=True, db_default="")

    class Meta:
        ordering = ("-number",)
        indexes: ClassVar = [
            models.Index(fields=["partner", "-number"], name="order_partner"),
            models.Index(fields=["partner", "placed_at"], name="order_placed"),
            models.Index(fields=["-placed_at", "-id"], name="order_newest"),
            models.Index(
                fields=["partner", "state", "number"],
                name="order_waiting",
                condition=Q(state__in=WAITING_STATES),
            ),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=~Q(state__in=WAITING_STATES) | Q(allocated_at__isnull=True),
                name="order_waits_without_keys",
            ),
            models.CheckConstraint(
                condition=Q(decided_by_id="") | ~Q(decided_by_id=F("placed_by_id")),
                name="order_decided_by_another",
            ),
            models.CheckConstraint(
                condition=Q(decided_at__isnull=True) | ~Q(decision_reason=""),
                name="order_decided_with_reason",
            ),
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
    product_version = models.ForeignKey(
        ProductVersion, models.PROTECT, null=True, related_name="+", db_index=False,
        help_text=_("What the product was when it was ordered."),
    )  # fmt: skip

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(quantity__gte=1), name="line_quantity_positive")
        ]
        indexes: ClassVar = [
            models.Index(fields=["deviation"], name="line_of_deviation", condition=Q(deviation__isnull=False))
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.product_id}"


class OrderEvent(models.Model):
    """One step of an order, as its timeline tells it. Written in the transaction of the step."""

    access = TENANT_APPEND

    class Kind(models.TextChoices):
        """What happened."""

        PLACED = "placed", _("Order placed")
        HELD = "held", _("Put on hold")
        RELEASED = "released", _("Hold ended")
        QUEUED = "queued", _("Waits for stock")
        RESERVED = "reserved", _("Keys reserved")
        CONFIRMED = "confirmed", _("Confirmed")
        APPROVED = "approved", _("Approved")
        REFUSED = "refused", _("Not approved")
        SPLIT = "split", _("Delivered in parts")
        ALLOCATED = "allocated", _("All keys assigned")
        COMPLETED = "completed", _("Every key answered or returned")
        CANCELLED = "cancelled", _("Order cancelled")
        EXPIRED = "expired", _("Waited too long")

    id = models.BigAutoField(primary_key=True)
    order = models.ForeignKey(Order, models.PROTECT, related_name="events")
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="+", db_index=False)
    kind = models.CharField(_("what"), max_length=10, choices=Kind.choices)
    from_state = models.CharField(_("from"), max_length=15, choices=OrderState.choices, blank=True)
    to_state = models.CharField(_("to"), max_length=15, choices=OrderState.choices)
    note = models.CharField(_("note"), max_length=300, blank=True)
    facts = models.JSONField(_("facts"), default=dict)
    by = WhoField(_("by"), max_length=200)
    by_id = models.CharField(_("by id"), max_length=40)
    at = models.DateTimeField(_("time"))

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return f"{self.kind} {self.order_id}"


class BackOrder(models.Model):
    """A line's place in the queue of its product. It keeps its place while a hold takes it out for a time."""

    access = TENANT_ADD

    order_line = models.OneToOneField(OrderLine, models.PROTECT, primary_key=True, related_name="back_order")
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="+")
    product = models.ForeignKey(Product, models.PROTECT, related_name="+", db_index=False)
    quantity = models.PositiveIntegerField(_("quantity"))
    queued_at = models.DateTimeField(_("in the queue since"))
    place = models.BigIntegerField(_("place"), help_text=_("The number of the first order of the line."))
    ended_at = models.DateTimeField(_("left the queue"), null=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(quantity__gte=1), name="back_order_quantity_positive"),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["product", "queued_at", "place"],
                include=["quantity"],
                name="back_order_queue",
                condition=Q(ended_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} for {self.order_line_id}"
