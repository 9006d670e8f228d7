"""Pools of stock: keys of one product kept for some partners, agreed by two people."""

from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from core.database.access import ALLOCATOR_ROLE, MAR_ONLY, MAR_ROLE, Access, Right
from licensing.models.catalogue import Product
from licensing.rules.pools import GENERAL, PoolState, state_of
from partners.models import Partner


class StockPool(models.Model):
    """Who may draw keys of a product that are kept apart. Its rule stands once a second person opened it."""

    access = Access({MAR_ROLE: Right("SELECT, INSERT, UPDATE"), ALLOCATOR_ROLE: Right("SELECT")})

    # As wide as ProductKey.pool, which names it; 0 is the general stock and never a pool.
    id = models.AutoField(primary_key=True)
    code = models.SlugField(_("code"), max_length=30, unique=True)
    name = models.CharField(_("name"), max_length=80)
    product = models.ForeignKey(Product, models.PROTECT, related_name="pools")
    tiers = ArrayField(models.CharField(max_length=20), verbose_name=_("tiers"), default=list, blank=True)
    branches = ArrayField(
        models.CharField(max_length=12),
        verbose_name=_("ways into the programme"),
        default=list,
        blank=True,
        help_text=_("Where the partner came from, as his application says."),
    )
    valid_from = models.DateTimeField(_("from"))
    valid_before = models.DateTimeField(_("until"), null=True, help_text=_("Exclusive."))
    note = models.CharField(_("note"), max_length=300, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(_("asked for"))
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    opened_at = models.DateTimeField(_("opened"), null=True)
    ended_at = models.DateTimeField(_("ended"), null=True)
    end_reason = models.CharField(_("reason of the end"), max_length=300, blank=True)

    class Meta:
        ordering = ("name",)
        indexes: ClassVar = [
            models.Index(fields=["product"], name="pool_open", condition=Q(ended_at__isnull=True)),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(id__gt=GENERAL), name="pool_is_not_general"),
            models.CheckConstraint(
                condition=Q(opened_by__isnull=True, opened_at__isnull=True)
                | (Q(opened_at__isnull=False) & ~Q(opened_by=F("created_by"))),
                name="pool_by_two_people",
            ),
            models.CheckConstraint(
                condition=Q(valid_before__isnull=True) | Q(valid_before__gt=F("valid_from")),
                name="pool_ends_after_it_begins",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def state_at(self, at: datetime) -> PoolState:
        """Return where the pool stands at an instant."""
        return state_of(self.opened_at, self.ended_at, self.valid_from, self.valid_before, at)


class StockPoolMember(models.Model):
    """A partner who may draw from a pool by name."""

    access = Access({MAR_ROLE: MAR_ONLY.rights[MAR_ROLE], ALLOCATOR_ROLE: Right("SELECT")})

    id = models.BigAutoField(primary_key=True)
    pool = models.ForeignKey(StockPool, models.PROTECT, related_name="members")
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="+")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["pool", "partner"], name="pool_member_once"),
        ]

    def __str__(self) -> str:
        return f"{self.partner_id} in {self.pool_id}"
