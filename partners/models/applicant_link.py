"""The link by which an applicant without an account comes back to his application."""

from typing import ClassVar
from uuid import uuid4

from django.db import models
from django.utils.translation import gettext_lazy as _

from core.database.access import APP_ROLE, CURRENT_GUEST, MAR_ROLE, Access, Right
from partners.models.application import Application


class ApplicantLink(models.Model):
    """One mailed link; only its hash is stored. It opens together with the application's e-mail address only."""

    access = Access(
        {
            APP_ROLE: Right("SELECT, INSERT, UPDATE", f"application_id = {CURRENT_GUEST}", ("used_at",)),
            MAR_ROLE: Right("SELECT, INSERT"),
        }
    )

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    application = models.ForeignKey(Application, models.PROTECT, related_name="links")
    token_hash = models.BinaryField(_("token hash"), max_length=32, unique=True)
    created_at = models.DateTimeField(_("made"))
    expires_at = models.DateTimeField(_("valid until"))
    used_at = models.DateTimeField(_("last used"), null=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["application"], name="applicant_link_application")]

    def __str__(self) -> str:
        return f"{self.application_id} until {self.expires_at}"
