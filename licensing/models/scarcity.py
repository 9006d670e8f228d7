"""Scarce stock: who switched a fair share on, what each run gave to whom, and a receipt for each partner."""

from typing import ClassVar
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from core.database.access import MAR_APPEND, MAR_ROLE, TPR_ROLE, Access, Right, Rows
from licensing.models.catalogue import Product
from partners.models import Partner


class ScarcityPolicy(models.Model):
    """The fair share of one product: wished by one person, switched on by another, with reasons."""

    access = Access({TPR_ROLE: Right("SELECT"), MAR_ROLE: Right("SELECT, INSERT, UPDATE")})

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    product = models.ForeignKey(Product, models.PROTECT, related_name="scarcity_policies")
    floor = models.PositiveIntegerField(_("floor"), help_text=_("Keys each claimant gets first."))
    days = models.PositiveSmallIntegerField(_("days looked back"))
    reason = models.CharField(_("reason"), max_length=300)
    proposed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField(_("proposed"))
    confirmed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    confirmed_at = models.DateTimeField(_("switched on"), null=True)
    ended_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    ended_at = models.DateTimeField(_("ended"), null=True)
    end_reason = models.CharField(_("reason of the end"), max_length=300, blank=True)

    class Meta:
        ordering = ("-proposed_at",)
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["product"], condition=Q(ended_at__isnull=True), name="scarcity_once_a_product"
            ),
            models.CheckConstraint(
                condition=Q(confirmed_by__isnull=True) | ~Q(confirmed_by=F("proposed_by")),
                name="scarcity_by_two_people",
            ),
            models.CheckConstraint(
                condition=Q(confirmed_by__isnull=True, confirmed_at__isnull=True)
                | Q(confirmed_by__isnull=False, confirmed_at__isnull=False),
                name="scarcity_confirmed_by_someone",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.product_id} since {self.confirmed_at}"


class AllocationRun(models.Model):
    """One sharing out of scarce stock: its inputs and its result, as they were. Never changed."""

    access = MAR_APPEND

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    policy = models.ForeignKey(ScarcityPolicy, models.PROTECT, related_name="runs")
    product = models.ForeignKey(Product, models.PROTECT, related_name="+")
    formula = models.CharField(_("formula"), max_length=20)
    stock = models.PositiveIntegerField(_("keys to share"))
    inputs = models.JSONField(_("inputs"), help_text=_("Claimants with demand and what they took."))
    result = models.JSONField(_("result"))
    digest = models.CharField(_("SHA-256 of inputs and result"), max_length=64)
    at = models.DateTimeField(_("time"))

    class Meta:
        ordering = ("-at",)

    def __str__(self) -> str:
        return str(self.id)


class AllocationReceipt(models.Model):
    """What one partner got in a run, by which figures. It names no other partner."""

    access = Access(
        {
            TPR_ROLE: Right("SELECT", Rows.OWN),
            MAR_ROLE: Right("SELECT, INSERT, UPDATE", update_columns=("delivered",)),
        }
    )

    id = models.BigAutoField(primary_key=True)
    run = models.ForeignKey(AllocationRun, models.PROTECT, related_name="receipts")
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="allocation_receipts")
    product = models.ForeignKey(Product, models.PROTECT, related_name="+")
    at = models.DateTimeField(_("time"))
    stock = models.PositiveIntegerField(_("keys to share"))
    claimants = models.PositiveIntegerField(_("partners in the queue"))
    total_demand = models.PositiveIntegerField(_("keys wished by all"))
    demand = models.PositiveIntegerField(_("keys you wished"))
    taken = models.PositiveIntegerField(_("keys you took in the days looked back"))
    floor = models.PositiveIntegerField(_("floor"))
    granted = models.PositiveIntegerField(_("your share"))
    delivered = models.PositiveIntegerField(_("assigned"), default=0)

    class Meta:
        ordering = ("-at",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["run", "partner"], name="receipt_once"),
            models.CheckConstraint(condition=Q(delivered__lte=F("granted")), name="receipt_within_share"),
            models.CheckConstraint(condition=Q(granted__lte=F("demand")), name="receipt_within_demand"),
        ]

    def __str__(self) -> str:
        return f"{self.granted} of {self.demand}"
