"""Whom to ask on the other side: three areas, in the order of escalation."""

from typing import ClassVar
from uuid import uuid4

from django.db import models
from django.utils.translation import gettext_lazy as _

from core.database.access import MAR_ROLE, TPR_ROLE, Access, Right, Rows
from core.sealed import SealedTextField
from partners.models.partner import Partner


class NamedContact(models.Model):
    """One person for one area: a partner's own, or the MAR's for all partners (no partner named)."""

    # A partner reads the MAR's contacts and writes his own.
    access = Access(
        {
            TPR_ROLE: Right(
                "SELECT, INSERT, UPDATE",
                Rows.OWN_OR_SHARED,
                ("name", "email", "email_index", "phone", "subject", "changed_at"),
                written=Rows.OWN,
            ),
            MAR_ROLE: Right("SELECT, INSERT, UPDATE"),
        }
    )

    class Side(models.TextChoices):
        """Whose person it is."""

        TPR = "tpr", _("Partner")
        MAR = "mar", _("Programme office")

    class Area(models.TextChoices):
        """What to ask about; also the order in which a case goes up."""

        TECHNICAL = "technical", _("Technical questions")
        COMMERCIAL = "commercial", _("Orders and money")
        MANAGEMENT = "management", _("Management")

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    partner = models.ForeignKey(Partner, models.PROTECT, null=True, related_name="contacts")
    side = models.CharField(_("side"), max_length=3, choices=Side.choices)
    area = models.CharField(_("area"), max_length=10, choices=Area.choices)
    # Whose key seals the three lines below; another person in this place is another subject.
    subject = models.UUIDField(default=uuid4, editable=False)
    name = SealedTextField(_("name"))
    email = SealedTextField(_("e-mail address"))
    phone = SealedTextField(_("telephone"), blank=True)
    email_index = models.BinaryField(max_length=32, editable=False, default=bytes)
    changed_at = models.DateTimeField(_("last changed"))

    class Meta:
        indexes: ClassVar = [models.Index(fields=["email_index"], name="contact_email_index")]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["partner", "area"], name="one_contact_an_area"),
            models.UniqueConstraint(
                fields=["area"], condition=models.Q(partner__isnull=True), name="one_mar_contact_an_area"
            ),
            models.CheckConstraint(
                condition=models.Q(side="tpr", partner__isnull=False)
                | models.Q(side="mar", partner__isnull=True),
                name="contact_side_fits_partner",
            ),
            models.CheckConstraint(
                condition=(models.Q(name__in=["", "–"]) | models.Q(name__startswith="s1."))
                & (models.Q(email__in=["", "–"]) | models.Q(email__startswith="s1."))
                & (models.Q(phone__in=["", "–"]) | models.Q(phone__startswith="s1.")),
                name="contact_is_sealed",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.area}: {self.name}"
