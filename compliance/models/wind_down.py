"""A partner's orderly end: what is open, who settled or waived it, and the file he takes along."""

from typing import ClassVar
from uuid import uuid4

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from core.database.access import TENANT_READ
from core.people import WhoField
from partners.models import Partner


class WindDown(models.Model):
    """One way out: begun by one person of the MAR, finished by another. ``ends_at``: all access ends."""

    access = TENANT_READ

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="wind_downs")
    reason = models.CharField(_("reason"), max_length=300)
    started_by = WhoField(_("begun by"), max_length=200)
    started_by_id = models.CharField(max_length=40, editable=False)
    started_at = models.DateTimeField(_("begun"))
    ends_at = models.DateTimeField(
        _("access ends"), help_text=_("Exclusive: from this instant nothing opens.")
    )
    file_path = models.CharField(_("path in the storage"), max_length=200, blank=True)
    file_sha256 = models.CharField(_("SHA-256"), max_length=64, blank=True)
    file_size = models.PositiveBigIntegerField(_("size"), default=0, help_text=_("Bytes."))
    file_asked_at = models.DateTimeField(_("file asked for"), null=True)
    file_made_at = models.DateTimeField(_("file made"), null=True)
    finished_by = WhoField(_("finished by"), max_length=200, blank=True)
    finished_by_id = models.CharField(max_length=40, blank=True, editable=False)
    finished_at = models.DateTimeField(_("finished"), null=True)
    access_ended_at = models.DateTimeField(_("access ended"), null=True)

    class Meta:
        ordering = ("-started_at",)
        indexes: ClassVar = [
            models.Index(fields=["ends_at"], name="wind_down_due", condition=Q(access_ended_at__isnull=True))
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["partner"], name="wind_down_once"),
            models.CheckConstraint(condition=Q(ends_at__gt=F("started_at")), name="wind_down_ends_later"),
            models.CheckConstraint(
                condition=Q(finished_at__isnull=True) | ~Q(finished_by_id=F("started_by_id")),
                name="wind_down_finished_by_another",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.partner_id} until {self.ends_at:%Y-%m-%d}"


class WindDownItem(models.Model):
    """One thing to settle. ``count`` and ``amount`` are those of the last act; pages count anew."""

    access = TENANT_READ

    class Kind(models.TextChoices):
        """What is open between a partner and the MAR."""

        KEYS_UNUSED = "keys_unused", _("Keys nobody has taken")
        KEYS_UNREPORTED = "keys_unreported", _("Keys taken and not reported")
        RETURNS_OPEN = "returns_open", _("Returns without an answer")
        MONEY_OWED = "money_owed", _("Money owed")
        LABELS = "labels", _("Labels in stock")
        PROOF_PAGES = "proof_pages", _("Proof pages that live on")
        DOCUMENTS = "documents", _("Papers to keep or give back")
        DATA_FILE = "data_file", _("Data file for the partner")

    class State(models.TextChoices):
        """Where it stands."""

        OPEN = "open", _("Open")
        SETTLED = "settled", _("Settled")
        WAIVED = "waived", _("Waived")

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    wind_down = models.ForeignKey(WindDown, models.PROTECT, related_name="items")
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="+", db_index=False)
    kind = models.CharField(_("item"), max_length=20, choices=Kind.choices)
    state = models.CharField(_("state"), max_length=7, choices=State.choices, default=State.OPEN)
    count = models.PositiveIntegerField(_("count"), default=0)
    amount = models.DecimalField(_("amount"), max_digits=14, decimal_places=2, default=0)
    settled_by = WhoField(_("settled by"), max_length=200, blank=True)
    settled_note = models.CharField(_("how it was settled"), max_length=300, blank=True)
    settled_at = models.DateTimeField(_("settled"), null=True)
    waived_by = WhoField(_("waived by"), max_length=200, blank=True)
    waived_by_id = models.CharField(max_length=40, blank=True, editable=False)
    waived_reason = models.CharField(_("why"), max_length=300, blank=True)
    waived_at = models.DateTimeField(_("proposed"), null=True)
    waiver_confirmed_by = WhoField(_("confirmed by"), max_length=200, blank=True)
    waiver_confirmed_by_id = models.CharField(max_length=40, blank=True, editable=False)
    waiver_confirmed_at = models.DateTimeField(_("confirmed"), null=True)
    # What was open when the second person confirmed: a waiver covers no more than that.
    waived_count = models.PositiveIntegerField(_("count let go"), default=0)
    waived_amount = models.DecimalField(_("amount let go"), max_digits=14, decimal_places=2, default=0)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["wind_down", "kind"], name="wind_down_item_once"),
            models.CheckConstraint(
                condition=~Q(state="waived")
                | (~Q(waived_by_id="") & ~Q(waiver_confirmed_by_id="") & ~Q(waived_reason="")),
                name="wind_down_waiver_has_two_and_why",
            ),
            models.CheckConstraint(
                condition=Q(waiver_confirmed_by_id="") | ~Q(waiver_confirmed_by_id=F("waived_by_id")),
                name="wind_down_waiver_by_two_people",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.wind_down_id} {self.kind}"

    @property
    def is_waived(self) -> bool:
        """Return whether two people let it go, as much as there was then."""
        return self.waiver_confirmed_at is not None
