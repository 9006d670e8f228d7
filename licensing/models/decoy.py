"""Which keys are decoys, said in a way that a copy of the database cannot read."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.database.access import ALLOCATOR_ROLE, MAR_ROLE, Access, Right
from licensing.models.catalogue import Product
from licensing.models.key_batch import Fulfilment


class Decoy(models.Model):
    """The mark of one decoy: an HMAC of its key's number under a key that never stands in the database.

    No role of a request reads the table; ``licensing_is_decoy`` answers for one key. The mark of the number
    0, which no key has, tells whether the portal still holds the right key.
    """

    access = Access({ALLOCATOR_ROLE: Right("SELECT, INSERT")})

    mark = models.BinaryField(_("mark"), max_length=32, primary_key=True)

    def __str__(self) -> str:
        return bytes(self.mark).hex()[:8]


class DecoyCount(models.Model):
    """How many decoys a fulfilment got: what every count of keys leaves out. Which ones it does not say."""

    access = Access(
        {
            MAR_ROLE: Right("SELECT, INSERT"),
            ALLOCATOR_ROLE: Right("SELECT, UPDATE", update_columns=("free", "held", "undone")),
        }
    )

    fulfilment = models.OneToOneField(
        Fulfilment, models.PROTECT, primary_key=True, related_name="decoy_count"
    )
    product = models.ForeignKey(Product, models.PROTECT, related_name="+")
    free = models.PositiveIntegerField(_("among the free keys"))
    held = models.PositiveIntegerField(_("in quarantine"), default=0)
    undone = models.PositiveIntegerField(_("undone with their delivery"), default=0, db_default=0)
    released_at = models.DateTimeField(_("released"))

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(free__gt=0) | Q(held__gt=0) | Q(undone__gt=0), name="decoy_count_is_of_some"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.free + self.held + self.undone} of {self.fulfilment_id}"
