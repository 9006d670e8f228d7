"""What upper apps know about a partner and licensing must obey: blocks and credit."""

from typing import ClassVar
from uuid import uuid4

from django.db import models
from django.utils.translation import gettext_lazy as _

from core.database.access import MAR_ROLE, TENANT_READ, TPR_ROLE, Access, Right, Rows
from partners.models.partner import Partner


class OrderBlock(models.Model):
    """A reason against new orders, with its rule and facts; written by billing and compliance."""

    access = TENANT_READ

    class Kind(models.TextChoices):
        """What is blocked."""

        ORDERS = "orders", _("New orders")
        HAND_OVER = "hand_over", _("Taking keys")
        ALL = "all", _("Orders and taking keys")

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="order_blocks")
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    rule = models.CharField(_("rule"), max_length=40)
    reason = models.CharField(_("reason"), max_length=300)
    facts = models.JSONField(_("facts"), default=dict)
    next_step = models.CharField(_("what to do"), max_length=300)
    since = models.DateTimeField(_("since"))
    until = models.DateTimeField(_("until"), null=True, help_text=_("Exclusive. Empty: until it is lifted."))

    class Meta:
        indexes: ClassVar = [models.Index(fields=["partner", "until"], name="order_block_partner")]

    def __str__(self) -> str:
        return f"{self.kind} {self.rule}"


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
