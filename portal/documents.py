"""Papers in forms and pages: a field that refuses at the field, and a download that cannot run."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError
from partners.models import Document
from partners.rules.file_contents import ACCEPT
from partners.services.documents import DocumentRefused, hand_out_document, inspect_document
from portal.actors import actor_of
from portal.forms import UploadInput

# The bytes are only ever kept, never shown: no script, no frame, no page of ours around them.
SANDBOX = "sandbox; default-src 'none'"


class DocumentField(forms.FileField):
    """One paper. What the domain refuses is said at this field; the rest of the form stays as typed.

    Cleans to the uploaded file, read to its end and set back to its beginning, None when there is none.
    """

    def __init__(self, **options: Any) -> None:
        options.setdefault("widget", UploadInput(accept=ACCEPT))
        options.setdefault("help_text", _("PDF, JPEG, PNG or HEIC, up to 15 MB."))
        super().__init__(**options)

    def clean(self, data: Any, initial: Any = None) -> "UploadedFile[Any] | None":
        file = super().clean(data, initial)
        if not isinstance(file, UploadedFile):
            return None
        content = file.read()
        file.seek(0)
        try:
            inspect_document(content)
        except DocumentRefused as error:
            raise ValidationError(words_of(error), code=error.code) from error
        return file


def words_of(error: DomainError) -> str:
    """Return what was refused and what to do, as one text for a field."""
    return " ".join(f"{refusal.what} {refusal.next_step}".strip() for refusal in error.refusals)


def document_response(request: HttpRequest, document: Document) -> HttpResponse:
    """Send a stored paper under its cleaned name, to be kept and not opened here; audited."""
    content = hand_out_document(document, by=actor_of(request), at=timezone.now())
    response = HttpResponse(content, content_type=document.content_type)
    response["Content-Disposition"] = content_disposition_header(True, document.file_name) or "attachment"
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = SANDBOX
    response["Cache-Control"] = "private, no-store"
    return response
