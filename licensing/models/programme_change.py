"""Announced ends of a product: what stops when, who was told, who has read it."""

from typing import ClassVar
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from core.database.access import MAR_ROLE, TENANT_APPEND, TENANT_READ, TPR_ROLE, Access, Right
from licensing.models.catalogue import Product
from partners.models import Partner


class ProgrammeChange(models.Model):
    """An announcement of up to three dates of a product, written by one person and published by another.

    The dates that count stand on the product; publishing sets them there. A published change never
    changes: a later one moves the dates.
    """

    access = Access(
        {
            TPR_ROLE: Right("SELECT", "announced_at IS NOT NULL"),
            MAR_ROLE: Right("SELECT, INSERT, UPDATE"),
        }
    )

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    product = models.ForeignKey(Product, models.PROTECT, related_name="changes")
    order_stop_at = models.DateTimeField(_("no orders from"), null=True)
    install_stop_at = models.DateTimeField(_("no keys for PCs from"), null=True)
    sell_through_stop_at = models.DateTimeField(_("no sales from"), null=True)
    # By language: title and text.
    texts = models.JSONField(_("texts"))
    written_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    written_at = models.DateTimeField(_("written"))
    published_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True)
    announced_at = models.DateTimeField(_("announced"), null=True)
    discarded_at = models.DateTimeField(_("discarded"), null=True)
    free_keys = models.PositiveIntegerField(_("free keys at the announcement"), null=True)

    class Meta:
        ordering = ("-written_at",)
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(order_stop_at__isnull=False)
                | Q(install_stop_at__isnull=False)
                | Q(sell_through_stop_at__isnull=False),
                name="change_has_a_date",
            ),
            models.CheckConstraint(
                condition=(Q(install_stop_at__isnull=True) | Q(order_stop_at__isnull=True)
                           | Q(install_stop_at__gte=F("order_stop_at")))
                & (Q(sell_through_stop_at__isnull=True) | Q(install_stop_at__isnull=True)
                   | Q(sell_through_stop_at__gte=F("install_stop_at")))
                & (Q(sell_through_stop_at__isnull=True) | Q(order_stop_at__isnull=True)
                   | Q(sell_through_stop_at__gte=F("order_stop_at"))),
                name="change_dates_in_order",
            ),
            models.CheckConstraint(
                condition=Q(published_by__isnull=True, announced_at__isnull=True, free_keys__isnull=True)
                | Q(published_by__isnull=False, announced_at__isnull=False, free_keys__isnull=False,
                    discarded_at__isnull=True),
                name="change_published_as_a_whole",
            ),
            models.CheckConstraint(
                condition=Q(published_by__isnull=True) | ~Q(published_by=F("written_by")),
                name="change_by_two_people",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.product_id} {self.written_at:%Y-%m-%d}"

    @property
    def state(self) -> str:
        """Return draft, published or discarded."""
        if self.discarded_at is not None:
            return "discarded"
        return "published" if self.announced_at is not None else "draft"


class ChangeNotice(models.Model):
    """A published change in one partner's inbox, with the stock it touched on that day."""

    access = TENANT_READ

    id = models.BigAutoField(primary_key=True)
    change = models.ForeignKey(ProgrammeChange, models.PROTECT, related_name="notices")
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="+", db_index=False)
    keys_assigned = models.PositiveIntegerField(_("keys not taken"))
    keys_taken = models.PositiveIntegerField(_("keys taken, not reported"))
    devices_unsold = models.PositiveIntegerField(_("PCs built, not sold"))

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["partner", "change"], name="change_noticed_once"),
        ]

    def __str__(self) -> str:
        return f"{self.change_id} {self.partner_id}"


class ChangeReading(models.Model):
    """Who read a change, and when."""

    access = TENANT_APPEND

    id = models.BigAutoField(primary_key=True)
    change = models.ForeignKey(ProgrammeChange, models.PROTECT, related_name="readings", db_index=False)
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False)
    read_at = models.DateTimeField(_("read"))

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["change", "user"], name="change_read_once"),
        ]

    def __str__(self) -> str:
        return f"{self.change_id} {self.user_id}"
