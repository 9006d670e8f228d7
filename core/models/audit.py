"""What happened, who did it, and from where. Append-only."""

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from core.database.access import APP_ROLE, MAR_ROLE, TPR_ROLE, Access, Right, Rows
from core.database.functions import CurrentTransaction
from core.people import WhoField


class AuditEvent(models.Model):
    """One act. Rows are appended unchained and sealed into the chain seconds later."""

    access = Access(
        {
            APP_ROLE: Right("INSERT"),
            TPR_ROLE: Right("SELECT, INSERT", Rows.OWN),
            MAR_ROLE: Right("SELECT, INSERT"),
        },
        is_append_only=True,
    )

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField(_("time"), help_text=_("UTC."))
    action = models.CharField(_("action"), max_length=80, help_text=_("Dotted: licensing.order.placed."))
    actor_kind = models.CharField(_("kind of actor"), max_length=10)
    actor_id = models.CharField(_("actor id"), max_length=40)
    actor_label = WhoField(_("actor"), max_length=200)
    partner_id = models.UUIDField(_("partner"), null=True)
    object_type = models.CharField(_("object type"), max_length=40, blank=True)
    object_id = models.CharField(_("object id"), max_length=60, blank=True)
    facts = models.JSONField(
        _("facts"), default=dict, help_text=_("Never a product key, never a person's name.")
    )
    request_id = models.CharField(_("request id"), max_length=64, blank=True)
    ip = models.GenericIPAddressField(_("address"), null=True)
    auth_strength = models.CharField(_("strength of sign-in"), max_length=40, blank=True)
    written_at = models.DateTimeField(
        _("written"), db_default=Now(), help_text=_("The database's clock, UTC.")
    )
    transaction = models.BigIntegerField(
        _("transaction"),
        db_default=CurrentTransaction(),
        help_text=_("The transaction that wrote the row; the sealer waits until all older ones have ended."),
    )

    class Meta:
        ordering = ("-id",)
        indexes = (
            models.Index(fields=["partner_id", "-id"], name="audit_partner"),
            models.Index(fields=["object_type", "object_id"], name="audit_object"),
            models.Index(fields=["action", "-id"], name="audit_action"),
            models.Index(fields=["at"], name="audit_at"),
            models.Index(fields=["transaction"], name="audit_transaction"),
        )

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.actor_label} {self.action}"
