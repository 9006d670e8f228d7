"""The memory of requests that may be repeated: which object the first one made, never its answer."""

from typing import ClassVar
from uuid import uuid4

from django.db import models
from django.utils.translation import gettext_lazy as _

from core.database.access import MAR_ROLE, TPR_ROLE, Access, Right, Rows


class IdempotencyKey(models.Model):
    """One client-made key: the hash of its request and the object that came of it."""

    access = Access(
        {
            TPR_ROLE: Right("SELECT, INSERT, UPDATE", Rows.OWN, ("object_id",)),
            MAR_ROLE: Right("SELECT, INSERT, UPDATE, DELETE"),  # the retention run
        }
    )

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    partner_id = models.UUIDField(_("partner"))
    operation = models.CharField(_("operation"), max_length=60)
    key = models.CharField(_("key"), max_length=100)
    request_hash = models.BinaryField(_("request hash"), max_length=32)
    object_id = models.UUIDField(_("object"), null=True)
    created_at = models.DateTimeField(_("created"))

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["partner_id", "operation", "key"], name="idempotency_key_once"),
        ]

    def __str__(self) -> str:
        return f"{self.operation} {self.key}"
