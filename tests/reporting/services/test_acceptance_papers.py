"""The paper about an acceptance: complete, the same bytes each time, stored once, one's own only."""

import hashlib
import io
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import transaction
from django.db.utils import DatabaseError
from pypdf import PdfReader

from core.actor import Actor
from core.custody_keys import seal_key
from core.errors import NotFound
from core.models import OutboxItem
from core.storage import read_bytes
from core.tenancy import mar_scope, partner_scope
from partners.models import Partner, TermsAcceptance, TermsText
from partners.services.terms import accept_terms
from reporting.models import AcceptancePaper
from reporting.renderers.acceptance_pdf import render_acceptance
from reporting.renderers.manifest import sign_manifest, verify_manifest
from reporting.services.acceptance_papers import acceptance_paper, facts_of
from tests.factories import AT, actor_for, make_mar, make_member, make_partner, make_terms
from tests.partners.samples import audited

pytestmark = pytest.mark.django_db
BY = Actor.system("test")


@pytest.fixture
def accepted() -> tuple[Partner, TermsAcceptance]:
    """Return a partner whose owner read German, where English counts."""
    make_mar()
    partner = make_partner(accepts_terms=False, name="Kreislauf PC GmbH", vat_id="DE123456789")
    terms = make_terms("2026-2", effective_from=AT - timedelta(days=1))
    german = "Eine Lizenz, ein Gerät."
    with mar_scope():
        TermsText.objects.create(
            terms=terms, language="de", summary="Kurz.", text=german,
            sha256=hashlib.sha256(german.encode()).hexdigest(),
        )  # fmt: skip
    owner = make_member("tpr_owner", partner=partner, name="Olga Ahrens")
    with partner_scope(partner.pk):
        acceptance = accept_terms(
            partner_id=partner.pk, terms_id=terms.pk, text_sha256=hashlib.sha256(german.encode()).hexdigest(),
            role="tpr_owner", by=actor_for(owner, partner=partner), at=AT,
        )  # fmt: skip
    return partner, acceptance


def _paper(partner: Partner, acceptance: TermsAcceptance, **changes: Any) -> AcceptancePaper:
    with partner_scope(partner.pk):
        return acceptance_paper(
            acceptance.pk, **{"partner_id": partner.pk, "by": BY, "at": AT + timedelta(days=2)} | changes
        )


def test_the_paper_names_who_what_when_from_where_and_both_texts(accepted) -> None:
    partner, acceptance = accepted
    paper = _paper(partner, acceptance)
    content = read_bytes(paper.path, sha256=paper.sha256)
    reader = PdfReader(io.BytesIO(content))
    words = " ".join(" ".join(page.extract_text() for page in reader.pages).split())
    for fact in (
        "Kreislauf PC GmbH", "DE123456789", "Nordlicht Refurbishing GmbH", "Olga Ahrens", "Owner",
        "2026-11-15 19:00:00 +01:00", "2026-11-15 18:00 UTC", "German", "the text in English is the binding one",
        "Eine Lizenz, ein Gerät.", "One licence, one eligible PC.", paper.seal[:40],
    ):  # fmt: skip
        assert fact in words, fact
    assert (paper.size, paper.name) == (len(content), f"acceptance-TPR-2026-2-{partner.code}.pdf")
    assert audited("reporting.acceptance_paper.made") == 1


def test_the_attached_facts_bear_a_seal_that_a_change_breaks(accepted) -> None:
    paper = _paper(*accepted)
    reader = PdfReader(io.BytesIO(read_bytes(paper.path, sha256=paper.sha256)))
    (attached,) = reader.attachments["acceptance.json"]
    sealed = json.loads(attached)
    assert (sealed["language_read"], sealed["binding_language"]) == ("de", "en")
    assert sealed["signature"]["value"] == paper.seal
    assert verify_manifest(sealed, key=seal_key())
    assert not verify_manifest({**sealed, "person": "Somebody Else"}, key=seal_key())


def test_it_is_made_once_and_its_facts_give_the_same_bytes_again(accepted) -> None:
    first = _paper(*accepted)
    assert _paper(*accepted, at=AT + timedelta(days=9)) == first
    with mar_scope():
        assert AcceptancePaper.objects.count() == 1
        facts = facts_of(TermsAcceptance.objects.select_related("user", "partner", "terms__agreement").get())
    sealed = sign_manifest(facts.statement(), key=seal_key(), key_id="seal")
    again = render_acceptance(facts, sealed=sealed, fonts_dir=Path(settings.FONTS_DIR)).content
    assert hashlib.sha256(again).hexdigest() == first.sha256


def test_a_stranger_finds_no_paper_and_the_mar_finds_every(accepted) -> None:
    partner, acceptance = accepted
    other = make_partner()
    for partner_id in (other.pk, None):
        with partner_scope(other.pk), pytest.raises(NotFound):
            acceptance_paper(acceptance.pk, partner_id=partner_id, by=BY, at=AT)
    with mar_scope():
        assert AcceptancePaper.objects.count() == 0
        assert acceptance_paper(acceptance.pk, partner_id=None, by=BY, at=AT).partner_id == partner.pk


def test_a_stored_paper_never_changes(accepted) -> None:
    paper = _paper(*accepted)
    with mar_scope(), pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        AcceptancePaper.objects.filter(pk=paper.pk).update(sha256="0" * 64)


def test_accepting_asks_for_the_paper(accepted) -> None:
    _partner, acceptance = accepted
    with mar_scope():
        (row,) = OutboxItem.objects.filter(task="reporting.make_acceptance_paper")
    assert row.arguments["acceptance_id"] == str(acceptance.pk)
