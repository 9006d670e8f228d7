"""Sanctions lists: files that a government or OpenSanctions publishes, and the names on them."""

from typing import ClassVar
from uuid import uuid4

from django.db import models
from django.utils.translation import gettext_lazy as _

from core.database.access import MAR_ROLE, Access, Right
from core.people import WhoField


class SanctionsList(models.Model):
    """One file that was loaded or refused. Of each source one list is in force; older ones stay as rows."""

    access = Access({MAR_ROLE: Right("SELECT, INSERT, UPDATE")})

    class Source(models.TextChoices):
        """Who publishes the list, and in which form we read it."""

        EU_XML = "eu_xml", _("EU consolidated list")
        OPENSANCTIONS_CSV = "opensanctions_csv", _("OpenSanctions")

    class State(models.TextChoices):
        """Where the file stands."""

        WAITING = "waiting", _("Being loaded")
        LOADED = "loaded", _("In force")
        REPLACED = "replaced", _("Replaced")
        REFUSED = "refused", _("Refused")

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    source = models.CharField(_("source"), max_length=20, choices=Source.choices)
    state = models.CharField(_("state"), max_length=10, choices=State.choices)
    file_name = models.CharField(_("file"), max_length=200, blank=True)
    file_path = models.CharField(max_length=200, blank=True, editable=False)
    sha256 = models.CharField(_("SHA-256"), max_length=64)
    published_on = models.DateField(_("date of the list"), null=True)
    entries = models.PositiveIntegerField(_("entries"), default=0)
    uploaded_by = WhoField(_("loaded by"), max_length=200)
    uploaded_at = models.DateTimeField(_("received"))
    loaded_at = models.DateTimeField(_("loaded"), null=True)
    replaced_at = models.DateTimeField(_("replaced"), null=True)
    errors = models.JSONField(_("errors"), default=list)

    class Meta:
        ordering = ("-uploaded_at",)
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["source"], condition=models.Q(state="loaded"), name="one_list_in_force_a_source"
            ),
            models.CheckConstraint(
                condition=~models.Q(state="loaded")
                | models.Q(loaded_at__isnull=False, published_on__isnull=False, entries__gt=0),
                name="list_in_force_is_dated",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.published_on}"


def no_names() -> list[str]:
    """Return a fresh empty list; inside the class below ``list`` is the list a name stands on."""
    return []


class SanctionsEntry(models.Model):
    """One person or organisation of the list in force. The ``_norm`` columns are what is compared."""

    access = Access({MAR_ROLE: Right("SELECT, INSERT, DELETE")})

    class Kind(models.TextChoices):
        """Who or what is listed."""

        PERSON = "person", _("Person")
        ORGANISATION = "organisation", _("Organisation")
        OTHER = "other", _("Other")

    list = models.ForeignKey(SanctionsList, models.PROTECT, related_name="rows")
    reference = models.CharField(_("reference"), max_length=100)
    name = models.CharField(_("name"), max_length=500)
    name_norm = models.CharField(max_length=500)
    aliases = models.JSONField(_("other names"), default=no_names)
    aliases_norm = models.JSONField(default=no_names)
    kind = models.CharField(_("kind"), max_length=12, choices=Kind.choices)
    programme = models.CharField(_("programme"), max_length=300, blank=True)
    country = models.CharField(_("country"), max_length=60, blank=True)

    class Meta:
        ordering = ("name",)
        indexes: ClassVar = [models.Index(fields=["list", "name_norm"], name="sanctions_entry_name")]

    def __str__(self) -> str:
        return self.name
