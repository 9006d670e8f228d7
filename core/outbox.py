"""The worker's side of the queue: claim an outbox row, do the work, mark it done, in one transaction."""

import json
from datetime import timedelta
from typing import Any, ClassVar
from uuid import UUID

import structlog
from celery import Task
from django.db import connection, transaction
from django.utils import timezone

from core.people import forget_names
from core.queue import nudge
from core.tenancy import mar_scope, partner_scope

log = structlog.get_logger(__name__)

RESEND_AFTER = timedelta(seconds=60)
FIRST_RETRY = timedelta(seconds=5)
LONGEST_RETRY = timedelta(minutes=10)
MAX_SENT_AT_ONCE = 500


class WorkTask(Task):  # type: ignore[misc]
    """A task whose work is an outbox row: done exactly once, however often it is delivered.

    ``scope`` is "mar", "partner" (the arguments hold ``partner_id``) or "own": the task opens its own
    transactions, claims its own job row and may run longer; its outbox row is marked when it returns.
    A task without an item (from beat) simply runs; such tasks are idempotent by themselves.
    """

    scope: ClassVar[str] = "mar"

    def __call__(self, *args: Any, item_id: str | None = None, **kwargs: Any) -> Any:
        forget_names()  # a worker lives long; a person may be gone since its last task
        try:
            if self.scope == "own":
                return self._run_own(item_id, kwargs)
            with transaction.atomic():
                if item_id and not _claim(item_id):
                    return None
                return self._run_scoped(kwargs)
        except Exception as error:
            # Said first: a database that has just died cannot take the note either. The sweep sends it again.
            log.exception("task.failed", task=self.name, error=type(error).__name__)
            if item_id:
                _postpone(item_id, error)
            raise

    def _run_own(self, item_id: str | None, kwargs: dict[str, Any]) -> Any:
        if item_id and not _is_open(item_id):
            return None
        result = self.run(**kwargs)
        if item_id:
            _finish(item_id)
        return result

    def _run_scoped(self, kwargs: dict[str, Any]) -> Any:
        if self.scope == "partner":
            with partner_scope(UUID(kwargs["partner_id"])):
                return self.run(**kwargs)
        with mar_scope():
            return self.run(**kwargs)


def relay_due() -> int:
    """Send work again that is due and was not done; return how much was sent."""
    now = timezone.now()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            """UPDATE core_outboxitem SET sent_at = %s WHERE id = ANY(ARRAY(
              SELECT id FROM core_outboxitem WHERE done_at IS NULL AND due_at <= %s
                AND (sent_at IS NULL OR sent_at < %s) ORDER BY due_at LIMIT %s FOR UPDATE SKIP LOCKED))
            RETURNING id, task, arguments::text, queue""",
            [now, now, now - RESEND_AFTER, MAX_SENT_AT_ONCE],
        )
        items = cursor.fetchall()
    for item_id, task, arguments, queue in items:
        nudge(item_id, task, json.loads(arguments), queue)
    return len(items)


def _claim(item_id: str) -> bool:
    with connection.cursor() as cursor:
        # A rival that holds the row is doing the work right now.
        cursor.execute(
            "SELECT 1 FROM core_outboxitem WHERE id = %s AND done_at IS NULL FOR UPDATE SKIP LOCKED",
            [item_id],
        )
        if cursor.fetchone() is None:
            return False
        cursor.execute(
            "UPDATE core_outboxitem SET done_at = %s, attempts = attempts + 1 WHERE id = %s",
            [timezone.now(), item_id],
        )
    return True


def _is_open(item_id: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM core_outboxitem WHERE id = %s AND done_at IS NULL", [item_id])
        return cursor.fetchone() is not None


def _finish(item_id: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE core_outboxitem SET done_at = %s, attempts = attempts + 1 WHERE id = %s AND done_at IS NULL",
            [timezone.now(), item_id],
        )


def _postpone(item_id: str, error: Exception) -> None:
    now = timezone.now()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT attempts FROM core_outboxitem WHERE id = %s FOR UPDATE", [item_id])
        row = cursor.fetchone()
        if row is None:
            return
        wait = min(FIRST_RETRY * 2 ** min(row[0], 10), LONGEST_RETRY)
        cursor.execute(
            """UPDATE core_outboxitem SET attempts = attempts + 1, last_error = %s, due_at = %s, sent_at = NULL
            WHERE id = %s AND done_at IS NULL""",
            [f"{type(error).__name__}"[:300], now + wait, item_id],
        )
