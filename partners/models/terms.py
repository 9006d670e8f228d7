"""The TPR terms: versioned texts and who accepted which."""

from typing import ClassVar
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from core.database.access import REFERENCE, TENANT_APPEND
from partners.models.partner import Partner


class TermsVersion(models.Model):
    """One version of the TPR terms. The text never changes; its hash is what a partner accepts."""

    access = REFERENCE

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    version = models.CharField(_("version"), max_length=20, unique=True)
    summary = models.TextField(_("in plain words"))
    text = models.TextField(_("text"))
    text_sha256 = models.CharField(_("text hash"), max_length=64)
    effective_from = models.DateTimeField(_("in force from"))
    due_from = models.DateTimeField(_("must be accepted from"))

    class Meta:
        ordering = ("-effective_from",)

    def __str__(self) -> str:
        return self.version


class TermsAcceptance(models.Model):
    """Who accepted which text for a partner, when and from where."""

    access = TENANT_APPEND

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="acceptances")
    terms = models.ForeignKey(TermsVersion, models.PROTECT, related_name="acceptances")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    role = models.CharField(_("role"), max_length=20)
    accepted_at = models.DateTimeField(_("accepted"))
    ip = models.GenericIPAddressField(_("address"), null=True)
    text_sha256 = models.CharField(_("text hash"), max_length=64)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["partner", "terms"], name="terms_accepted_once")
        ]

    def __str__(self) -> str:
        return f"{self.partner_id} {self.terms_id}"
