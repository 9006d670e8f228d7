"""Papers somebody hands in as proof: looked into, stored by content hash, opened again unchanged."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core import audit, storage
from core.actor import Actor
from core.errors import Invalid, Refusal, refuse
from core.pdf_guard import pdf_findings
from partners.models import Application, Document
from partners.rules.file_contents import MAX_DOCUMENT_BYTES, PDF, FileType, clean_file_name, find_type

FOLDER = "documents"  # as in paper_guards.py
_MEGABYTE = 1024 * 1024

# P-DOC-2, in the order in which one of them is said.
_AGAINST_PDF = {
    "encrypted": (
        gettext_lazy("This PDF is protected by a password, so nobody here can read it."),
        gettext_lazy("Save it without a password and choose it again."),
    ),
    "script": (
        gettext_lazy("This PDF contains a script. A paper needs none, so it is not taken."),
        gettext_lazy("Print it to a new PDF, or scan the paper, and choose that file."),
    ),
    "action": (
        gettext_lazy("This PDF starts something by itself when it is opened, so it is not taken."),
        gettext_lazy("Print it to a new PDF, or scan the paper, and choose that file."),
    ),
    "file": (
        gettext_lazy("This PDF carries another file inside, so it is not taken."),
        gettext_lazy("Print it to a new PDF, or hand in the inner file by itself."),
    ),
    "unreadable": (
        gettext_lazy("This PDF is damaged or cannot be read to its end."),
        gettext_lazy("Open it, print it to a new PDF, and choose that file."),
    ),
}


MAX_APPLICATION_PAPERS = 40


class DocumentRefused(Invalid):
    """The file is not a paper that the portal takes."""


def inspect_document(content: bytes) -> FileType:
    """Return what the file is, after a look inside.

    :raises DocumentRefused: when it is empty, too large, of another type, or a PDF that does more than show.
    """
    if not content:
        raise DocumentRefused(_refusal("empty", _("This file is empty."), _("Choose the file again.")))
    if len(content) > MAX_DOCUMENT_BYTES:
        raise DocumentRefused(_too_large(len(content)))
    found = find_type(content)
    if found is None:
        raise DocumentRefused(
            _refusal(
                "type",
                _("This file is not a PDF, JPEG, PNG or HEIC, whatever its name says."),
                _("Save the paper as a PDF, or take a photograph of it."),
            )
        )
    if found is PDF:
        _require_plain_pdf(content)
    return found


@transaction.atomic
def store_document(
    content: bytes,
    *,
    name: str,
    kind: str,
    title: str = "",
    application_id: UUID | None = None,
    partner_id: UUID | None = None,
    expires_on: date | None = None,
    by: Actor,
    at: datetime,
) -> Document:
    """Keep a paper of an applicant or a partner.

    Runs in the scope of its owner, or in the MAR's. The same bytes are stored once for each owner, however
    often he hands them in; each time makes a row of its own. An applicant's
    bytes are sealed under his key.

    :raises DocumentRefused: see ``inspect_document``; also when an application holds too many papers.
    """
    if application_id is not None and partner_id is None:
        _require_room(application_id)
    found = inspect_document(content)
    # A folder for each owner: the database lets nobody name a file of another's folder.
    folder, subject = f"{FOLDER}/{partner_id or application_id}", _subject_of(application_id)
    if subject is None:
        path, digest = storage.store_bytes(content, folder=folder, suffix=found.suffix)
    else:
        path, digest = storage.store_sealed(content, subject=subject, folder=folder)
    document = Document.objects.create(
        application_id=application_id,
        partner_id=partner_id,
        kind=kind,
        title=" ".join(title.split())[:120],
        file_name=clean_file_name(name, suffix=found.suffix),
        content_type=found.content_type,
        size=len(content),
        sha256=digest,
        subject=subject,
        path=path,
        expires_on=expires_on,
        uploaded_by=by.label[:200],
        uploaded_at=at,
    )
    _record("partners.document.stored", document, by=by, at=at)
    return document


@transaction.atomic
def remove_document(document: Document, *, by: Actor, at: datetime) -> None:
    """Take a paper back: it leaves the lists, its row and bytes stay as evidence of what was handed in."""
    # One statement: of two hands at once one takes it back, and it is noted once.
    if Document.objects.filter(pk=document.pk, removed_at__isnull=True).update(removed_at=at):
        _record("partners.document.removed", document, by=by, at=at)


def open_document(document: Document) -> bytes:
    """Return the bytes as they were handed in.

    :raises ValueError: when the stored file has changed since.
    """
    if document.subject is not None:
        return storage.read_sealed(document.path, subject=document.subject, sha256=document.sha256)
    return storage.read_bytes(document.path, sha256=document.sha256)


def _subject_of(application_id: UUID | None) -> UUID | None:
    """Return whose key seals an applicant's paper; a partner's own papers are stored as they are."""
    if application_id is None:
        return None
    return Application.objects.values_list("subject", flat=True).get(pk=application_id)


def hand_out_document(document: Document, *, by: Actor, at: datetime) -> bytes:
    """Return the bytes to somebody who may see them, and note that he did."""
    content = open_document(document)
    _record("partners.document.downloaded", document, by=by, at=at)
    return content


def _require_plain_pdf(content: bytes) -> None:
    found = pdf_findings(content)
    for code, (what, next_step) in _AGAINST_PDF.items():
        if code in found:
            raise DocumentRefused(_refusal(code, what, next_step, rule="P-DOC-2"))


def _require_room(application_id: UUID) -> None:
    """Bound what somebody without an account can make the portal keep; papers taken back count, their bytes stay."""
    if Document.objects.filter(application_id=application_id).count() >= MAX_APPLICATION_PAPERS:
        raise DocumentRefused(
            _refusal(
                "too_many",
                _("This application holds %(limit)d papers, as many as one may.")
                % {"limit": MAX_APPLICATION_PAPERS},
                _("Put several pages into one PDF, or write to the programme office."),
            )
        )


def _too_large(size: int) -> Refusal:
    return _refusal(
        "too_large",
        _("This file has %(size)d MB; the limit is %(limit)d MB.")
        % {"size": -(-size // _MEGABYTE), "limit": MAX_DOCUMENT_BYTES // _MEGABYTE},
        _("Scan it in grey with 200 dots per inch, or hand in the pages one by one."),
    )


def _refusal(code: str, what: Any, next_step: Any, *, rule: str = "P-DOC-1") -> Refusal:
    return refuse(
        f"document_{code}", what, rule=rule, next_step=next_step, lifted_by=_("You, with another file")
    )


def _record(action: str, document: Document, *, by: Actor, at: datetime) -> None:
    audit.record(
        action,
        by=by,
        at=at,
        object_type="document",
        object_id=document.pk,
        partner_id=document.partner_id,
        facts={"kind": document.kind, "sha256": document.sha256, "size": document.size},
    )
