"""A key that takes another one's place: a swap before the PC was reported, a replacement after."""

from typing import ClassVar
from uuid import uuid4

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from core.database.access import TENANT_READ
from core.people import WhoField
from licensing.models.device import Device
from licensing.models.key import KeyAssignment
from licensing.models.partner_return import PartnerReturn
from partners.models import Partner


class KeyReplacement(models.Model):
    """One key in the place of another, linked both ways by their ids.

    It hangs on the assignments, not on the keys: a key that nobody saw may be sold again after a swap.
    """

    access = TENANT_READ

    class Kind(models.TextChoices):
        """By which rule it was given."""

        SWAP = "swap", _("Swapped before the report")
        GOODWILL = "goodwill", _("Replaced at no charge")
        CHARGED = "charged", _("Replaced and charged")

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="+")
    kind = models.CharField(_("kind"), max_length=8, choices=Kind.choices)
    old_assignment = models.OneToOneField(KeyAssignment, models.PROTECT, related_name="replaced_by")
    new_assignment = models.OneToOneField(KeyAssignment, models.PROTECT, related_name="replaces")
    old_product_key_id = models.CharField(_("old key"), max_length=13, db_index=True)
    new_product_key_id = models.CharField(_("new key"), max_length=13, db_index=True)
    is_same_line = models.BooleanField(_("on the order line of the old key"))
    device = models.ForeignKey(Device, models.PROTECT, null=True, related_name="replacements")
    request = models.ForeignKey(PartnerReturn, models.PROTECT, null=True, related_name="replacements")
    reason = models.CharField(_("reason"), max_length=200)
    made_by = WhoField(_("made by"), max_length=200)
    made_at = models.DateTimeField(_("made"))

    class Meta:
        ordering = ("-made_at",)
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["device"], condition=Q(kind="goodwill"), name="one_goodwill_for_a_pc"
            ),
            models.CheckConstraint(
                condition=~Q(old_product_key_id=F("new_product_key_id")), name="replacement_is_another_key"
            ),
            models.CheckConstraint(
                condition=~Q(kind="goodwill") | Q(device__isnull=False), name="goodwill_names_its_pc"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.old_product_key_id} → {self.new_product_key_id}"
