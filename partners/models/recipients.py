"""Organisations that may receive Citizenship licences, and the papers that show it. Never a private person.

Every column of these tables is listed in partners/rules/personal_data.py; a test fails for one that is not.
"""

from typing import ClassVar
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from core.database.access import (
    MAR_ONLY,
    MAR_ROLE,
    REFERENCE,
    TPR_ROLE,
    Access,
    Right,
    Rows,
)
from partners.models.document import Document
from partners.models.partner import Partner


class RecipientState(models.TextChoices):
    """Where a recipient stands. The steps between them: partners/rules/recipients.py."""

    DRAFT = "draft", _("Draft")
    SUBMITTED = "submitted", _("Submitted")
    REVIEWED = "reviewed", _("Reviewed, waits for a second person")
    APPROVED = "approved", _("Approved")
    REFUSED = "refused", _("Refused")
    EXPIRED = "expired", _("Evidence expired")
    WITHDRAWN = "withdrawn", _("Withdrawn")


class Claim(models.TextChoices):
    """Whether an organisation is a partner's own, seen beside the others who registered it."""

    NONE = "", _("Not claimed yet")
    FIRST = "first", _("First come, protected")
    CONFLICT = "conflict", _("Registered already, under review")
    SHARED = "shared", _("Shared with another partner")
    LOST = "lost", _("Belongs to another partner")


class RecipientClass(models.Model):
    """Who may receive Citizenship licences, and what proves it, from a date on: a programme rule as data."""

    access = REFERENCE

    id = models.BigAutoField(primary_key=True)
    code = models.CharField(_("code"), max_length=20)
    name = models.CharField(_("name"), max_length=60)
    description = models.CharField(_("who belongs to it"), max_length=400)
    products = models.JSONField(_("may receive"), default=list, help_text=_("Of: windows, office."))
    evidence = models.JSONField(_("evidence needed"), default=list, help_text=_("Codes of evidence."))
    example = models.CharField(_("example of the evidence"), max_length=300, blank=True)
    terms_reference = models.CharField(_("in the terms"), max_length=40, help_text=_("Like AT 1836."))
    valid_from = models.DateTimeField(_("valid from"))
    valid_before = models.DateTimeField(_("valid until"), null=True, help_text=_("Exclusive."))

    class Meta:
        ordering = ("id",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["code", "valid_from"], name="recipient_class_starts_once"),
            models.CheckConstraint(
                condition=Q(valid_before__isnull=True) | Q(valid_before__gt=F("valid_from")),
                name="recipient_class_ends_later",
            ),
        ]

    def __str__(self) -> str:
        return self.name


# What a partner may change of his own row; whether he may now is decided by the state (recipient_guards.py).
OWN_COLUMNS = (
    "class_code", "name", "name_norm", "register_id", "register_norm", "country", "town", "town_norm", "website",
    "size", "purpose", "state", "submitted_at", "evidence_until", "last_order_at", "criteria", "programme_page",
    "programme_criteria",
)  # fmt: skip


class Recipient(models.Model):
    """One organisation that receives PCs from one partner. It is an organisation, never a private person."""

    access = Access(
        {
            TPR_ROLE: Right("SELECT, INSERT, UPDATE", Rows.OWN, OWN_COLUMNS),
            MAR_ROLE: Right("SELECT, INSERT, UPDATE"),
        }
    )

    class Size(models.TextChoices):
        """How large the organisation is, in places at which a PC could stand."""

        UNDER_20 = "under_20", _("Up to 20 PCs")
        UNDER_100 = "under_100", _("Up to 100 PCs")
        UNDER_500 = "under_500", _("Up to 500 PCs")
        LARGER = "larger", _("More than 500 PCs")

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="recipients")
    # By code, not by row: a class changes by a new dated row, and the recipient stays in his class.
    class_code = models.CharField(_("class"), max_length=20)
    name = models.CharField(_("organisation"), max_length=120)
    name_norm = models.CharField(max_length=120, editable=False)
    register_id = models.CharField(_("register or organisation number"), max_length=40, blank=True)
    register_norm = models.CharField(max_length=40, blank=True, editable=False)
    country = models.CharField(_("country"), max_length=2, help_text=_("ISO 3166-1 code."))
    town = models.CharField(_("town"), max_length=80)
    town_norm = models.CharField(max_length=80, editable=False)
    website = models.URLField(_("web site"), blank=True)
    size = models.CharField(_("size"), max_length=10, choices=Size.choices)
    purpose = models.CharField(_("what it does"), max_length=300, blank=True)

    # Of a Technology Access Programme only: who its people are, by code, and what shows the programme.
    criteria = models.JSONField(_("criteria"), default=list, blank=True)
    programme_page = models.URLField(_("page of the programme"), blank=True)
    programme_criteria = models.CharField(_("how the programme chooses"), max_length=600, blank=True)

    state = models.CharField(_("state"), max_length=10, choices=RecipientState.choices)
    claim = models.CharField(_("first come"), max_length=10, choices=Claim.choices, blank=True, default="")
    is_protected = models.BooleanField(_("protected"), default=False)
    created_at = models.DateTimeField(_("registered"))
    submitted_at = models.DateTimeField(_("submitted"), null=True)
    claimed_at = models.DateTimeField(_("first come since"), null=True)
    last_order_at = models.DateTimeField(_("last order"), null=True)
    evidence_until = models.DateField(
        _("evidence valid until"), null=True, help_text=_("The last day, in the MAR's zone.")
    )
    reviewed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    reviewed_at = models.DateTimeField(_("reviewed"), null=True)
    review_note = models.CharField(_("review note"), max_length=600, blank=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(_("decided"), null=True)
    decision_reason = models.CharField(_("reason"), max_length=600, blank=True)

    class Meta:
        ordering = ("-created_at",)
        indexes: ClassVar = [
            models.Index(fields=["partner", "state"], name="recipient_partner"),
            models.Index(fields=["state", "submitted_at"], name="recipient_queue"),
            models.Index(
                fields=["country", "town_norm"], name="recipient_neighbours", condition=Q(is_protected=True)
            ),
        ]
        constraints: ClassVar = [
            # First come: the database knows one protected registration of an organisation, whoever asks.
            models.UniqueConstraint(
                fields=["country", "register_norm"],
                condition=Q(is_protected=True) & ~Q(register_norm=""),
                name="recipient_protected_register",
            ),
            models.UniqueConstraint(
                fields=["country", "town_norm", "name_norm"],
                condition=Q(is_protected=True),
                name="recipient_protected_name",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["approved", "refused", "expired"])
                | Q(reviewed_by__isnull=False, decided_by__isnull=False),
                name="recipient_decision_needs_two",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["approved", "refused", "expired"]) | ~Q(reviewed_by=F("decided_by")),
                name="recipient_two_different_people",
            ),
            models.CheckConstraint(
                condition=~Q(state="approved") | Q(evidence_until__isnull=False),
                name="recipient_approved_has_evidence",
            ),
            models.CheckConstraint(
                condition=Q(is_protected=False) | Q(claim="first", claimed_at__isnull=False),
                name="recipient_protected_is_first",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["draft", "withdrawn"]) | Q(submitted_at__isnull=False),
                name="recipient_sent_has_time",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class RecipientEvidence(models.Model):
    """A paper about a recipient: which of the needed pieces it is."""

    access = Access(
        {
            TPR_ROLE: Right("SELECT, INSERT, UPDATE", Rows.OWN, ("removed_at",)),
            MAR_ROLE: Right("SELECT, INSERT, UPDATE"),
        }
    )

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="+", db_index=False)
    recipient = models.ForeignKey(Recipient, models.PROTECT, related_name="evidence")
    document = models.ForeignKey(Document, models.PROTECT, related_name="+")
    kind = models.CharField(_("what it shows"), max_length=30)
    added_at = models.DateTimeField(_("added"))
    removed_at = models.DateTimeField(_("taken back"), null=True)

    class Meta:
        ordering = ("added_at",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["recipient", "document"], name="recipient_evidence_once")
        ]

    def __str__(self) -> str:
        return f"{self.recipient_id} {self.kind}"


class RecipientConflict(models.Model):
    """Two partners registered what looks like the same organisation; the MAR decides. No partner sees it."""

    access = MAR_ONLY

    class Likeness(models.TextChoices):
        """Why they look the same."""

        REGISTER = "register", _("Same register number")
        NAME = "name", _("Like name in the same town")

    class Outcome(models.TextChoices):
        """What the MAR decided."""

        OPEN = "open", _("Open")
        KEPT = "kept", _("The first keeps it")
        SHARED = "shared", _("Both may supply it")
        TRANSFERRED = "transferred", _("Passed to the second")
        LAPSED = "lapsed", _("One of them withdrew")

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    first = models.ForeignKey(Recipient, models.PROTECT, related_name="+")
    second = models.ForeignKey(Recipient, models.PROTECT, related_name="+")
    likeness = models.CharField(_("looks the same by"), max_length=10, choices=Likeness.choices)
    found_at = models.DateTimeField(_("found"))
    outcome = models.CharField(_("outcome"), max_length=12, choices=Outcome.choices, default=Outcome.OPEN)
    reason = models.CharField(_("reason"), max_length=600, blank=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(_("decided"), null=True)

    class Meta:
        ordering = ("found_at",)
        indexes: ClassVar = [models.Index(fields=["outcome", "found_at"], name="recipient_conflict_queue")]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["first", "second"], condition=Q(outcome="open"), name="recipient_conflict_open_once"
            ),
            models.CheckConstraint(condition=~Q(first=F("second")), name="recipient_conflict_of_two"),
            models.CheckConstraint(
                condition=~Q(outcome__in=["kept", "shared", "transferred"])
                | (Q(decided_by__isnull=False, decided_at__isnull=False) & ~Q(reason="")),
                name="recipient_conflict_decided_with_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.first_id} / {self.second_id}"
