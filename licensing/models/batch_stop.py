"""A delivery that was stopped after its release: who held what back, and how a second person ended it."""

from typing import ClassVar
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from core.database.access import ALLOCATOR_ROLE, MAR_APPEND, MAR_ROLE, Access, Right
from licensing.models.key import ProductKey
from licensing.models.key_batch import KeyBatch


class BatchStop(models.Model):
    """The rest of a delivery in quarantine: by one person at once; undone or given back by another."""

    access = Access({MAR_ROLE: Right("SELECT, INSERT, UPDATE"), ALLOCATOR_ROLE: Right("SELECT")})

    class State(models.TextChoices):
        """How the stop ended."""

        STOPPED = "stopped", _("In quarantine")
        UNDONE = "undone", _("Import undone")
        GIVEN_BACK = "given_back", _("Back in stock")

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    batch = models.ForeignKey(KeyBatch, models.PROTECT, related_name="stops")
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.STOPPED)
    reason = models.CharField(_("reason"), max_length=500)
    stopped_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    stopped_at = models.DateTimeField(_("stopped"))
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(_("decided"), null=True)
    note = models.CharField(_("reason of the decision"), max_length=500, blank=True)

    class Meta:
        ordering = ("-stopped_at",)
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["batch"], condition=~Q(state="given_back"), name="batch_stopped_once"
            ),
            models.CheckConstraint(
                condition=Q(state="stopped", decided_by__isnull=True, decided_at__isnull=True)
                | (~Q(state="stopped") & Q(decided_by__isnull=False, decided_at__isnull=False)),
                name="batch_stop_decided_whole",
            ),
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=F("stopped_by")),
                name="batch_stop_two_people",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.batch_id} {self.state}"


class StoppedKey(models.Model):
    """A key that a stop holds: free when it began, come back since, or undone with the delivery.

    What was held before for another reason joins with the undo only: giving back leaves it where it is.
    """

    # The database itself adds a key that comes back while its delivery is stopped.
    access = Access({MAR_ROLE: Right("SELECT, INSERT"), ALLOCATOR_ROLE: Right("INSERT")}, is_append_only=True)

    id = models.BigAutoField(primary_key=True)
    stop = models.ForeignKey(BatchStop, models.PROTECT, related_name="keys", db_index=False)
    key = models.ForeignKey(ProductKey, models.PROTECT, related_name="+", db_index=False)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["stop", "key"], name="stopped_key_once")]

    def __str__(self) -> str:
        return f"{self.key_id} in {self.stop_id}"


class UndoneKey(models.Model):
    """The tombstone of a key whose import was undone: the name and index it had.

    The key's row stays for good, under a name nobody else has; its own name is free, so that Microsoft's
    delivery can be imported again, as a key of its own.
    """

    access = MAR_APPEND

    key = models.OneToOneField(ProductKey, models.PROTECT, primary_key=True, related_name="undone")
    stop = models.ForeignKey(BatchStop, models.PROTECT, related_name="+")
    product_key_id = models.CharField(_("product key id"), max_length=13, db_index=True)
    blind_index = models.BinaryField(_("blind index"), max_length=32)

    def __str__(self) -> str:
        return self.product_key_id
