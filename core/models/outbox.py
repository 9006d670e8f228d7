"""Work to be done after a commit: the truth about it, while the broker only carries a nudge."""

from uuid import uuid4

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.database.access import APP_ROLE, MAR_ROLE, TPR_ROLE, Access, Right


class OutboxItem(models.Model):
    """One piece of work: a task's name and the ids it needs, done exactly once."""

    # Rows hold ids only. A partner's transaction may add work but never read it.
    access = Access(
        {
            APP_ROLE: Right("SELECT, INSERT, UPDATE, DELETE"),
            TPR_ROLE: Right("INSERT"),
            MAR_ROLE: Right("SELECT, INSERT, UPDATE"),
        },
        is_row_secured=False,
    )

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    task = models.CharField(_("task"), max_length=80)
    arguments = models.JSONField(_("arguments"), default=dict, help_text=_("Ids only."))
    queue = models.CharField(_("queue"), max_length=20, default="default")
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    due_at = models.DateTimeField(_("due"), default=timezone.now)
    sent_at = models.DateTimeField(_("handed to the broker"), null=True)
    done_at = models.DateTimeField(_("done"), null=True)
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    last_error = models.CharField(_("last error"), max_length=300, blank=True)

    class Meta:
        ordering = ("created_at",)
        indexes = (
            models.Index(fields=["due_at"], name="outbox_open", condition=models.Q(done_at__isnull=True)),
        )

    def __str__(self) -> str:
        return f"{self.task} {self.id}"
