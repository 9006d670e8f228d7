"""Agreements, their dated versions, the texts in each language, and who accepted which."""

from typing import ClassVar
from uuid import uuid4

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from core.database.access import APP_ROLE, MAR_ROLE, REFERENCE, TENANT_APPEND, TPR_ROLE, Access, Right
from core.people import WhoField
from partners.models.partner import Partner


class AgreementKind(models.TextChoices):
    """What an agreement is: the one contract, what a product adds to it, what Microsoft adds to both."""

    MASTER = "master", _("Master agreement")
    SCHEDULE = "schedule", _("Product schedule")
    ADDITIONAL = "additional", _("Additional terms")


class Agreement(models.Model):
    """A paper that partners accept. There is one master; the others name the products they cover."""

    access = REFERENCE

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    code = models.CharField(_("code"), max_length=20, unique=True, help_text=_("Like TPR or WIN-COM."))
    kind = models.CharField(_("kind"), max_length=10, choices=AgreementKind.choices)
    title = models.CharField(_("title"), max_length=120)
    # Names, not keys: this app stands below the catalogue.
    families = ArrayField(models.CharField(max_length=12), default=list, verbose_name=_("licence families"))
    products = ArrayField(models.CharField(max_length=30), default=list, verbose_name=_("product codes"))
    created_at = models.DateTimeField(_("created"))

    class Meta:
        ordering = ("code",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["kind"], condition=Q(kind="master"), name="one_master_agreement"),
            models.CheckConstraint(
                condition=~Q(kind="master") | Q(families=[], products=[]), name="master_covers_everything"
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_master(self) -> bool:
        """Return whether this is the contract itself."""
        return self.kind == AgreementKind.MASTER


class TermsVersion(models.Model):
    """One version of an agreement with its three dates. Its texts never change."""

    access = REFERENCE

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    agreement = models.ForeignKey(Agreement, models.PROTECT, related_name="versions")
    version = models.CharField(_("version"), max_length=20)
    binding_language = models.CharField(
        _("binding language"), max_length=5, help_text=_("The text in this language counts.")
    )
    announced_at = models.DateTimeField(_("announced"))
    effective_from = models.DateTimeField(_("in force from"))
    due_from = models.DateTimeField(_("must be accepted from"))
    notice_waiver = models.CharField(
        _("why the notice is shorter"), max_length=200, blank=True, help_text=_("Empty: full notice.")
    )
    published_by = WhoField(_("published by"), max_length=200, blank=True)

    class Meta:
        ordering = ("-effective_from",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["agreement", "version"], name="terms_version_once"),
            models.UniqueConstraint(fields=["agreement", "effective_from"], name="terms_begin_once"),
            models.CheckConstraint(
                condition=Q(effective_from__gte=F("announced_at"), due_from__gte=F("effective_from")),
                name="terms_dates_in_order",
            ),
        ]

    def __str__(self) -> str:
        return self.version


class TermsText(models.Model):
    """The words of a version in one language. Its hash is what a partner accepts."""

    access = Access(
        {APP_ROLE: Right("SELECT"), TPR_ROLE: Right("SELECT"), MAR_ROLE: Right("SELECT, INSERT")},
        is_row_secured=False,
        is_append_only=True,
    )

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    terms = models.ForeignKey(TermsVersion, models.PROTECT, related_name="texts")
    language = models.CharField(_("language"), max_length=5)
    summary = models.TextField(_("in plain words"))
    text = models.TextField(_("text"))
    sha256 = models.CharField(_("text hash"), max_length=64)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["terms", "language"], name="terms_text_once"),
        ]

    def __str__(self) -> str:
        return f"{self.terms_id} {self.language}"


class TermsAcceptance(models.Model):
    """Who accepted which text for a partner, in which role, when and from where."""

    access = TENANT_APPEND

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="acceptances")
    terms = models.ForeignKey(TermsVersion, models.PROTECT, related_name="acceptances")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    role = models.CharField(_("role"), max_length=20)
    accepted_at = models.DateTimeField(_("accepted"))
    ip = models.GenericIPAddressField(_("address"), null=True)
    language = models.CharField(_("language read"), max_length=5, blank=True)
    text_sha256 = models.CharField(_("text hash"), max_length=64)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["partner", "terms"], name="terms_accepted_once")
        ]

    def __str__(self) -> str:
        return f"{self.partner_id} {self.terms_id}"
