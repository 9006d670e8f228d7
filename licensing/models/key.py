"""The keys: where each one is, its ciphertext apart, and the ledger of its every step."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from core.database.access import (
    ALLOCATOR_ROLE,
    CURRENT_PARTNER,
    MAR_ROLE,
    TENANT_APPEND,
    TPR_ROLE,
    Access,
    Right,
    Rows,
)
from core.database.functions import CurrentTransaction
from core.people import WhoField
from licensing.models.catalogue import Product
from licensing.models.key_batch import Fulfilment, KeyBatch
from licensing.models.order import OrderLine
from licensing.rules.key_states import Hold, KeyState
from licensing.rules.pools import GENERAL
from partners.models import Partner

STATE_CHOICES = [(state.value, state.microsoft_name) for state in KeyState]
HOLD_CHOICES = [
    (Hold.NONE.value, _("None")),
    (Hold.RESERVED.value, _("Reserved")),
    (Hold.QUARANTINED.value, _("Quarantined")),
    (Hold.LOST_OR_STOLEN.value, _("Lost or stolen")),
    (Hold.DISPUTED.value, _("Disputed")),
]

# Row-level security adds this to every query of a partner. As a plain comparison it would be searched by, whenever
# statistics are older than the sale: "that partner has no keys", so one key would be sought among all he has. In
# this form it is only looked at; who wants a partner's keys by index asks for them.
OWN_KEYS = f"coalesce({Rows.OWN}, false)"


class ProductKey(models.Model):
    """One digital product key, known by its id and last five characters only."""

    access = Access(
        {
            TPR_ROLE: Right("SELECT, UPDATE", OWN_KEYS, ("state", "state_since", "is_disclosed", "hold")),
            MAR_ROLE: Right("SELECT, INSERT, UPDATE"),
        }
    )

    id = models.BigAutoField(primary_key=True)
    product_key_id = models.CharField(_("product key id"), max_length=13, unique=True)
    last5 = models.CharField(_("last five"), max_length=5)
    product = models.ForeignKey(Product, models.PROTECT, related_name="+", db_index=False)
    batch = models.ForeignKey(KeyBatch, models.PROTECT, related_name="+", db_index=False)
    fulfilment = models.ForeignKey(Fulfilment, models.PROTECT, related_name="keys")
    state = models.PositiveSmallIntegerField(_("state"), choices=STATE_CHOICES)
    state_since = models.DateTimeField(_("in this state since"))
    previous_state = models.PositiveSmallIntegerField(
        _("state before the return"), null=True, choices=STATE_CHOICES
    )
    hold = models.CharField(_("hold"), max_length=15, choices=HOLD_CHOICES, default=Hold.NONE.value)
    is_disclosed = models.BooleanField(_("was decrypted for someone"), default=False)
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="+", null=True, db_index=False)
    order_line = models.ForeignKey(OrderLine, models.PROTECT, related_name="keys", null=True, db_index=False)
    position = models.BigIntegerField(
        _("position"), help_text=_("The order in which free stock leaves; served by the partial index alone.")
    )
    # No foreign key: 0 is the general stock, and a trigger holds the rest (licensing/pool_guards.py).
    pool = models.IntegerField(
        _("pool"), default=GENERAL, db_default=GENERAL, help_text=_("0: general stock.")
    )

    class Meta:
        indexes: ClassVar = [
            models.Index(
                fields=["product", "pool", "position"],
                name="key_free_stock",
                condition=Q(state=KeyState.FULFILLED.value, hold=Hold.NONE.value),
            ),
            models.Index(
                fields=["partner", "state", "id"],
                name="key_partner_state",
                condition=Q(partner__isnull=False),
            ),
            # The partner's list, newest step first.
            models.Index(
                fields=["partner", "-state_since", "-id"],
                name="key_partner_newest",
                condition=Q(partner__isnull=False),
            ),
            models.Index(fields=["order_line"], name="key_order_line", condition=Q(order_line__isnull=False)),
            models.Index(fields=["pool", "state"], name="key_pool", condition=~Q(pool=GENERAL)),
        ]
        constraints: ClassVar = [
            # Free stock belongs to nobody; everything a partner holds names partner and order line.
            models.CheckConstraint(
                condition=Q(
                    state__in=[
                        KeyState.FULFILLED,
                        KeyState.REPORTED_RETURN,
                        KeyState.RETURNED,
                        KeyState.UNDONE,
                    ]
                )
                | Q(partner__isnull=False, order_line__isnull=False),
                name="key_in_use_has_an_owner",
            ),
            models.CheckConstraint(
                condition=~Q(state=KeyState.FULFILLED) | Q(partner__isnull=True, order_line__isnull=True),
                name="key_in_stock_has_no_owner",
            ),
            models.CheckConstraint(
                condition=~Q(state=KeyState.FULFILLED, is_disclosed=True) | ~Q(hold=Hold.NONE.value),
                name="key_disclosed_is_never_free",
            ),
        ]

    def __str__(self) -> str:
        return self.product_key_id


class KeySecret(models.Model):
    """A key's ciphertext and blind index, apart from the key.

    The ciphertext is readable for the partner who holds the key alone. The blind index is a random value in a
    unique index of its own: beside the key's state it would be written anew at each step of the key's life.
    """

    access = Access(
        {
            TPR_ROLE: Right(
                "SELECT",
                f"(SELECT k.partner_id FROM licensing_productkey k WHERE k.id = key_id) = {CURRENT_PARTNER}",
            ),
            MAR_ROLE: Right(
                "SELECT, INSERT, UPDATE",
                update_columns=("blind_index",),
                select_columns=("key_id", "blind_index"),
            ),
        }
    )

    key = models.OneToOneField(ProductKey, models.PROTECT, primary_key=True, related_name="secret")
    sealed = models.BinaryField(_("ciphertext"), max_length=80)
    blind_index = models.BinaryField(_("blind index"), max_length=32, unique=True)

    def __str__(self) -> str:
        return str(self.key_id)


class KeyAssignment(models.Model):
    """A key given to an order line. The partial unique index is the last guard against giving it twice."""

    access = Access(
        {
            TPR_ROLE: Right("SELECT", Rows.OWN),
            MAR_ROLE: Right("SELECT, INSERT, UPDATE"),
            ALLOCATOR_ROLE: Right("SELECT, INSERT", Rows.OWN),
        }
    )

    id = models.BigAutoField(primary_key=True)
    key = models.ForeignKey(ProductKey, models.PROTECT, related_name="assignments", db_index=False)
    order_line = models.ForeignKey(OrderLine, models.PROTECT, related_name="assignments")
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="+", db_index=False)
    unit_price = models.DecimalField(_("unit price"), max_digits=10, decimal_places=2)
    currency = models.CharField(_("currency"), max_length=3)
    assigned_at = models.DateTimeField(_("assigned"))
    ended_at = models.DateTimeField(_("ended"), null=True)
    billed_at = models.DateTimeField(_("billed"), null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["key"], condition=Q(ended_at__isnull=True), name="key_assigned_once"
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["partner"],
                include=["unit_price"],
                name="assignment_exposure",
                condition=Q(ended_at__isnull=True, billed_at__isnull=True),
            ),
            # What was taken back: few of many, so that who holds how much is known without counting keys.
            models.Index(
                fields=["partner"],
                include=["order_line"],
                name="assignment_ended",
                condition=Q(ended_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.key_id} to {self.order_line_id}"


class KeyReservation(models.Model):
    """A key kept for an order line until an instant: in stock, under the hold *reserved*."""

    access = Access(
        {
            TPR_ROLE: Right("SELECT", Rows.OWN),
            MAR_ROLE: Right("SELECT"),
            ALLOCATOR_ROLE: Right("SELECT, INSERT, UPDATE", Rows.OWN, ("ended_at",)),
        }
    )

    id = models.BigAutoField(primary_key=True)
    key = models.ForeignKey(ProductKey, models.PROTECT, related_name="reservations", db_index=False)
    order_line = models.ForeignKey(OrderLine, models.PROTECT, related_name="reservations")
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="+", db_index=False)
    reserved_at = models.DateTimeField(_("reserved"))
    until = models.DateTimeField(_("until"), help_text=_("Exclusive."))
    ended_at = models.DateTimeField(_("ended"), null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["key"], condition=Q(ended_at__isnull=True), name="key_reserved_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.key_id} for {self.order_line_id}"


class LedgerEntry(models.Model):
    """One step of one key: the custody ledger. Append-only, sealed into a chain."""

    access = TENANT_APPEND

    id = models.BigAutoField(primary_key=True)
    key = models.ForeignKey(ProductKey, models.PROTECT, related_name="ledger", db_constraint=False)
    product = models.ForeignKey(
        Product, models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    partner_id = models.UUIDField(_("partner"), null=True)
    from_state = models.PositiveSmallIntegerField(_("from"), null=True, choices=STATE_CHOICES)
    to_state = models.PositiveSmallIntegerField(_("to"), choices=STATE_CHOICES)
    hold = models.CharField(_("hold"), max_length=15, choices=HOLD_CHOICES, default=Hold.NONE.value)
    reason = models.CharField(
        _("reason"), max_length=60, help_text=_("The act: order.placed, cbr.answered …")
    )
    object_id = models.CharField(
        _("object"), max_length=60, blank=True, help_text=_("The order, build or report.")
    )
    actor_kind = models.CharField(_("kind of actor"), max_length=10)
    actor_id = models.CharField(_("actor id"), max_length=40)
    actor_label = WhoField(_("actor"), max_length=200)
    request_id = models.CharField(_("request id"), max_length=64, blank=True)
    recorded_at = models.DateTimeField(_("time"), help_text=_("UTC. Decides the month the step belongs to."))
    written_at = models.DateTimeField(
        _("written"), db_default=Now(), help_text=_("The database's clock, UTC.")
    )
    transaction = models.BigIntegerField(_("transaction"), db_default=CurrentTransaction())

    class Meta:
        ordering = ("id",)
        indexes: ClassVar = [
            models.Index(fields=["recorded_at"], name="ledger_recorded"),
            models.Index(fields=["transaction"], name="ledger_transaction"),
        ]

    def __str__(self) -> str:
        return f"{self.key_id}: {self.from_state} → {self.to_state}"
