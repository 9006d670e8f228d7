"""What a partner asks of its own buyers: nobody else's business, so no other role may read it."""

from typing import ClassVar
from uuid import uuid4

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.database.access import TPR_ROLE, Access, Right, Rows
from licensing.models.catalogue import Product
from partners.models import Partner


class ResalePrice(models.Model):
    """A partner's own price of one licence to its buyers, net. The MAR has no right on this table at all."""

    access = Access({TPR_ROLE: Right("SELECT, INSERT, UPDATE, DELETE", Rows.OWN)})

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="+", db_index=False)
    product = models.ForeignKey(Product, models.PROTECT, related_name="+")
    amount = models.DecimalField(_("own price"), max_digits=10, decimal_places=2)
    currency = models.CharField(_("currency"), max_length=3)
    changed_at = models.DateTimeField(_("changed"))

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["partner", "product"], name="resale_once"),
            models.CheckConstraint(condition=Q(amount__gte=0), name="resale_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"
