"""Keys sent back to Microsoft, line by line."""

from typing import ClassVar
from uuid import uuid4

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.database.access import MAR_KEPT
from core.database.functions import NextNumber
from core.people import WhoField
from licensing.models.key import STATE_CHOICES, ProductKey


class ReturnRequest(models.Model):
    """One return message with its RMA number."""

    access = MAR_KEPT

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    number = models.BigIntegerField(
        _("number"), unique=True, db_default=NextNumber("licensing_return_number")
    )
    rma_number = models.CharField(_("RMA number"), max_length=35, unique=True)
    return_type = models.CharField(_("return type"), max_length=3, help_text=_("ZOA to ZOF."))
    is_without_credit = models.BooleanField(_("without credit"), default=False)
    reason = models.CharField(_("reason"), max_length=200)
    requested_by = WhoField(_("requested by"), max_length=200)
    sent_at = models.DateTimeField(_("sent"))

    class Meta:
        ordering = ("-number",)

    def __str__(self) -> str:
        return self.rma_number


class ReturnLine(models.Model):
    """One key of a return, with the state it would fall back to and Microsoft's answer."""

    access = MAR_KEPT

    id = models.BigAutoField(primary_key=True)
    request = models.ForeignKey(ReturnRequest, models.PROTECT, related_name="lines")
    key = models.ForeignKey(ProductKey, models.PROTECT, related_name="return_lines")
    previous_state = models.PositiveSmallIntegerField(_("state before"), choices=STATE_CHOICES)
    answer_code = models.CharField(_("answer"), max_length=4, blank=True)
    answered_at = models.DateTimeField(_("answered"), null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["key"], condition=Q(answered_at__isnull=True), name="return_open_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.request_id} {self.key_id}"
