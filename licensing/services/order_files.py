"""Orders from a file: read, looked at, and placed by the one service once the buyer says yes."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from io import BytesIO
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from core import audit, idempotency
from core.actor import Actor
from core.errors import DomainError, Invalid, NotFound, Refusal, refuse
from licensing.exchange.order_csv import read_orders
from licensing.exchange.refusals import CsvRefused, FormatError
from licensing.locks import lock_order_file
from licensing.models import OrderFile, OrderFileLine
from licensing.rules.key_syntax import mask_keys
from licensing.services.order_file_rows import detail_names, lines_of
from licensing.services.order_rows import as_stored
from licensing.services.order_together import Keyed, hold_queues, place_together, total_of
from licensing.services.orders import OrderRefused, OrderRequest

KEEP = "order_file.keep"
MOST_SHOWN = 20


class FileFaulty(Invalid):
    """Rows of the file are wrong, so nothing of it is kept. ``faults`` names each with its row."""

    def __init__(self, faults: Sequence[FormatError], count: int) -> None:
        self.faults = list(faults)
        super().__init__(
            refuse(
                "order_file_faulty",
                _("The file has faults, so nothing of it was kept."),
                rule="ORF-1",
                facts={_("Faults"): count}
                | {
                    _("Row %(row)s, %(column)s")
                    % {"row": each.row, "column": each.field or "–"}: each.message
                    for each in self.faults[:MOST_SHOWN]
                },
                next_step=_("Put the rows right in your spreadsheet and upload the file again."),
                lifted_by=_("You, with a corrected file"),
            )
        )


class FileRefused(DomainError):
    """The file is not ordered as it was looked at."""


@dataclass(frozen=True, slots=True)
class PlacedFile:
    """How many rows of a file have their order, and how many were refused at this attempt."""

    placed: int
    refused: int


@transaction.atomic
def keep_order_file(
    partner_id: UUID, content: bytes, *, file_name: str, idempotency_key: str = "", by: Actor, at: datetime
) -> OrderFile:
    """Read a file of orders and keep it for a yes; nothing is ordered. Runs in the partner's scope.

    A repeat with the same key returns the first file.

    :raises FileFaulty: with every fault by its row; nothing is kept then.
    :raises idempotency.KeyReused: when the key came before with another file.
    """
    sha256 = hashlib.sha256(content).hexdigest()
    claimed = None
    if idempotency_key:
        claimed = idempotency.claim(
            partner_id=partner_id, operation=KEEP, key=idempotency_key, request={"sha256": sha256}, at=at
        )
        if claimed.object_id is not None:
            return OrderFile.objects.get(pk=claimed.object_id)
    try:
        wanted, errors = read_orders(BytesIO(content), detail_names=detail_names(at))
    except CsvRefused as error:
        params = error.params if error.line is None else {"line": error.line, **error.params}
        raise FileFaulty([FormatError(error.line or 0, "", error.code, params)], 1) from None
    lines = lines_of(partner_id, wanted, errors, at=at)
    if errors.count:
        raise FileFaulty(sorted(errors.kept, key=lambda each: each.row), errors.count)
    file = OrderFile.objects.create(
        partner_id=partner_id,
        file_name=mask_keys(" ".join(file_name.split()))[:120] or "orders.csv",
        sha256=sha256,
        uploaded_by=by.label[:200],
        uploaded_at=at,
    )
    for line in lines:
        line.file = file
    OrderFileLine.objects.bulk_create(lines)
    if claimed:
        idempotency.remember(claimed, object_id=file.pk)
    _audit("licensing.order_file.kept", file, by=by, at=at, facts={"rows": len(lines), "sha256": sha256})
    return file


def request_of(line: OrderFileLine) -> OrderRequest:
    """Return what a row asks for, as the browser and the API would."""
    return OrderRequest(
        line.product_id,
        line.quantity,
        line.reference,
        "csv",
        line.recipient_id,
        lane=line.lane,
        wish=line.note,
        may_wait=line.may_wait,
        may_queue=line.shortage == OrderFileLine.Shortage.WAIT,
        may_split=line.shortage == OrderFileLine.Shortage.SPLIT,
        details=line.details,
    )


@transaction.atomic
def place_order_file(
    file_id: UUID,
    *,
    accepted_total: Decimal | None = None,
    is_partial: bool = False,
    by: Actor,
    at: datetime,
) -> PlacedFile:
    """Place what of a file has no order yet: all of it or nothing, or as far as the gates let it (ORF-1).

    Rows with one reference are placed together or not at all, in either way. A second press finds its
    orders and changes nothing. It never becomes dearer than ``accepted_total``. In the partner's scope.

    :raises NotFound: for another's file.
    :raises OrderRefused: all or nothing, when one row is refused; the facts name the row.
    :raises FileRefused: when it costs more than was seen.
    """
    file = lock_order_file(file_id)
    if file is None:
        raise NotFound(_("There is no such file."))
    lines = list(file.lines.filter(order__isnull=True))
    hold_queues(file.partner_id, [line.product_id for line in lines])
    placed, refused = [], 0
    for group in groups_of(lines):
        try:
            placed += _place_group(file, group, by, at)
        except (OrderRefused, Invalid) as error:
            if not is_partial:
                raise OrderRefused(*(_in_row(group, refusal) for refusal in error.refusals)) from None
            refused += len(group)
            _note_refused(group, error)
    total = total_of(placed)
    if accepted_total is not None and total > accepted_total:
        raise FileRefused(_dearer(accepted_total, total))
    if placed:
        _note_placed(file, len(placed), refused, total, by, at)
    return PlacedFile(file.lines.filter(order__isnull=False).count(), refused)


def groups_of(lines: Sequence[OrderFileLine]) -> list[list[OrderFileLine]]:
    """Return the rows by their reference, in the order of the file."""
    found: dict[str, list[OrderFileLine]] = {}
    for line in lines:
        found.setdefault(line.group, []).append(line)
    return list(found.values())


def _place_group(file: OrderFile, group: Sequence[OrderFileLine], by: Actor, at: datetime) -> list[UUID]:
    wanted = [Keyed(f"file-{line.pk}", request_of(line)) for line in group]
    placed = place_together(file.partner_id, wanted, by=by, at=at)
    for line, one in zip(group, placed, strict=True):
        line.order_id, line.refusals = one.order_id, []
        line.save(update_fields=["order", "refusals"])
    return [one.order_id for one in placed]


def _note_refused(group: Sequence[OrderFileLine], error: DomainError) -> None:
    for line in group:
        line.refusals = as_stored(error.refusals)
        line.save(update_fields=["refusals"])


def _note_placed(file: OrderFile, placed: int, refused: int, total: Decimal, by: Actor, at: datetime) -> None:
    file.placed_at, file.placed_by = at, by.label[:200]
    file.save(update_fields=["placed_at", "placed_by"])
    _audit(
        "licensing.order_file.placed", file, by=by, at=at,
        facts={"placed": placed, "refused": refused, "amount": str(total)},
    )  # fmt: skip


def _in_row(group: Sequence[OrderFileLine], refusal: Refusal) -> Refusal:
    rows = ", ".join(str(line.row_number) for line in group)
    facts = {_("Rows of the file"): rows, _("Order reference"): group[0].group, **refusal.facts}
    return replace(refusal, facts=facts)


def _dearer(seen: Decimal, total: Decimal) -> Refusal:
    return refuse(
        "order_file_dearer",
        _("The file costs more now than when you looked at it."),
        rule="ORF-1",
        facts={_("Seen"): seen, _("Now"): total},
        missing={_("Your yes to"): total - seen},
        next_step=_("Look at the new total, then order again."),
        lifted_by=_("You"),
    )


def _audit(action: str, file: OrderFile, *, by: Actor, at: datetime, facts: dict[str, Any]) -> None:
    audit.record(
        action, by=by, at=at, object_type="order_file", object_id=file.pk, partner_id=file.partner_id,
        facts=facts,
    )  # fmt: skip
