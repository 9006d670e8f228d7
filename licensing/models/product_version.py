"""What a product fits and asks for, as dated versions; a new product comes into being by its first one."""

from typing import ClassVar
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from core.database.access import APP_ROLE, MAR_ROLE, TPR_ROLE, Access, Right
from licensing.models.catalogue import Product


class ProductVersion(models.Model):
    """One version of a product's language scope, territory, hardware, pairing and required fields.

    Written by one person, published by another; the newest one that has begun counts. The draft of a new
    product carries its identity; publishing makes the product, on sale from the day the version begins.
    """

    class State(models.TextChoices):
        """Where a version stands."""

        DRAFT = "draft", _("Draft")
        ANNOUNCED = "announced", _("Announced")
        DISCARDED = "discarded", _("Discarded")

    _PUBLIC = "state = 'announced'"
    access = Access(
        {
            APP_ROLE: Right("SELECT", _PUBLIC),
            TPR_ROLE: Right("SELECT", _PUBLIC),
            MAR_ROLE: Right("SELECT, INSERT, UPDATE"),
        }
    )

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    product = models.ForeignKey(Product, models.PROTECT, null=True, related_name="versions")
    # Of a new product: code, name, lpn, family, edition, generation, who_may_receive. Else empty.
    identity = models.JSONField(_("identity"), default=dict, blank=True)
    languages = models.JSONField(
        _("languages"), default=list, blank=True, help_text=_("None: every language.")
    )
    countries = models.JSONField(_("countries"), default=list, blank=True, help_text=_("None: everywhere."))
    # By the names of licensing/rules/hardware.py.
    min_hardware = models.JSONField(_("least hardware"), default=dict, blank=True)
    pairs_with = models.ForeignKey(
        Product, models.PROTECT, null=True, related_name="+", help_text=_("Ordered only beside this one.")
    )
    required_fields = models.JSONField(
        _("required fields"), default=dict, blank=True, help_text=_("A JSON Schema of one flat object.")
    )
    state = models.CharField(_("state"), max_length=10, choices=State.choices)
    valid_from = models.DateTimeField(_("valid from"))
    written_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    written_at = models.DateTimeField(_("written"))
    published_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    announced_at = models.DateTimeField(_("announced"), null=True)

    class Meta:
        ordering = ("-written_at",)
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["product", "valid_from"],
                condition=Q(state="announced"),
                name="product_version_starts_once",
            ),
            models.CheckConstraint(
                condition=Q(product__isnull=False) | ~Q(identity={}), name="product_version_of_something"
            ),
            models.CheckConstraint(
                condition=~Q(state="announced")
                | Q(product__isnull=False, published_by__isnull=False, announced_at__isnull=False),
                name="product_version_published_as_a_whole",
            ),
            models.CheckConstraint(
                condition=Q(published_by__isnull=True) | ~Q(published_by=F("written_by")),
                name="product_version_by_two_people",
            ),
            models.CheckConstraint(
                condition=Q(announced_at__isnull=True) | Q(announced_at__lte=F("valid_from")),
                name="product_version_not_backwards",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.valid_from:%Y-%m-%d}"

    @property
    def name(self) -> str:
        """Return the product's name, also before there is a product."""
        return self.product.name if self.product else str(self.identity.get("name", ""))

    @property
    def code(self) -> str:
        """Return the product's code, also before there is a product."""
        return self.product.code if self.product else str(self.identity.get("code", ""))
