"""Terms are accepted once, by hash, in the version in force."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from core.actor import Actor
from core.errors import NotFound
from core.tenancy import mar_scope, partner_scope
from partners.models import OrderBlock, Partner, TermsAcceptance, TermsText
from partners.selectors.terms import acceptances_of, missing_terms, terms_in_force
from partners.services.agreements import open_master_agreement
from partners.services.terms import TermsAccepted, TermsNotInForce, accept_terms
from tests.factories import AT, actor_for, hash_of, make_member, make_partner, make_terms
from tests.partners.samples import audited

pytestmark = pytest.mark.django_db


@pytest.fixture
def newcomer():
    """Return a partner whose terms are pending, and his owner."""
    partner = make_partner(accepts_terms=False, state="agreement_pending")
    return partner, make_member("tpr_owner", partner=partner)


def _accept(partner, owner, terms, *, at=AT, text_sha256=None):
    with partner_scope(partner.pk):
        return accept_terms(
            partner_id=partner.pk,
            terms_id=terms.pk,
            text_sha256=text_sha256 or hash_of(terms),
            role="tpr_owner",
            by=actor_for(owner, partner=partner),
            at=at,
        )


def test_accepting_makes_a_new_partner_active(newcomer):
    partner, owner = newcomer
    terms = make_terms()
    acceptance = _accept(partner, owner, terms)
    with partner_scope(partner.pk):
        stored = Partner.objects.get(pk=partner.pk)
        assert (stored.state, stored.state_since) == ("active", AT)
        assert missing_terms(partner.pk, AT) is None
        assert acceptances_of(partner.pk) == [acceptance]
    assert (acceptance.text_sha256, acceptance.role, acceptance.user_id) == (
        hash_of(terms),
        "tpr_owner",
        owner.pk,
    )
    assert audited("partners.terms.accepted") == 1


def test_accepting_lifts_nothing_that_was_set_before(newcomer):
    partner, owner = newcomer
    marta = actor_for(make_member("mar_admin"))
    with mar_scope():
        OrderBlock.objects.create(
            partner=partner, kind="all", is_suspension=True, rule="P-STATE-2", reason="Theft.", next_step="Answer.",
            since=AT - timedelta(days=2), until=AT + timedelta(days=1), set_by="Marta", set_by_id=marta.id,
        )  # fmt: skip
    _accept(partner, owner, make_terms())
    with mar_scope():
        assert Partner.objects.get().state == "suspended"
    assert (audited("partners.partner.activated"), audited("partners.partner.suspended")) == (1, 1)


def test_what_was_read_must_be_what_is_in_force(newcomer):
    partner, owner = newcomer
    terms = make_terms()
    with pytest.raises(TermsNotInForce):
        _accept(partner, owner, terms, text_sha256="0" * 64)
    newer = make_terms(
        "2026-2", text="New.", effective_from=AT - timedelta(days=1), due_from=AT + timedelta(days=30)
    )
    with pytest.raises(TermsNotInForce):
        _accept(partner, owner, terms)
    with mar_scope():
        assert TermsAcceptance.objects.count() == 0
        assert Partner.objects.get().state == "agreement_pending"
        assert terms_in_force(AT) == newer


def test_terms_are_accepted_once(newcomer):
    partner, owner = newcomer
    _accept(partner, owner, make_terms())
    with pytest.raises(TermsAccepted):
        _accept(partner, owner, make_terms())
    assert audited("partners.terms.accepted") == 1


def test_a_suspended_partner_stays_suspended():
    partner = make_partner(accepts_terms=False, state="suspended")
    _accept(partner, make_member("tpr_owner", partner=partner), make_terms())
    with mar_scope():
        assert Partner.objects.get().state == "suspended"


def test_a_machine_accepts_nothing(newcomer):
    partner, _owner = newcomer
    terms = make_terms()
    with partner_scope(partner.pk), pytest.raises(NotFound):
        accept_terms(
            partner_id=partner.pk, terms_id=terms.pk, text_sha256=hash_of(terms), role="", at=AT,
            by=Actor.system("robot"),
        )  # fmt: skip


def test_a_stranger_accepts_for_nobody_else(newcomer):
    partner, owner = newcomer
    terms = make_terms()
    with partner_scope(make_partner().pk), pytest.raises(NotFound):
        accept_terms(
            partner_id=partner.pk, terms_id=terms.pk, text_sha256=hash_of(terms), role="tpr_owner", at=AT,
            by=actor_for(owner),
        )  # fmt: skip


def test_a_new_version_is_missing_only_once_it_is_due():
    partner = make_partner()
    make_terms("2026-2", text="New.", effective_from=AT - timedelta(days=1), due_from=AT + timedelta(days=30))
    with partner_scope(partner.pk):
        assert missing_terms(partner.pk, AT) is None
        assert missing_terms(partner.pk, AT + timedelta(days=30)).version == "2026-2"


def test_a_later_version_accepted_early_counts_for_the_one_that_is_due(newcomer):
    partner, owner = newcomer
    make_terms()
    newer = make_terms(
        "2026-2", text="New.", effective_from=AT - timedelta(days=1), due_from=AT + timedelta(days=30)
    )
    _accept(partner, owner, newer)
    with partner_scope(partner.pk):
        assert missing_terms(partner.pk, AT) is None


def test_without_any_terms_nothing_is_missing():
    partner = make_partner()
    with mar_scope():
        assert missing_terms(partner.pk, AT - timedelta(days=500)) is None
        assert terms_in_force(AT - timedelta(days=500)) is None


def test_publishing_stores_the_hash_of_the_text():
    with mar_scope():
        terms = open_master_agreement(
            version="2027-1",
            summary="s",
            text="text",
            effective_from=AT,
            due_from=AT,
            by=Actor.system("t"),
            at=AT,
        )
        assert TermsText.objects.get(terms=terms).sha256 == (
            "982d9e3eb996f559e633f4d194def3761d909f5a3b647d1a851fead67c32c9d1"
        )


def test_the_database_refuses_a_second_acceptance_and_any_change(newcomer):
    partner, owner = newcomer
    acceptance = _accept(partner, owner, make_terms())
    with mar_scope():
        with pytest.raises(IntegrityError, match="terms_accepted_once"), transaction.atomic():
            TermsAcceptance.objects.create(
                partner=partner,
                terms=make_terms(),
                user=owner,
                role="tpr_owner",
                accepted_at=AT,
                text_sha256="0" * 64,
            )
        with pytest.raises(Exception, match="permission denied"), transaction.atomic():
            TermsAcceptance.objects.filter(pk=acceptance.pk).update(role="tpr_buyer")
