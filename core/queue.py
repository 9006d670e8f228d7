"""Queue work by task name. The row is the truth; the broker only carries a nudge.

``enqueue`` writes an outbox row in the caller's transaction and nudges the worker after the commit.
A sweep sends again what was not done, so the broker may lose everything at any moment.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import structlog
from django.db import connection, transaction
from psycopg2.extras import Json

log = structlog.get_logger(__name__)
_is_silent: ContextVar[bool] = ContextVar("queue_is_silent", default=False)


def enqueue(
    task: str, *, at: datetime, due_at: datetime | None = None, queue: str = "default", **ids: Any
) -> UUID:
    """Add a piece of work, to be done once after this transaction commits (not before ``due_at``)."""
    item_id = uuid4()
    arguments = {name: str(value) if isinstance(value, UUID) else value for name, value in ids.items()}
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO core_outboxitem (id, task, arguments, queue, created_at, due_at, attempts, last_error)
            VALUES (%s, %s, %s, %s, %s, %s, 0, '')""",
            [item_id, task, Json(arguments), queue, at, due_at or at],
        )
    if (due_at is None or due_at <= at) and not _is_silent.get():
        transaction.on_commit(lambda: nudge(item_id, task, arguments, queue))
    return item_id


def nudge(item_id: UUID, task: str, arguments: dict[str, Any], queue: str) -> None:
    """Hand the work to the broker; a broker that is away is no error, the sweep comes later."""
    from celery import current_app

    try:
        current_app.send_task(task, kwargs={"item_id": str(item_id), **arguments}, queue=queue, retry=False)
    except Exception as error:  # noqa: BLE001  (any broker failure: the row stays and is sent again)
        log.warning("queue.nudge_failed", task=task, error=type(error).__name__)


@contextmanager
def left_to_the_sweep() -> Iterator[None]:
    """Write outbox rows without a nudge: a bulk load would flood the broker, and the sweep finds them."""
    token = _is_silent.set(True)
    try:
        yield
    finally:
        _is_silent.reset(token)
