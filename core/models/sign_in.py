"""Where a person is signed in, and where he was."""

from typing import ClassVar
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from core.database.access import SHARED


class SignInSession(models.Model):
    """One browser that a person signed in with: what he sees in his list, and may end."""

    access = SHARED

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="sign_in_sessions")
    session_key = models.CharField(_("session"), max_length=40, unique=True)
    started_at = models.DateTimeField(_("signed in"))
    seen_at = models.DateTimeField(_("last seen"))
    ended_at = models.DateTimeField(_("ended"), null=True)
    ip = models.GenericIPAddressField(_("address"), null=True)
    network = models.CharField(_("network"), max_length=43, blank=True, help_text=_("/24 or /64."))
    device = models.CharField(_("device"), max_length=60, blank=True, help_text=_("Browser and system."))

    class Meta:
        ordering = ("-seen_at",)
        indexes: ClassVar = [models.Index(fields=["user", "-seen_at"], name="sign_in_session_user")]

    def __str__(self) -> str:
        return f"{self.device} {self.ip}"
