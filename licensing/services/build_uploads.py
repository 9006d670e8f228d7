"""Take in OA3.xml files: one, many, or a zip with an optional devices.csv. Each file stands alone."""

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from core import audit
from core.actor import Actor
from core.errors import DomainError
from licensing.exchange.devices_csv import DeviceRow, read_devices_csv
from licensing.exchange.oa3 import read_oa3
from licensing.exchange.refusals import CsvRefused, XmlRefused, ZipRefused
from licensing.exchange.zip_reader import read_zip, show_name
from licensing.locks import lock_keys
from licensing.models import Build, BuildUpload, ProductKey
from licensing.models.build import BuildState
from licensing.services.builds import BuildFacts, report_build

ZIP_BEGINS = b"PK\x03\x04"
DEVICES_FILE = "devices.csv"
MAX_FILES = 5_000


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file. ``text`` is a plain sentence and never holds a key."""

    name: str
    code: str
    text: str
    is_accepted: bool
    product_key_id: str = ""
    build_id: str = ""
    next_step: str = ""


def report_files(
    *, partner_id: UUID, files: Iterable[tuple[str, bytes]], file_name: str, by: Actor, at: datetime
) -> BuildUpload:
    """Report every build that the files hold; the good ones go through, the others say why not.

    Nothing of a file is stored but the facts of its report: never the product key.
    """
    outcomes: list[Outcome] = []
    with transaction.atomic():
        upload = BuildUpload.objects.create(
            partner_id=partner_id,
            file_name=show_name(file_name)[:200],
            uploaded_by=by.label[:200],
            uploaded_at=at,
        )
        documents, devices = _unpack(files, outcomes)
        read = [_read_one(name, content, devices) for name, content in documents]
        _lock_keys_of(partner_id, [found for _name, found in read if isinstance(found, BuildFacts)])
        outcomes += [
            _report_one(partner_id, upload, name, found, by, at) if isinstance(found, BuildFacts) else found
            for name, found in read
        ]
        accepted = sum(outcome.is_accepted for outcome in outcomes)
        upload.file_count, upload.accepted_count = len(outcomes), accepted
        upload.outcomes = [asdict(outcome) for outcome in outcomes]
        upload.save(update_fields=["file_count", "accepted_count", "outcomes"])
        audit.record(
            "licensing.build.uploaded",
            by=by,
            at=at,
            object_type="build_upload",
            object_id=upload.id,
            partner_id=partner_id,
            facts={"files": len(outcomes), "accepted": accepted},
        )
    return upload


def _unpack(
    files: Iterable[tuple[str, bytes]], outcomes: list[Outcome]
) -> tuple[list[tuple[str, bytes]], dict[str, DeviceRow]]:
    documents: list[tuple[str, bytes]] = []
    devices: dict[str, DeviceRow] = {}
    for name, content in _flat(files, outcomes):
        if name.rsplit("/", 1)[-1].lower() == DEVICES_FILE:
            devices |= _read_devices(name, content, outcomes)
        elif len(documents) < MAX_FILES:
            documents.append((name, content))
        else:
            outcomes.append(
                _refused(
                    name,
                    "too_many_files",
                    _("Only 5,000 files are read at a time."),
                    _("Send the rest in a second upload."),
                )
            )
            break
    return documents, devices


def _flat(files: Iterable[tuple[str, bytes]], outcomes: list[Outcome]) -> Iterator[tuple[str, bytes]]:
    for name, content in files:
        if not content.startswith(ZIP_BEGINS):
            yield name, content
            continue
        try:
            # Read to the end first: a zip that turns out dishonest half-way is refused as a whole.
            yield from list(read_zip(io.BytesIO(content)))
        except ZipRefused as error:
            outcomes.append(
                _refused(name, error.code, error.message, _("Pack the files again as an ordinary zip."))
            )


def _read_devices(name: str, content: bytes, outcomes: list[Outcome]) -> dict[str, DeviceRow]:
    reader = read_devices_csv(io.BytesIO(content))
    try:
        rows = {row.product_key_id: row for row in reader}
    except CsvRefused as error:
        outcomes.append(_refused(name, error.code, error.message, _("Correct the list and upload it again.")))
        return {}
    for wrong in reader.errors:
        place = _("Row %(row)s, %(field)s: ") % {"row": wrong.row, "field": wrong.field}
        outcomes.append(_refused(name, wrong.code, place + wrong.message, _("Correct the row.")))
    return rows


def _read_one(
    name: str, content: bytes, devices: Mapping[str, DeviceRow]
) -> tuple[str, BuildFacts | Outcome]:
    """Return the file's name as it is shown, and its facts or why it cannot be read."""
    shown = show_name(name)
    try:
        facts = BuildFacts.from_oa3(read_oa3(content))
    except XmlRefused as error:
        next_step = _("Run the OA3 tool's report again and upload its OA3.xml.")
        return shown, _refused(shown, error.code, error.message, next_step)
    return shown, _with_device(facts, devices.get(facts.product_key_id))


def _lock_keys_of(partner_id: UUID, reports: Sequence[BuildFacts]) -> None:
    """Hold the keys of all files in the written order; one by one, the files' order could cross another's."""
    named = [facts.product_key_id for facts in reports]
    own = ProductKey.objects.filter(partner_id=partner_id, product_key_id__in=named)
    lock_keys(list(own.values_list("pk", flat=True)))


def _report_one(
    partner_id: UUID, upload: BuildUpload, shown: str, facts: BuildFacts, by: Actor, at: datetime
) -> Outcome:
    try:
        build = report_build(
            partner_id=partner_id, facts=facts, channel=Build.Channel.FILE, by=by, at=at, upload=upload
        )
    except DomainError as error:
        refusal = error.refusals[0]
        return _refused(shown, refusal.code, _in_words(refusal), refusal.next_step, facts.product_key_id)
    return _accepted(shown, build, facts.product_key_id)


def _with_device(facts: BuildFacts, row: DeviceRow | None) -> BuildFacts:
    if row is None:
        return facts
    return replace(facts, serial=facts.serial or row.serial_number, ohr={**asdict(row.facts), **facts.ohr})


def _in_words(refusal: Any) -> str:
    facts = "; ".join(f"{label}: {value}" for label, value in refusal.facts.items())
    return f"{refusal.what} ({facts})" if facts else str(refusal.what)


def _accepted(name: str, build: Build, product_key_id: str) -> Outcome:
    needs = build.state == BuildState.NEEDS_DETAILS
    text = _("Accepted; add the device details before it goes to Microsoft.") if needs else _("Accepted.")
    return Outcome(name, "needs_details" if needs else "accepted", text, True, product_key_id, str(build.id))


def _refused(name: str, code: str, text: str, next_step: str, product_key_id: str = "") -> Outcome:
    return Outcome(show_name(name), code, text, False, product_key_id, next_step=next_step)
