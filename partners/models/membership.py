"""Who belongs where, with which role."""

from typing import ClassVar
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from core.database.access import APP_ROLE, CURRENT_PARTNER, MAR_ROLE, TPR_ROLE, Access, Right
from core.people import WhoField
from partners.models.partner import Partner


class Role(models.TextChoices):
    """The eleven roles. What each may do stands in partners/rules/permissions.py."""

    TPR_OWNER = "tpr_owner", _("Owner")
    TPR_BUYER = "tpr_buyer", _("Buyer")
    TPR_TECHNICIAN = "tpr_technician", _("Technician")
    TPR_FINANCE = "tpr_finance", _("Finance")
    TPR_READONLY = "tpr_readonly", _("Read only")
    MAR_ADMIN = "mar_admin", _("MAR administrator")
    MAR_APPROVER = "mar_approver", _("MAR approver")
    MAR_STOCK = "mar_stock", _("MAR stock keeper")
    MAR_FINANCE = "mar_finance", _("MAR finance")
    COMPLIANCE = "compliance", _("Compliance officer")
    AUDITOR = "auditor", _("Auditor")


_OWN = f"partner_id = {CURRENT_PARTNER}"


class Membership(models.Model):
    """One person's role at one partner, or at the MAR when no partner is named."""

    access = Access(
        {
            APP_ROLE: Right("SELECT, INSERT"),  # sign-in and accepted invitations
            TPR_ROLE: Right("SELECT, INSERT, UPDATE", _OWN, ("role", "is_active")),
            MAR_ROLE: Right("SELECT, INSERT, UPDATE", update_columns=("role", "is_active")),
        }
    )

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="memberships")
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="memberships", null=True, blank=True)
    role = models.CharField(_("role"), max_length=20, choices=Role.choices)
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(_("since"))

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["user"], condition=models.Q(is_active=True), name="one_active_membership"
            ),
            models.CheckConstraint(
                condition=models.Q(partner__isnull=False, role__startswith="tpr_")
                | (models.Q(partner__isnull=True) & ~models.Q(role__startswith="tpr_")),
                name="role_fits_the_house",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.role}"

    @property
    def role_label(self) -> str:
        """Return the role in words."""
        return str(Role(self.role).label)


class Invitation(models.Model):
    """A link by which a person joins; only its hash is stored, and it opens once."""

    access = Access(
        {
            APP_ROLE: Right("SELECT, UPDATE", update_columns=("accepted_at",)),
            TPR_ROLE: Right("SELECT, INSERT, UPDATE", _OWN, ("cancelled_at",)),
            MAR_ROLE: Right("SELECT, INSERT, UPDATE"),
        }
    )

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    token_hash = models.BinaryField(_("token hash"), max_length=32, unique=True)
    email = models.EmailField(_("e-mail address"))
    name = models.CharField(_("name"), max_length=120)
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="invitations", null=True)
    role = models.CharField(_("role"), max_length=20, choices=Role.choices)
    invited_by = WhoField(_("invited by"), max_length=200)
    created_at = models.DateTimeField(_("sent"))
    expires_at = models.DateTimeField(_("valid until"))
    accepted_at = models.DateTimeField(_("accepted"), null=True)
    cancelled_at = models.DateTimeField(_("cancelled"), null=True)

    def __str__(self) -> str:
        return f"{self.email} {self.role}"
