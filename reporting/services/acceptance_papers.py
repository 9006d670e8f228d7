"""Make the paper about an acceptance once, store it by its content, and serve it as it was made."""

from datetime import datetime
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import override

from core import audit
from core.actor import Actor
from core.custody_keys import seal_key
from core.errors import NotFound
from core.storage import store_bytes
from partners.models import TermsAcceptance
from partners.models.membership import Role
from partners.selectors.mar import the_mar
from partners.selectors.terms import acceptance_by_id, texts_of
from reporting.builders.acceptance import AcceptanceFacts, Words
from reporting.locks import lock_acceptance
from reporting.models import AcceptancePaper
from reporting.renderers.acceptance_pdf import render_acceptance
from reporting.renderers.manifest import sign_manifest

FOLDER = "acceptances"
KEY_ID = "seal"


@transaction.atomic
def acceptance_paper(
    acceptance_id: UUID, *, partner_id: UUID | None, by: Actor, at: datetime
) -> AcceptancePaper:
    """Return the paper of an acceptance, made now when it is asked for the first time.

    With ``partner_id`` only a partner's own acceptance is found.

    :raises NotFound: when there is no such acceptance for whoever asks.
    """
    acceptance = acceptance_by_id(acceptance_id, partner_id=partner_id)
    if acceptance is None:
        raise NotFound(_("There is no such acceptance."))
    lock_acceptance(acceptance_id)
    made = AcceptancePaper.objects.filter(acceptance_id=acceptance_id).first()
    if made is not None:
        return made
    facts = facts_of(acceptance)
    sealed = sign_manifest(facts.statement(), key=seal_key(), key_id=KEY_ID)
    content = render_acceptance(facts, sealed=sealed, fonts_dir=Path(settings.FONTS_DIR)).content
    path, sha256 = store_bytes(content, folder=FOLDER, suffix=".pdf")
    paper = AcceptancePaper.objects.create(
        partner_id=acceptance.partner_id,
        acceptance=acceptance,
        name=facts.file_name,
        path=path,
        sha256=sha256,
        size=len(content),
        seal=sealed["signature"]["value"],
        made_at=at,
    )
    audit.record(
        "reporting.acceptance_paper.made",
        by=by,
        at=at,
        object_type="acceptance",
        object_id=acceptance_id,
        partner_id=acceptance.partner_id,
        facts={"sha256": sha256, "seal": paper.seal},
    )
    return paper


def facts_of(acceptance: TermsAcceptance) -> AcceptanceFacts:
    """Return the facts a paper prints, from what was stored at the acceptance."""
    terms, partner, mar = acceptance.terms, acceptance.partner, the_mar()
    texts = {text.language: text for text in texts_of(terms)}
    binding = texts[terms.binding_language]
    # An acceptance from before the languages was of the one text there was.
    read = texts.get(acceptance.language, binding)
    names = dict(settings.LANGUAGES)
    with override("en"):
        words = [
            Words(text.language, str(names.get(text.language, text.language)), text.text, text.sha256)
            for text in (read, binding)
        ]
        role = str(Role(acceptance.role).label)
    return AcceptanceFacts(
        number=str(acceptance.pk),
        agreement=terms.agreement.title,
        agreement_code=terms.agreement.code,
        version=terms.version,
        effective_from=terms.effective_from,
        due_from=terms.due_from,
        mar_name=mar.legal_name if mar else "",
        mar_address=mar.address if mar else "",
        partner_name=partner.name,
        partner_code=partner.code,
        partner_vat_id=partner.vat_id,
        partner_country=partner.country,
        person=acceptance.user.name,
        person_email=acceptance.user.email,
        role=role,
        accepted_at=acceptance.accepted_at,
        address=acceptance.ip or "",
        time_zone=mar.time_zone if mar else "UTC",
        read=words[0],
        binding=words[1],
    )
