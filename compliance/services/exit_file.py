"""Make the file a leaving partner takes along, and hand it out."""

import hashlib
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from compliance.models import WindDown, WindDownItem
from compliance.rules.exit_file import (
    README_NAME,
    SCHEMA_NAME,
    TABLES,
    file_name,
    problems_of,
    schema_of,
)
from compliance.services.exit_steps import locked_wind_down, note_exit
from core import storage
from core.actor import Actor
from core.csv_guard import Cell, write_row
from core.errors import NotFound
from licensing.models import Build, Device, OrderLine, ProductKey, ReturnLine
from licensing.rules.key_states import KeyState
from partners.models import Document, TermsAcceptance

FOLDER = "exits"
CHUNK = 2000
README = """This is what the portal knows about {code}: orders, keys by product key id, PCs, reported builds,
returns, agreements and the list of documents. schema.json describes every file, column and type, with the
number of rows and the SHA-256 of each file. It holds no product key and no hardware hash.
"""
Row = tuple[Any, ...]


@transaction.atomic
def make_exit_file(partner_id: UUID, *, at: datetime) -> WindDown:
    """Write the partner's data file, look whether it is whole, and store it. Runs in the MAR's scope.

    Rows are read and written one by one; nothing is held in memory as a whole. Safe to run twice.

    :raises NotFound: when the partner does not leave.
    :raises ValueError: when the file would not be whole.
    """
    wind_down = locked_wind_down(partner_id)
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder) / "exit.zip"
        counts = _write(archive, partner_id, code=wind_down.partner.code, at=at)
        with archive.open("rb") as written:
            if problems := problems_of(written):
                raise ValueError(f"the exit file is not whole: {problems[:3]}")
        path, digest, size = storage.store_file(archive, folder=FOLDER, suffix=".zip")
    wind_down.file_path, wind_down.file_sha256, wind_down.file_size = path, digest, size
    wind_down.file_made_at = at
    wind_down.save(update_fields=["file_path", "file_sha256", "file_size", "file_made_at"])
    note_exit("file_made", wind_down, by=Actor.system("exit file"), at=at, sha256=digest, size=size, **counts)
    return wind_down


@transaction.atomic
def hand_over_file(partner_id: UUID, *, by: Actor, at: datetime) -> WindDown:
    """Note that the data file was handed out; with that its item is settled. In the MAR's scope.

    :raises NotFound: when there is no file.
    """
    wind_down = locked_wind_down(partner_id)
    if not wind_down.file_path:
        raise NotFound(_("There is no data file yet."))
    item = wind_down.items.get(kind=WindDownItem.Kind.DATA_FILE)
    if item.settled_at is None:
        item.settled_by, item.settled_at = by.label[:200], at
        item.settled_note, item.state = _("Handed out."), WindDownItem.State.SETTLED
        item.save(update_fields=["settled_by", "settled_at", "settled_note", "state"])
    note_exit("file_handed_out", wind_down, by=by, at=at, sha256=wind_down.file_sha256)
    return wind_down


def _write(archive: Path, partner_id: UUID, *, code: str, at: datetime) -> dict[str, int]:
    counts: dict[str, int] = {}
    digests: dict[str, str] = {}
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as opened:
        for table, rows_of in _ROWS.items():
            counts[table], digests[table] = _write_table(opened, table, rows_of(partner_id), at=at)
        schema = schema_of(partner_code=code, made_at=_time(at), counts=counts, digests=digests)
        opened.writestr(_entry(SCHEMA_NAME, at), schema)
        opened.writestr(_entry(README_NAME, at), README.format(code=code))
    return counts


def _write_table(
    opened: zipfile.ZipFile, table: str, rows: Iterable[Row], *, at: datetime
) -> tuple[int, str]:
    digest, count = hashlib.sha256(), 0
    with opened.open(_entry(file_name(table), at), "w", force_zip64=True) as target:
        line = write_row([column.name for column in TABLES[table]]).encode()
        target.write(line)
        digest.update(line)
        for row in rows:
            count += 1
            line = write_row([_cell(value) for value in row]).encode()
            target.write(line)
            digest.update(line)
    return count, digest.hexdigest()


def _entry(name: str, at: datetime) -> zipfile.ZipInfo:
    moment = at.astimezone(UTC)
    entry = zipfile.ZipInfo(name, (moment.year, moment.month, moment.day, moment.hour, moment.minute, 0))
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry


def _cell(value: Any) -> Cell:
    if isinstance(value, datetime):
        return _time(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return f"{value:.2f}"
    return "" if value is None else value if isinstance(value, int) else str(value)


def _time(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _orders(partner_id: UUID) -> Iterator[Row]:
    lines = OrderLine.objects.select_related("order", "product").filter(partner_id=partner_id)
    for line in lines.order_by("order__number").iterator(CHUNK):
        order = line.order
        yield (
            str(order), order.placed_at, line.product.code, line.quantity, line.unit_price, line.currency, order.state,
            order.reference,
        )  # fmt: skip


def _keys(partner_id: UUID) -> Iterator[Row]:
    keys = ProductKey.objects.select_related("product", "order_line__order").filter(partner_id=partner_id)
    for key in keys.order_by("id").iterator(CHUNK):
        order = str(key.order_line.order) if key.order_line else ""
        state = KeyState(key.state).microsoft_name
        yield key.product_key_id, key.product.code, state, key.state_since, order


def _devices(partner_id: UUID) -> Iterator[Row]:
    devices = Device.objects.filter(partner_id=partner_id).order_by("created_at", "id")
    found = devices.values_list("manufacturer", "model", "serial", "created_at", "sold_on")
    yield from found.iterator(CHUNK)


def _builds(partner_id: UUID) -> Iterator[Row]:
    builds = Build.objects.filter(partner_id=partner_id, ended_at__isnull=True).order_by("reported_at", "id")
    found = builds.values_list(
        "key__product_key_id", "device__serial", "reported_at", "state", "ack_code", "answered_at",
        "hardware_hash_sha256",
    )  # fmt: skip
    yield from found.iterator(CHUNK)


def _returns(partner_id: UUID) -> Iterator[Row]:
    lines = ReturnLine.objects.filter(key__partner_id=partner_id).order_by("id")
    found = lines.values_list(
        "request__rma_number", "key__product_key_id", "request__sent_at", "answer_code", "answered_at"
    )
    yield from found.iterator(CHUNK)


def _agreements(partner_id: UUID) -> Iterator[Row]:
    accepted = TermsAcceptance.objects.filter(partner_id=partner_id).order_by("accepted_at")
    yield from accepted.values_list(
        "terms__agreement__code", "terms__version", "accepted_at", "role", "text_sha256"
    ).iterator(CHUNK)


def _documents(partner_id: UUID) -> Iterator[Row]:
    papers = Document.objects.filter(partner_id=partner_id, removed_at__isnull=True).order_by("uploaded_at")
    found = papers.values_list("kind", "title", "file_name", "uploaded_at", "expires_on", "sha256")
    yield from found.iterator(CHUNK)


_ROWS: dict[str, Callable[[UUID], Iterator[Row]]] = {
    "orders": _orders,
    "keys": _keys,
    "devices": _devices,
    "builds": _builds,
    "returns": _returns,
    "agreements": _agreements,
    "documents": _documents,
}
