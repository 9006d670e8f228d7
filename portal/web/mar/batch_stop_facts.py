"""What an import's page says of its stop: what is held, what is out and with whom, who may decide."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.utils.translation import gettext as _

from licensing.models import KeyBatch
from licensing.models.batch_stop import BatchStop
from licensing.models.key_batch import KeyBatchState
from licensing.selectors.batch_stops import in_quarantine, keys_out, keys_out_of_stock, open_stop, stops_of
from portal.actors import actor_of

ROWS = 200
State = BatchStop.State


def stop_facts(request: HttpRequest, batch: KeyBatch) -> dict[str, Any]:
    """Return the open stop of a delivery with its figures, or whether it may be stopped."""
    permissions: frozenset[str] = request.permissions  # type: ignore[attr-defined]
    stop = open_stop(batch.pk)
    if stop is None:
        return {
            "stop": None,
            "may_stop": batch.state == KeyBatchState.RELEASED and "import.stop" in permissions,
        }
    is_open = stop.state == State.STOPPED
    out = keys_out_of_stock(batch.pk) if is_open else 0
    is_own = stop.stopped_by_id == actor_of(request).user_id
    may_decide = is_open and "import.undo" in permissions and not is_own
    return {
        "stop": stop,
        "held": in_quarantine(batch.pk) if is_open else 0,
        "out": out,
        "keys_out": keys_out(batch.pk, ROWS) if out else [],
        "rows_shown": ROWS,
        "may_undo": may_decide and not out,
        "may_give_back": may_decide,
        "is_stopper": is_own,
    }


def stop_events(batch_id: UUID) -> list[dict[str, Any]]:
    """Return a delivery's stops and how they ended, the newest last."""
    events: list[dict[str, Any]] = []
    for stop in reversed(stops_of(batch_id)):
        events.append(
            {
                "at": stop.stopped_at, "text": _("Stopped: what was free went into quarantine"),
                "actor": stop.stopped_by, "detail": stop.reason, "tone": "warning", "icon": "hand-stop",
            }
        )  # fmt: skip
        if stop.state != State.STOPPED:
            is_undone = stop.state == State.UNDONE
            events.append(
                {
                    "at": stop.decided_at,
                    "text": _("Undone") if is_undone else _("Given back to the stock"),
                    "actor": stop.decided_by,
                    "detail": stop.note,
                    "tone": "neutral" if is_undone else "success",
                    "icon": "ban" if is_undone else "package",
                }
            )
    return events
