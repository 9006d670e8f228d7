"""Invitations of many at once: former members of the programme, from one list."""

from typing import ClassVar
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from core.database.access import MAR_ROLE, Access, Right
from partners.models.application import Application


class BulkInvitationState(models.TextChoices):
    """How far a list is. It is sent as a whole or not at all."""

    CHECKED = "checked", _("Checked, waits for your yes")
    SENDING = "sending", _("Being sent")
    SENT = "sent", _("Sent")
    DROPPED = "dropped", _("Dropped")


class BulkInvitation(models.Model):
    """One list of companies to invite. ``rows`` holds it until it is sent; then the applications do."""

    access = Access({MAR_ROLE: Right("SELECT, INSERT, UPDATE")})

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    file_name = models.CharField(_("file name"), max_length=120)
    state = models.CharField(_("state"), max_length=10, choices=BulkInvitationState.choices)
    row_count = models.PositiveIntegerField(_("companies"))
    rows = models.JSONField(_("rows"), default=list)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    made_at = models.DateTimeField(_("uploaded"))
    sent_at = models.DateTimeField(_("sent"), null=True)

    class Meta:
        ordering = ("-made_at",)
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=~models.Q(state="sent") | models.Q(sent_at__isnull=False, rows=[]),
                name="bulk_invitation_sent_keeps_no_rows",
            )
        ]

    def __str__(self) -> str:
        return self.file_name


class InvitedApplicant(models.Model):
    """The draft that one row of a list became."""

    access = Access({MAR_ROLE: Right("SELECT, INSERT")}, is_append_only=True)

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    invitation = models.ForeignKey(BulkInvitation, models.PROTECT, related_name="applicants")
    application = models.OneToOneField(Application, models.PROTECT, related_name="invited")
    row_number = models.PositiveIntegerField(_("row"))
    former_id = models.CharField(_("former programme id"), max_length=40, blank=True)

    class Meta:
        ordering = ("row_number",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["invitation", "row_number"], name="invited_row_once"),
            models.UniqueConstraint(
                fields=["former_id"], condition=~models.Q(former_id=""), name="former_id_invited_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.invitation_id} {self.row_number}"
