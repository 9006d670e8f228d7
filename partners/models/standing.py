"""What upper apps know about a partner and licensing must obey: restrictions, grace and credit."""

from typing import ClassVar
from uuid import uuid4

from django.db import models
from django.utils.translation import gettext_lazy as _

from core.database.access import APP_ROLE, MAR_ROLE, TPR_ROLE, Access, Right, Rows
from core.people import WhoField
from partners.models.membership import Role
from partners.models.partner import Partner

# What is written once stays; a restriction is confirmed or ended, never rewritten.
_ENDINGS = (
    "until", "review_at", "confirmed_by", "confirmed_by_id", "confirmed_at", "lifted_by", "lifted_by_id", "lifted_at",
    "lift_reason",
)  # fmt: skip


class OrderBlock(models.Model):
    """A restriction or a suspension of a partner: its rule and facts, since when, and who lifts it.

    ``kind`` is the extent; what stays allowed follows from it by partners/rules/partner_states.py.
    Written by people through partners' services, and by billing and compliance; licensing only reads.
    """

    access = Access(
        {
            TPR_ROLE: Right("SELECT", Rows.OWN),
            MAR_ROLE: Right("SELECT, INSERT, UPDATE", update_columns=_ENDINGS),
        }
    )

    class Kind(models.TextChoices):
        """What is blocked."""

        ORDERS = "orders", _("New orders")
        HAND_OVER = "hand_over", _("Taking keys")
        ALL = "all", _("Orders and taking keys")

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="order_blocks")
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    is_suspension = models.BooleanField(_("suspension"), default=False)
    is_by_rule = models.BooleanField(
        _("by rule"), default=False, help_text=_("Opened and ended by the portal itself.")
    )
    orders_wait = models.BooleanField(
        _("orders wait"),
        default=False,
        db_default=False,
        help_text=_("New orders are taken and wait until this ends, instead of being refused."),
    )
    rule = models.CharField(_("rule"), max_length=40)
    reason = models.CharField(_("reason"), max_length=300)
    facts = models.JSONField(_("facts"), default=dict)
    next_step = models.CharField(_("what to do"), max_length=300)
    since = models.DateTimeField(_("since"))
    until = models.DateTimeField(_("until"), null=True, help_text=_("Exclusive. Empty: until it is lifted."))
    review_at = models.DateTimeField(
        _("looked at again"), null=True, help_text=_("When a person says again whether it goes on.")
    )
    set_by = WhoField(_("set by"), max_length=200, blank=True)
    set_by_id = models.CharField(max_length=40, blank=True, editable=False)
    confirmed_by = WhoField(_("confirmed by"), max_length=200, blank=True)
    confirmed_by_id = models.CharField(max_length=40, blank=True, editable=False)
    confirmed_at = models.DateTimeField(_("confirmed"), null=True)
    lifter_role = models.CharField(
        _("lifted by"), max_length=20, choices=Role.choices, default=Role.COMPLIANCE.value
    )
    lifted_by = WhoField(_("ended by"), max_length=200, blank=True)
    lifted_by_id = models.CharField(max_length=40, blank=True, editable=False)
    lifted_at = models.DateTimeField(_("ended"), null=True)
    lift_reason = models.CharField(_("reason of the end"), max_length=300, blank=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["partner", "until"], name="order_block_partner")]
        constraints: ClassVar = [
            # A rule that looks twice at the same moment still opens one restriction.
            models.UniqueConstraint(
                fields=["partner", "rule"],
                condition=models.Q(is_by_rule=True, until__isnull=True),
                name="block_by_rule_once",
            ),
            models.UniqueConstraint(
                fields=["partner"],
                condition=models.Q(is_suspension=True, lifted_at__isnull=True),
                name="block_suspended_once",
            ),
            models.CheckConstraint(
                condition=models.Q(confirmed_by_id="") | ~models.Q(confirmed_by_id=models.F("set_by_id")),
                name="block_confirmed_by_another",
            ),
            # Nobody is shut out of everything for ever by being forgotten.
            models.CheckConstraint(
                condition=~models.Q(is_suspension=True, kind="all")
                | models.Q(until__isnull=False)
                | models.Q(review_at__isnull=False),
                name="block_full_has_an_end_or_review",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.rule}"


class Grace(models.Model):
    """A time in which one rule does not stop a partner. It ends by itself, at an instant."""

    access = Access(
        {
            TPR_ROLE: Right("SELECT", Rows.OWN),
            MAR_ROLE: Right(
                "SELECT, INSERT, UPDATE", update_columns=("valid_before", "ended_by", "ended_at")
            ),
        }
    )

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="graces")
    rule = models.CharField(_("rule"), max_length=40)
    reason = models.CharField(_("reason"), max_length=300)
    allows = models.CharField(_("what stays allowed"), max_length=200)
    valid_from = models.DateTimeField(_("from"))
    valid_before = models.DateTimeField(_("to"), help_text=_("Exclusive: at this instant it has ended."))
    given_by = WhoField(_("given by"), max_length=200)
    given_at = models.DateTimeField(_("given"))
    ended_by = WhoField(_("ended by"), max_length=200, blank=True)
    ended_at = models.DateTimeField(_("ended early"), null=True)

    class Meta:
        ordering = ("-valid_from",)
        indexes: ClassVar = [models.Index(fields=["partner", "rule", "valid_before"], name="grace_partner")]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(valid_before__gte=models.F("valid_from")),
                name="grace_ends_after_it_begins",
            )
        ]

    def __str__(self) -> str:
        return f"{self.rule} until {self.valid_before:%Y-%m-%d}"


class PartnerBadge(models.Model):
    """A badge a partner shows in public: a word with an end, never a number."""

    access = Access(
        {
            APP_ROLE: Right("SELECT"),
            TPR_ROLE: Right("SELECT", Rows.OWN),
            MAR_ROLE: Right("SELECT, INSERT, UPDATE", update_columns=("valid_before", "proven_at")),
        }
    )

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="badges")
    code = models.CharField(_("badge"), max_length=30)
    valid_from = models.DateTimeField(_("since"))
    proven_at = models.DateTimeField(_("proven"))
    valid_before = models.DateTimeField(_("until"), help_text=_("Exclusive."))

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["partner", "code", "valid_from"], name="badge_once"),
        ]
        indexes: ClassVar = [models.Index(fields=["partner", "valid_before"], name="badge_partner")]

    def __str__(self) -> str:
        return self.code


class CreditPosition(models.Model):
    """How much a partner may owe, and what billing says he owes. Orders lock this row."""

    # A partner's order locks the row, for which Postgres asks the right to update; the only column it
    # may touch carries no meaning.
    access = Access(
        {
            TPR_ROLE: Right("SELECT, UPDATE", Rows.OWN, ("lock_marker",)),
            MAR_ROLE: Right("SELECT, INSERT, UPDATE"),
        }
    )

    partner = models.OneToOneField(Partner, models.PROTECT, primary_key=True, related_name="credit")
    limit = models.DecimalField(_("limit"), max_digits=12, decimal_places=2)
    unpaid = models.DecimalField(_("unpaid invoices"), max_digits=12, decimal_places=2, default=0)
    currency = models.CharField(_("currency"), max_length=3)
    lock_marker = models.BooleanField(default=False, editable=False)

    def __str__(self) -> str:
        return f"{self.limit} {self.currency}"
