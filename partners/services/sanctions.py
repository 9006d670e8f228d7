"""Bring a sanctions list into force: the file as a whole or nothing of it."""

import hashlib
from collections.abc import Iterator
from datetime import datetime
from io import BytesIO
from itertools import islice
from pathlib import PurePath
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from core import audit
from core.actor import Actor
from core.errors import DomainError, Invalid, refuse
from core.queue import enqueue
from core.storage import read_bytes, store_bytes
from partners import locks
from partners.checks.eu_list_xml import MAX_BYTES, EuListReader
from partners.checks.list_entries import ListEntry
from partners.checks.list_refusals import ListRefused, RowErrors
from partners.checks.opensanctions_csv import OpenSanctionsReader
from partners.models import SanctionsEntry, SanctionsList

LOAD_LIST = "partners.load_sanctions_list"
RECHECK = "partners.recheck_sanctions"
ROWS_AT_ONCE = 1000
_PORTAL = Actor.system("sanctions lists")
_READERS: dict[str, type[EuListReader] | type[OpenSanctionsReader]] = {
    SanctionsList.Source.EU_XML.value: EuListReader,
    SanctionsList.Source.OPENSANCTIONS_CSV.value: OpenSanctionsReader,
}
_SUFFIXES = {
    SanctionsList.Source.EU_XML.value: ".xml",
    SanctionsList.Source.OPENSANCTIONS_CSV.value: ".csv",
}


class ListKnown(DomainError):
    """The same file is in force, or is being loaded."""


class ListTooLarge(Invalid):
    """The file is larger than the cap."""


class _RowsWrong(Exception):
    """Some entries of the file are wrong; nothing of it is taken."""


@transaction.atomic
def receive_list(content: bytes, *, source: str, file_name: str, by: Actor, at: datetime) -> SanctionsList:
    """Store a list's file and have it loaded. Inside the MAR's scope.

    :raises ListTooLarge: beyond 64 MB.
    :raises ListKnown: when the same file is in force or waits; nothing changes.
    """
    if len(content) > MAX_BYTES:
        raise ListTooLarge(_too_large())
    digest = hashlib.sha256(content).hexdigest()
    locks.lock_sanctions_lists()
    _require_unknown(source, digest)
    path, digest = store_bytes(content, folder="sanctions", suffix=_SUFFIXES[source])
    received = SanctionsList.objects.create(
        source=source,
        state=SanctionsList.State.WAITING,
        file_name=_plain_file_name(file_name),
        file_path=path,
        sha256=digest,
        uploaded_by=by.label[:200],
        uploaded_at=at,
    )
    _audit("partners.sanctions_list.received", received, by=by, at=at)
    enqueue(LOAD_LIST, at=at, list_id=received.pk)
    return received


@transaction.atomic
def load_list(list_id: UUID, *, at: datetime) -> SanctionsList | None:
    """Read a stored list and put it in force in place of the older one of its source, or refuse it.

    Inside the MAR's scope; None when it was loaded or refused before. The older list stays as a row
    without its entries. Cases that are undecided are compared anew.
    """
    locks.lock_sanctions_lists()
    waiting = SanctionsList.objects.filter(pk=list_id, state=SanctionsList.State.WAITING).first()
    if waiting is None:
        return None
    content = read_bytes(waiting.file_path, sha256=waiting.sha256)
    errors = RowErrors()
    try:
        with transaction.atomic():
            _bring_into_force(waiting, content, errors, at=at)
    except ListRefused as refused:
        problem = {"row": 0, "line": refused.line, "code": refused.code, "params": refused.params}
        return _refuse_list(waiting.pk, [problem], at=at)
    except _RowsWrong:
        return _refuse_list(waiting.pk, errors.kept, at=at)
    _audit("partners.sanctions_list.loaded", waiting, by=_PORTAL, at=at)
    enqueue(RECHECK, at=at)
    return waiting


def _bring_into_force(waiting: SanctionsList, content: bytes, errors: RowErrors, *, at: datetime) -> None:
    """Write the entries batch by batch, then exchange the lists; any error undoes all of it."""
    reader = _READERS[waiting.source](BytesIO(content), errors)
    waiting.entries = _write(waiting, reader.entries())
    if errors.count:
        raise _RowsWrong
    if not waiting.entries or reader.published_on is None:
        raise ListRefused("empty")
    older = SanctionsList.objects.filter(source=waiting.source, state=SanctionsList.State.LOADED).first()
    if older is not None:
        if older.published_on is not None and reader.published_on < older.published_on:
            raise ListRefused("older", theirs=str(reader.published_on), ours=str(older.published_on))
        SanctionsEntry.objects.filter(list=older).delete()
        older.state, older.replaced_at = SanctionsList.State.REPLACED, at
        older.save(update_fields=["state", "replaced_at"])
    waiting.state, waiting.loaded_at = SanctionsList.State.LOADED, at
    waiting.published_on = reader.published_on
    waiting.save(update_fields=["state", "loaded_at", "published_on", "entries"])


def _write(waiting: SanctionsList, entries: Iterator[ListEntry]) -> int:
    count = 0
    while batch := list(islice(entries, ROWS_AT_ONCE)):
        SanctionsEntry.objects.bulk_create(_row(waiting, entry) for entry in batch)
        count += len(batch)
    return count


def _row(waiting: SanctionsList, entry: ListEntry) -> SanctionsEntry:
    norms = entry.norms
    return SanctionsEntry(
        list=waiting,
        reference=entry.reference,
        name=entry.names[0],
        name_norm=norms[0] if norms else "",
        aliases=list(entry.names[1:]),
        aliases_norm=list(norms[1:]),
        kind=entry.kind,
        programme=entry.programme,
        country=entry.country,
    )


def _refuse_list(list_id: UUID, errors: list[dict[str, Any]], *, at: datetime) -> SanctionsList:
    refused = SanctionsList.objects.get(pk=list_id)
    refused.state, refused.errors = SanctionsList.State.REFUSED, errors
    refused.save(update_fields=["state", "errors"])
    _audit("partners.sanctions_list.refused", refused, by=_PORTAL, at=at)
    return refused


def _require_unknown(source: str, digest: str) -> None:
    known = SanctionsList.objects.filter(
        source=source,
        sha256=digest,
        state__in=[SanctionsList.State.LOADED, SanctionsList.State.WAITING],
    ).first()
    if known is None:
        return
    raise ListKnown(
        refuse(
            "sanctions_list_known",
            _("This very file is here already. Nothing was changed."),
            rule="P-CHK-3",
            facts={_("Received"): known.uploaded_at, _("State"): known.get_state_display()},
            next_step=_("Download the newest list from its publisher and load that."),
        )
    )


def _too_large() -> Any:
    return refuse(
        "sanctions_list_too_large",
        _("The file is larger than the portal accepts."),
        rule="P-CHK-4",
        facts={_("Megabytes allowed"): MAX_BYTES // 2**20},
        next_step=_("Choose the list itself, not an archive of several lists."),
    )


def _plain_file_name(name: str) -> str:
    bare = PurePath(name.replace("\\", "/")).name
    return "".join(letter for letter in bare if letter.isprintable())[:200]


def _audit(action: str, sanctions_list: SanctionsList, *, by: Actor, at: datetime) -> None:
    audit.record(
        action,
        by=by,
        at=at,
        object_type="sanctions_list",
        object_id=sanctions_list.pk,
        facts={
            "source": sanctions_list.source,
            "sha256": sanctions_list.sha256,
            "entries": sanctions_list.entries,
            "published_on": str(sanctions_list.published_on or ""),
        },
    )
