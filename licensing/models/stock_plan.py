"""What the forecast of stock rests on: the use of each day, how Microsoft supplies, what was called off."""

from typing import ClassVar
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.database.access import MAR_APPEND, MAR_ONLY
from core.people import WhoField
from licensing.models.catalogue import Product


class DailyUse(models.Model):
    """What a product's stock gave and took back on one day of the MAR's zone; a day without use has its nought."""

    access = MAR_ONLY

    id = models.BigAutoField(primary_key=True)
    product = models.ForeignKey(Product, models.PROTECT, related_name="+", db_index=False)
    on = models.DateField(_("day"), help_text=_("In the MAR's zone."))
    taken = models.PositiveIntegerField(_("keys assigned"))
    put_back = models.PositiveIntegerField(_("keys back in stock"))

    class Meta:
        ordering = ("on",)
        constraints: ClassVar = [models.UniqueConstraint(fields=["product", "on"], name="use_once_a_day")]

    def __str__(self) -> str:
        return f"{self.product_id} {self.on}: {self.taken}-{self.put_back}"


class SupplyTerms(models.Model):
    """How a product is called off from an instant on: the newest row in force counts. Append-only."""

    access = MAR_APPEND

    id = models.BigAutoField(primary_key=True)
    product = models.ForeignKey(Product, models.PROTECT, related_name="supply_terms")
    lead_time_days = models.PositiveSmallIntegerField(
        _("lead time"), help_text=_("Days from the call-off to the delivery.")
    )
    review_days = models.PositiveSmallIntegerField(
        _("review period"), help_text=_("Days from one call-off to the next.")
    )
    pack_size = models.PositiveIntegerField(_("pack"), help_text=_("Keys; the quantity is a multiple of it."))
    minimum = models.PositiveIntegerField(_("minimum"), help_text=_("Keys of the smallest call-off."))
    valid_from = models.DateTimeField(_("valid from"))
    written_by = WhoField(_("written by"), max_length=200)
    written_at = models.DateTimeField(_("written"))

    class Meta:
        ordering = ("-valid_from", "-id")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(lead_time_days__gte=1, lead_time_days__lte=365)
                & Q(review_days__gte=1, review_days__lte=365)
                & Q(pack_size__gte=1, minimum__gte=1),
                name="supply_terms_bounds",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.product_id} from {self.valid_from}"


class CallOff(models.Model):
    """Keys ordered at Microsoft: open until all have come, or a person says that the rest does not."""

    access = MAR_ONLY

    class State(models.TextChoices):
        """Whether keys are still on their way."""

        OPEN = "open", _("On its way")
        RECEIVED = "received", _("Received")
        CLOSED = "closed", _("Closed")

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    call_off_reference = models.CharField(
        _("call-off reference"), max_length=35, help_text=_("As Microsoft's delivery names it.")
    )
    product = models.ForeignKey(Product, models.PROTECT, related_name="call_offs")
    quantity = models.PositiveIntegerField(_("keys"))
    proposed = models.PositiveIntegerField(_("keys proposed"), help_text=_("By the arithmetic of that time."))
    arithmetic = models.JSONField(_("arithmetic"), default=dict)
    expected_on = models.DateField(_("expected"), help_text=_("In the MAR's zone."))
    received = models.PositiveIntegerField(_("keys received"), default=0)
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.OPEN)
    called_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    called_at = models.DateTimeField(_("called off"))
    ended_at = models.DateTimeField(_("ended"), null=True)
    ended_by = WhoField(_("ended by"), max_length=200, blank=True)
    end_reason = models.CharField(_("reason of the end"), max_length=300, blank=True)

    class Meta:
        ordering = ("expected_on", "call_off_reference")
        indexes: ClassVar = [
            models.Index(fields=["product"], name="call_off_open", condition=Q(state="open")),
        ]
        constraints: ClassVar = [
            # Microsoft's reference may hold lines of several products; each is followed by itself.
            models.UniqueConstraint(fields=["call_off_reference", "product"], name="call_off_once"),
            models.CheckConstraint(
                condition=~Q(call_off_reference="") & Q(quantity__gte=1), name="call_off_whole"
            ),
            models.CheckConstraint(
                condition=Q(state="open", ended_at__isnull=True)
                | (Q(state="received") & Q(ended_at__isnull=False))
                | (Q(state="closed") & Q(ended_at__isnull=False) & ~Q(end_reason="")),
                name="call_off_ended_whole",
            ),
        ]

    def __str__(self) -> str:
        return self.call_off_reference

    @property
    def rest(self) -> int:
        """Return how many keys have not come yet."""
        return max(self.quantity - self.received, 0)
