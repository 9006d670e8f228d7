"""Papers are looked into, stored by content, and met by their owner only."""

from datetime import date
from uuid import uuid4

import pytest
from django.core.files.storage import default_storage
from django.db import DatabaseError, ProgrammingError, transaction

from core.tenancy import guest_scope, mar_scope, partner_scope
from partners.models import Brand, Document
from partners.rules.file_contents import MAX_DOCUMENT_BYTES, clean_file_name
from partners.services.documents import (
    DocumentRefused,
    hand_out_document,
    open_document,
    remove_document,
    store_document,
)
from tests.factories import AT, actor_for, make_member, make_partner
from tests.partners import papers
from tests.partners.samples import VISITOR, audited, make_application

pytestmark = pytest.mark.django_db


def _store(content=papers.JPEG, *, partner, name="paper.jpg", **options):
    with partner_scope(partner.pk):
        return store_document(
            content, name=name, kind="certificate", partner_id=partner.pk, by=VISITOR, at=AT, **options
        )


@pytest.mark.parametrize(
    ("content", "content_type", "suffix"),
    [
        (papers.make_pdf(), "application/pdf", ".pdf"),
        (papers.JPEG, "image/jpeg", ".jpg"),
        (papers.PNG, "image/png", ".png"),
        (papers.HEIC, "image/heic", ".heic"),
    ],
)
def test_the_four_types_are_told_by_their_content(content, content_type, suffix):
    document = _store(content, partner=make_partner(), name="scan.exe", expires_on=date(2027, 5, 1))
    assert (document.content_type, document.file_name) == (content_type, f"scan{suffix}")
    assert open_document(document) == content
    assert document.path == f"documents/{document.partner_id}/{document.sha256[:2]}/{document.sha256}{suffix}"
    assert document.expires_on == date(2027, 5, 1)
    assert audited("partners.document.stored") == 1


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "document_empty"),
        (papers.EXE, "document_type"),
        (b"<html><script>alert(1)</script>", "document_type"),
        (b"\n" + papers.make_pdf(), "document_type"),
        (papers.EXE + papers.make_pdf(), "document_type"),
        (b"GIF89a" + bytes(90), "document_type"),
        (papers.JPEG + bytes(MAX_DOCUMENT_BYTES), "document_too_large"),
        (papers.pdf_with_script(), "document_script"),
        (papers.pdf_with_launch(), "document_action"),
        (papers.pdf_with_file(), "document_file"),
        (papers.pdf_with_password(), "document_encrypted"),
        (papers.make_pdf()[:300], "document_unreadable"),
    ],
)
def test_anything_else_is_refused_and_leaves_nothing(content, code):
    partner = make_partner()
    with pytest.raises(DocumentRefused) as refused:
        _store(content, partner=partner, name="invoice.pdf")
    assert refused.value.code == code
    assert refused.value.refusals[0].next_step
    with mar_scope():
        assert Document.objects.count() == 0
    assert not default_storage.exists("documents")
    assert audited("partners.document.stored") == 0


def test_a_file_of_exactly_the_limit_is_taken():
    content = papers.JPEG + bytes(MAX_DOCUMENT_BYTES - len(papers.JPEG))
    assert _store(content, partner=make_partner()).size == MAX_DOCUMENT_BYTES


def test_the_same_bytes_are_stored_once_and_noted_twice():
    partner = make_partner()
    first, second = _store(partner=partner), _store(partner=partner)
    assert (first.path, first.pk == second.pk) == (second.path, False)


def test_a_changed_file_is_not_handed_out():
    document = _store(partner=make_partner())
    with default_storage.open(document.path, "wb") as stored:
        stored.write(b"other")
    with pytest.raises(ValueError, match="has changed"):
        hand_out_document(document, by=VISITOR, at=AT)
    assert audited("partners.document.downloaded") == 0


def test_handing_out_is_audited():
    partner = make_partner()
    document = _store(partner=partner)
    owner = make_member("tpr_owner", partner=partner)
    with partner_scope(partner.pk):
        assert hand_out_document(document, by=actor_for(owner, partner=partner), at=AT) == papers.JPEG
    assert audited("partners.document.downloaded") == 1


def test_taking_back_twice_is_noted_once_and_keeps_the_bytes():
    partner = make_partner()
    document = _store(partner=partner)
    for _time in range(2):
        with partner_scope(partner.pk):
            remove_document(document, by=VISITOR, at=AT)
    with mar_scope():
        assert Document.objects.get().removed_at == AT
    assert audited("partners.document.removed") == 1
    assert open_document(document) == papers.JPEG


def test_a_stranger_meets_no_paper():
    document = _store(partner=make_partner())
    with partner_scope(make_partner().pk):
        assert not Document.objects.filter(pk=document.pk).exists()
    with guest_scope(uuid4()):
        assert not Document.objects.filter(pk=document.pk).exists()


def test_a_partner_cannot_store_a_paper_for_another():
    partner, other = make_partner(), make_partner()
    with pytest.raises(ProgrammingError), transaction.atomic(), partner_scope(partner.pk):
        store_document(papers.JPEG, name="x", kind="other", partner_id=other.pk, by=VISITOR, at=AT)


@pytest.mark.parametrize(
    ("name", "cleaned"),
    [
        ("../../etc/passwd", "passwd.pdf"),
        ("C:\\Users\\eva\\Ausweis Köln (2).PDF", "Ausweis Köln (2).pdf"),
        ('a"b\r\nSet-Cookie: x.pdf', "a_b__Set-Cookie_ x.pdf"),
        ("‮fdp.exe", "fdp.pdf"),
        ("...", "document.pdf"),
        ("", "document.pdf"),
        ("n" * 300, "n" * 100 + ".pdf"),
    ],
)
def test_names_are_cleaned(name, cleaned):
    assert clean_file_name(name, suffix=".pdf") == cleaned


def test_an_application_holds_so_many_papers_and_no_more(monkeypatch):
    monkeypatch.setattr("partners.services.documents.MAX_APPLICATION_PAPERS", 2)
    application = make_application()

    def store():
        with guest_scope(application.pk):
            return store_document(
                papers.PNG, name="a.png", kind="certificate", application_id=application.pk, by=VISITOR, at=AT
            )

    with guest_scope(application.pk):
        already = Document.objects.count()
    for _paper in range(2 - already):
        with guest_scope(application.pk):
            remove_document(store(), by=VISITOR, at=AT)
    with pytest.raises(DocumentRefused) as caught:
        store()
    assert "papers" in caught.value.refusals[0].what
    with guest_scope(application.pk):
        assert Document.objects.count() == max(already, 2)


def test_the_database_lets_nobody_point_at_anothers_file():
    other, partner = make_partner(), make_partner()
    theirs = _store(partner=other)
    for path in (theirs.path, "documents/../secret", f"documents/{other.pk}/x.pdf"):
        with (
            partner_scope(partner.pk),
            pytest.raises(DatabaseError, match="this file is another's"),
            transaction.atomic(),
        ):
            Document.objects.create(
                partner=partner, kind="certificate", file_name="a.jpg", content_type="image/jpeg", size=1,
                sha256=theirs.sha256, path=path, uploaded_by="X", uploaded_at=AT,
            )  # fmt: skip
    with mar_scope():
        assert Document.objects.count() == 1
        with pytest.raises(DatabaseError, match="never changes"), transaction.atomic():
            Document.objects.update(path="documents/x.jpg")
        assert Document.objects.get().path == theirs.path


def test_the_database_lets_no_row_name_anothers_paper():
    other, partner = make_partner(), make_partner()
    theirs = _store(partner=other)
    with partner_scope(partner.pk), pytest.raises(DatabaseError, match="another partner's row"):
        Brand.objects.create(partner=partner, name="Mine", logo_id=theirs.pk, created_at=AT)
    with partner_scope(partner.pk):
        assert Brand.objects.count() == 0
