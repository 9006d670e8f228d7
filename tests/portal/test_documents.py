"""A paper that is refused is refused at its field; a paper sent out cannot run."""

import pytest
from django import forms
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import RequestFactory

from core.tenancy import partner_scope
from partners.rules.file_contents import MAX_DOCUMENT_BYTES
from partners.services.documents import store_document
from portal.documents import DocumentField, document_response
from portal.middleware import identify
from tests.factories import AT, make_partner
from tests.partners import papers
from tests.partners.samples import VISITOR, audited


class PaperForm(forms.Form):
    name = forms.CharField()
    paper = DocumentField(required=False)


def _form(content, file_name="proof.pdf"):
    return PaperForm({"name": "Eva"}, {"paper": SimpleUploadedFile(file_name, content)})


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (papers.EXE, "not a PDF, JPEG, PNG or HEIC"),
        (papers.JPEG + bytes(MAX_DOCUMENT_BYTES * 2 - 99), "30 MB; the limit is 15 MB"),
        (papers.pdf_with_script(), "contains a script"),
    ],
)  # fmt: skip
def test_a_refused_paper_is_said_at_its_field_and_the_rest_is_kept(content, words):
    form = _form(content)
    assert list(form.errors) == ["paper"]
    assert words in form.errors["paper"][0]
    assert form.cleaned_data == {"name": "Eva"}


def test_a_paper_is_handed_on_from_its_beginning():
    form = _form(papers.make_pdf())
    assert form.is_valid()
    assert form.cleaned_data["paper"].read() == papers.make_pdf()


def test_no_paper_is_no_error_where_it_is_optional():
    form = PaperForm({"name": "Eva"})
    assert form.is_valid()
    assert form.cleaned_data["paper"] is None


@pytest.mark.django_db
def test_a_paper_is_sent_as_a_download_that_cannot_run(client):
    partner = make_partner()
    request = RequestFactory().get("/")
    request.user = type("Nobody", (), {"is_authenticated": False})()
    identify(request)
    with partner_scope(partner.pk):
        document = store_document(
            papers.make_pdf(),
            name="Prüfung.pdf",
            kind="certificate",
            partner_id=partner.pk,
            by=VISITOR,
            at=AT,
        )
        response = document_response(request, document)
    assert response.content == papers.make_pdf()
    assert response["Content-Type"] == "application/pdf"
    assert response["Content-Disposition"] == "attachment; filename*=utf-8''Pr%C3%BCfung.pdf"
    assert response["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert audited("partners.document.downloaded") == 1
