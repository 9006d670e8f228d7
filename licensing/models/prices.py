"""What a licence costs, to whom, from when: price books, their prices, and who pays by which book.

Which price wins is one rule: licensing/rules/prices.py, and the same in the database,
licensing/selectors/price_function.py. A published price never changes; a later one follows it.
"""

from datetime import datetime
from typing import ClassVar
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from core.database.access import CURRENT_PARTNER, MAR_ROLE, TPR_ROLE, Access, Right, Rows
from licensing.models.catalogue import Product
from partners.models import Partner

_ENDS_LATER = Q(valid_before__isnull=True) | Q(valid_before__gt=F("valid_from"))
_ANOTHER_APPROVED = Q(approved_by__isnull=True, approved_at__isnull=True) | (
    Q(approved_by__isnull=False, approved_at__isnull=False) & ~Q(approved_by=F("written_by"))
)


class PriceBook(models.Model):
    """A list of prices in one currency for one road to the market.

    A partner reads the standard and tier books; a group's, a charity's or the internal book only if he
    is on it, so that nobody learns another's conditions.
    """

    access = Access(
        {
            TPR_ROLE: Right(
                "SELECT",
                "route IN ('standard', 'tier') OR EXISTS (SELECT 1 FROM licensing_partnerpricing g"
                f" WHERE g.book_id = licensing_pricebook.id AND g.partner_id = {CURRENT_PARTNER})",
            ),
            MAR_ROLE: Right("SELECT, INSERT, UPDATE"),
        }
    )

    class Route(models.TextChoices):
        """Whom a book is for."""

        STANDARD = "standard", _("Everyone")
        TIER = "tier", _("A tier")
        GROUP = "group", _("A group of partners")
        CHARITY = "charity", _("Charities")
        INTERNAL = "internal", _("The MAR's own line")

    id = models.BigAutoField(primary_key=True)
    code = models.SlugField(_("code"), max_length=30, unique=True, help_text=_("Like EX-RRP."))
    name = models.CharField(_("name"), max_length=80)
    route = models.CharField(_("for"), max_length=10, choices=Route.choices)
    tier = models.CharField(_("tier"), max_length=20, blank=True, help_text=_("Of a tier's book."))
    currency = models.CharField(_("currency"), max_length=3)
    valid_from = models.DateTimeField(_("valid from"))
    valid_before = models.DateTimeField(_("valid until"), null=True, help_text=_("Exclusive."))

    class Meta:
        ordering = ("code",)
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["currency"], condition=Q(route="standard"), name="book_standard_once"
            ),
            models.UniqueConstraint(
                fields=["tier", "currency"], condition=Q(route="tier"), name="book_of_tier_once"
            ),
            models.CheckConstraint(
                condition=Q(route="tier") & ~Q(tier="") | ~Q(route="tier") & Q(tier=""),
                name="book_tier_named",
            ),
            models.CheckConstraint(condition=_ENDS_LATER, name="book_ends_later"),
            # The book everyone falls back to has no end.
            models.CheckConstraint(
                condition=~Q(route="standard") | Q(valid_before__isnull=True), name="book_standard_stays"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Price(models.Model):
    """The price of one licence in a book, from a quantity and from a date on, announced by two people.

    ``valid_before`` is written by the database alone: the next announced price of the same product and
    quantity ends this one (licensing/price_guards.py).
    """

    access = Access(
        {
            TPR_ROLE: Right(
                "SELECT", "announced_at IS NOT NULL AND book_id IN (SELECT b.id FROM licensing_pricebook b)"
            ),
            MAR_ROLE: Right("SELECT, INSERT, UPDATE"),
        }
    )

    id = models.BigAutoField(primary_key=True)
    book = models.ForeignKey(PriceBook, models.PROTECT, related_name="prices", db_index=False)
    product = models.ForeignKey(Product, models.PROTECT, related_name="prices")
    min_quantity = models.PositiveIntegerField(
        _("from licences a year"),
        default=1,
        help_text=_("Licences of the book in the calendar year, the order included."),
    )
    amount = models.DecimalField(
        _("price"), max_digits=10, decimal_places=2, help_text=_("Net, for one licence.")
    )
    valid_from = models.DateTimeField(_("valid from"))
    valid_before = models.DateTimeField(_("valid until"), null=True, help_text=_("Exclusive."))
    is_opening = models.BooleanField(
        _("first price"),
        default=False,
        help_text=_("Set when the portal was opened, before there were two people."),
    )
    written_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    written_at = models.DateTimeField(_("written"))
    approved_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    announced_at = models.DateTimeField(_("announced"), null=True)
    discarded_at = models.DateTimeField(_("discarded"), null=True)
    withdrawn_at = models.DateTimeField(
        _("withdrawn"), null=True, help_text=_("Before it came into force; it never counted.")
    )

    class Meta:
        ordering = ("product", "book", "min_quantity", "-valid_from")
        indexes: ClassVar = [
            models.Index(
                fields=["book", "product", "min_quantity", "valid_from"],
                name="price_in_force",
                condition=Q(announced_at__isnull=False, withdrawn_at__isnull=True),
            )
        ]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(amount__gte=0), name="price_not_negative"),
            models.CheckConstraint(condition=Q(min_quantity__gte=1), name="price_quantity_positive"),
            models.CheckConstraint(condition=_ENDS_LATER, name="price_ends_later"),
            models.CheckConstraint(
                condition=Q(announced_at__isnull=True) | Q(announced_at__lte=F("valid_from")),
                name="price_never_backwards",
            ),
            models.CheckConstraint(
                condition=Q(is_opening=True, announced_at__isnull=False)
                | Q(is_opening=False, written_by__isnull=False)
                & (
                    Q(announced_at__isnull=True, approved_by__isnull=True)
                    | Q(announced_at__isnull=False, approved_by__isnull=False, discarded_at__isnull=True)
                    & ~Q(approved_by=F("written_by"))
                ),
                name="price_by_two_people",
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_at__isnull=True)
                | Q(announced_at__isnull=False, withdrawn_at__lt=F("valid_from")),
                name="price_withdrawn_in_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount} from {self.valid_from:%Y-%m-%d}"

    @property
    def state(self) -> str:
        """Return draft, discarded, withdrawn or announced."""
        if self.discarded_at is not None:
            return "discarded"
        if self.withdrawn_at is not None:
            return "withdrawn"
        return "announced" if self.announced_at is not None else "draft"

    def state_at(self, at: datetime) -> str:
        """Return draft, discarded, withdrawn, ahead, in_force or ended."""
        if self.state != "announced":
            return self.state
        if at < self.valid_from:
            return "ahead"
        return "in_force" if self.valid_before is None or at < self.valid_before else "ended"


class PartnerPricing(models.Model):
    """A partner pays by another book than the standard one, for a time; afterwards the standard applies by itself."""

    access = Access(
        {
            TPR_ROLE: Right("SELECT", f"approved_at IS NOT NULL AND {Rows.OWN}"),
            MAR_ROLE: Right("SELECT, INSERT, UPDATE"),
        }
    )

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="pricings")
    book = models.ForeignKey(PriceBook, models.PROTECT, related_name="pricings")
    valid_from = models.DateTimeField(_("valid from"))
    valid_before = models.DateTimeField(_("valid until"), null=True, help_text=_("Exclusive."))
    reason = models.CharField(_("reason"), max_length=300)
    written_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    written_at = models.DateTimeField(_("written"))
    approved_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    approved_at = models.DateTimeField(_("approved"), null=True)
    discarded_at = models.DateTimeField(_("discarded"), null=True)

    class Meta:
        ordering = ("-valid_from",)
        constraints: ClassVar = [
            models.CheckConstraint(condition=_ENDS_LATER, name="pricing_ends_later"),
            models.CheckConstraint(condition=~Q(reason=""), name="pricing_has_a_reason"),
            models.CheckConstraint(condition=_ANOTHER_APPROVED, name="pricing_by_two_people"),
            models.CheckConstraint(
                condition=Q(approved_at__isnull=True) | Q(approved_at__lte=F("valid_from")),
                name="pricing_never_backwards",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.partner_id} {self.book_id}"

    def state_at(self, at: datetime) -> str:
        """Return draft, discarded, ahead, in_force or ended."""
        if self.approved_at is None:
            return "draft" if self.discarded_at is None else "discarded"
        if at < self.valid_from:
            return "ahead"
        return "in_force" if self.valid_before is None or at < self.valid_before else "ended"


class PriceDeviation(models.Model):
    """A manual discount: one partner, one product, so many licences, until a day, for a reason, by two people."""

    access = Access(
        {
            TPR_ROLE: Right("SELECT", f"approved_at IS NOT NULL AND {Rows.OWN}"),
            MAR_ROLE: Right("SELECT, INSERT, UPDATE"),
        }
    )

    id = models.BigAutoField(primary_key=True)
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="price_deviations", db_index=False)
    product = models.ForeignKey(Product, models.PROTECT, related_name="+")
    amount = models.DecimalField(
        _("price"),
        max_digits=10,
        decimal_places=2,
        help_text=_("Net, for one licence, instead of the book's."),
    )
    currency = models.CharField(_("currency"), max_length=3)
    quantity = models.PositiveIntegerField(
        _("licences"), help_text=_("In all; an order takes it whole or not.")
    )
    used_quantity = models.PositiveIntegerField(
        _("licences ordered"), default=0, help_text=_("Counted by the database.")
    )
    valid_from = models.DateTimeField(_("valid from"))
    valid_before = models.DateTimeField(_("valid until"), help_text=_("Exclusive."))
    reason = models.CharField(_("reason"), max_length=300)
    written_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    written_at = models.DateTimeField(_("written"))
    approved_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    approved_at = models.DateTimeField(_("approved"), null=True)
    discarded_at = models.DateTimeField(_("discarded"), null=True)

    class Meta:
        ordering = ("-written_at",)
        indexes: ClassVar = [models.Index(fields=["partner", "product"], name="deviation_partner")]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(amount__gte=0), name="deviation_not_negative"),
            models.CheckConstraint(condition=Q(quantity__gte=1), name="deviation_quantity_positive"),
            models.CheckConstraint(
                condition=Q(used_quantity__lte=F("quantity")), name="deviation_within_quantity"
            ),
            models.CheckConstraint(
                condition=Q(valid_before__gt=F("valid_from")), name="deviation_ends_later"
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="deviation_has_a_reason"),
            models.CheckConstraint(condition=_ANOTHER_APPROVED, name="deviation_by_two_people"),
            models.CheckConstraint(
                condition=Q(approved_at__isnull=True) | Q(approved_at__lte=F("valid_from")),
                name="deviation_never_backwards",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount} {self.currency} × {self.quantity}"

    def state_at(self, at: datetime) -> str:
        """Return draft, discarded, ahead, in_force, used_up or ended."""
        if self.approved_at is None:
            return "draft" if self.discarded_at is None else "discarded"
        if at < self.valid_from:
            return "ahead"
        if at >= self.valid_before:
            return "ended"
        return "in_force" if self.used_quantity < self.quantity else "used_up"


class PriceVolume(models.Model):
    """How many licences a partner ordered by a book in a calendar year of the MAR's zone, kept by the database.

    Counted at the order, taken off when an order ends without its keys. A test recounts it.
    """

    access = Access({TPR_ROLE: Right("SELECT", Rows.OWN), MAR_ROLE: Right("SELECT")})

    id = models.BigAutoField(primary_key=True)
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="+", db_index=False)
    book = models.ForeignKey(PriceBook, models.PROTECT, related_name="+", db_index=False)
    year = models.PositiveSmallIntegerField(_("year"))
    quantity = models.IntegerField(_("licences"))

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["partner", "book", "year"], name="price_volume_once"),
            models.CheckConstraint(condition=Q(quantity__gte=0), name="price_volume_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} in {self.year}"
