"""The paper about an acceptance: made once from the stored facts, then served as it was made."""

from uuid import uuid4

from django.db import models
from django.utils.translation import gettext_lazy as _

from core.database.access import TENANT_APPEND
from partners.models import Partner, TermsAcceptance


class AcceptancePaper(models.Model):
    """One stored PDF of one acceptance, with the seal over its facts."""

    access = TENANT_APPEND

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="+")
    acceptance = models.OneToOneField(TermsAcceptance, models.PROTECT, related_name="paper")
    name = models.CharField(_("name"), max_length=80)
    path = models.CharField(_("stored as"), max_length=200)
    sha256 = models.CharField(_("checksum"), max_length=64)
    size = models.PositiveIntegerField(_("size"), help_text=_("Bytes."))
    seal = models.CharField(_("seal"), max_length=64, help_text=_("HMAC-SHA256 over the facts."))
    made_at = models.DateTimeField(_("made"))

    def __str__(self) -> str:
        return self.name
