"""GMRL labels as stock: ranges received, ranges issued to partners, single labels used or spoiled.

No two ranges overlap, and no label is used twice: exclusion constraints and a unique index see to it.
"""

from typing import ClassVar
from uuid import uuid4

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from core.database.access import MAR_KEPT, TENANT_READ, tenant_changes
from core.people import WhoField
from licensing.models.device import Device
from partners.models import Partner


class LabelRange(models.Model):
    """A range of serial numbers, both ends included."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    first_serial = models.CharField(_("first"), max_length=16)
    last_serial = models.CharField(_("last"), max_length=16)
    first_position = models.BigIntegerField(editable=False)
    last_position = models.BigIntegerField(editable=False)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.first_serial}–{self.last_serial}"

    @property
    def quantity(self) -> int:
        """Return how many labels the range holds."""
        return self.last_position - self.first_position + 1


class LabelDelivery(LabelRange):
    """A range of labels that the MAR received."""

    access = MAR_KEPT

    width = models.PositiveSmallIntegerField(_("digits"))
    reference = models.CharField(_("delivery note"), max_length=60, blank=True)
    received_by = WhoField(_("received by"), max_length=200)
    received_at = models.DateTimeField(_("received"))

    class Meta:
        ordering = ("-received_at",)
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(last_position__gte=F("first_position")), name="label_delivery_forwards"
            )
        ]


class LabelIssue(LabelRange):
    """A range of labels that a partner got; given back, it may be issued again."""

    access = TENANT_READ

    delivery = models.ForeignKey(LabelDelivery, models.PROTECT, related_name="issues")
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="label_issues")
    width = models.PositiveSmallIntegerField(_("digits"))
    issued_by = WhoField(_("issued by"), max_length=200)
    issued_at = models.DateTimeField(_("issued"))
    returned_by = WhoField(_("taken back by"), max_length=200, blank=True)
    returned_at = models.DateTimeField(_("taken back"), null=True)

    class Meta:
        ordering = ("-issued_at",)
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(last_position__gte=F("first_position")), name="label_issue_forwards"
            )
        ]


class LabelUse(models.Model):
    """One label that left the stock of its partner: on a PC, or spoiled."""

    access = tenant_changes("kind", "reason", "spoiled_at")

    class Kind(models.TextChoices):
        """Where it went."""

        USED = "used", _("On a PC")
        SPOILED = "spoiled", _("Spoiled")

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="+", db_index=False)
    issue = models.ForeignKey(LabelIssue, models.PROTECT, related_name="uses")
    position = models.BigIntegerField(unique=True, editable=False)
    serial = models.CharField(_("label"), max_length=16)
    kind = models.CharField(_("kind"), max_length=7, choices=Kind.choices)
    device = models.ForeignKey(Device, models.PROTECT, null=True, related_name="labels")
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    noted_by = WhoField(_("noted by"), max_length=200)
    noted_at = models.DateTimeField(_("noted"))
    spoiled_at = models.DateTimeField(_("spoiled"), null=True)

    class Meta:
        ordering = ("-noted_at",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["device"], condition=Q(kind="used"), name="one_label_on_a_pc"),
            models.CheckConstraint(
                condition=~Q(kind="used") | Q(device__isnull=False), name="used_label_names_its_pc"
            ),
            models.CheckConstraint(
                condition=~Q(kind="spoiled") | (Q(reason__gt="") & Q(spoiled_at__isnull=False)),
                name="spoiled_label_has_a_reason",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["partner", "-noted_at"], name="label_use_partner")]

    def __str__(self) -> str:
        return self.serial
