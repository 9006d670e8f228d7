"""A partner's own house: contract facts by two people, contact facts at once, sites, brands, contacts, papers."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction

from core.actor import Actor
from core.errors import NotFound
from core.models import AuditEvent
from core.tenancy import mar_scope, partner_scope
from partners.models import (
    Brand,
    CompanyChange,
    Document,
    Invitation,
    NamedContact,
    Partner,
    PartnerNote,
    Site,
)
from partners.rules.company import example_vat_id
from partners.selectors.company import contacts_of
from partners.selectors.people import open_invitations_of
from partners.services.company import (
    CompanyChangeClosed,
    CompanyChangeNotYours,
    CompanyFactsWrong,
    change_contact_facts,
    confirm_company_change,
    refuse_company_change,
    request_company_change,
    withdraw_company_change,
)
from partners.services.contacts import ContactRefused, name_contact
from partners.services.documents import DocumentRefused, store_document
from partners.services.invitations import (
    InvitationClosed,
    accept_invitation,
    cancel_invitation,
    invite_person,
    resend_invitation,
)
from partners.services.notes import NoteRefused, pin_note, write_note
from partners.services.partner_documents import remind_of_expiry, replace_document
from partners.services.sites import (
    BrandRefused,
    SiteRefused,
    add_brand,
    change_brand,
    change_site,
    close_site,
    open_site,
)
from partners.services.tokens import invitation_token
from tests.factories import AT, actor_for, make_mar, make_member, make_partner
from tests.partners.samples import VISITOR, audited, queued

pytestmark = pytest.mark.django_db
FACTS = {"name": "New GmbH", "country": "DE", "vat_id": "", "iban": ""}
ADDRESS = {"name": "Hall 2", "street": "Ring 1", "postcode": "10115", "city": "Berlin", "country": "DE"}
PNG = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89"
    b"\x00\x00\x00\rIDATx\x9cc\xf8\xcf\xc0\x00\x00\x03\x01\x01\x00\xc9\xfe\x92\xef\x00\x00\x00\x00IEND\xaeB`\x82"
)


@pytest.fixture
def house():
    make_mar()
    partner = make_partner(name="Old GmbH")
    return partner, actor_for(make_member("tpr_owner", partner=partner), partner=partner)


def the_partner(partner) -> Partner:
    with mar_scope():
        return Partner.objects.get(pk=partner.pk)


def ask(partner, by, **facts) -> CompanyChange:
    with partner_scope(partner.pk):
        return request_company_change(partner.pk, facts=FACTS | facts, reason="Register", by=by, at=AT)


def test_contract_facts_change_when_the_mar_confirms(house):
    partner, owner = house
    change = ask(partner, owner)
    assert the_partner(partner).name == "Old GmbH"
    assert (change.before, change.after) == ({"name": "Old GmbH"}, {"name": "New GmbH"})
    admin = actor_for(make_member("mar_admin"))
    with mar_scope():
        confirm_company_change(change.pk, partner_id=partner.pk, note="Seen.", by=admin, at=AT)
        with pytest.raises(CompanyChangeClosed):
            refuse_company_change(change.pk, partner_id=partner.pk, note="x", by=admin, at=AT)
    assert the_partner(partner).name == "New GmbH"
    assert queued("partners.send_company_change_decided") == [{"change_id": str(change.pk)}]


def test_a_refused_and_a_withdrawn_request_change_nothing(house):
    partner, owner = house
    first = ask(partner, owner)
    with pytest.raises(CompanyChangeClosed):
        ask(partner, owner, name="Third GmbH")
    with partner_scope(partner.pk):
        withdraw_company_change(first.pk, partner_id=partner.pk, by=owner, at=AT)
    second = ask(partner, owner)
    with mar_scope():
        refuse_company_change(
            second.pk,
            partner_id=partner.pk,
            note="No extract.",
            by=actor_for(make_member("mar_admin")),
            at=AT,
        )
        assert list(CompanyChange.objects.order_by("requested_at", "state").values_list("state", flat=True)) == [
            "refused", "withdrawn",
        ]  # fmt: skip
    assert the_partner(partner).name == "Old GmbH"


def test_wrong_facts_are_refused_each_by_itself(house):
    partner, owner = house
    with pytest.raises(CompanyFactsWrong) as refused:
        ask(partner, owner, vat_id="12", iban="DE00")
    assert [refusal.code for refusal in refused.value.refusals] == ["company_vat", "company_iban"]
    assert example_vat_id("DE") in refused.value.refusals[0].what
    with pytest.raises(CompanyFactsWrong):
        ask(partner, owner, name="Old GmbH")
    with pytest.raises(CompanyChangeNotYours):
        ask(partner, Actor.system("robot"))
    with mar_scope():
        assert CompanyChange.objects.count() == 0


def test_a_partner_cannot_confirm_by_any_road(house):
    partner, owner = house
    change = ask(partner, owner)
    with mar_scope(), pytest.raises(CompanyChangeNotYours):
        confirm_company_change(change.pk, partner_id=partner.pk, note="x", by=owner, at=AT)
    with partner_scope(partner.pk):
        for statement, words in (
            (lambda: CompanyChange.objects.update(state="confirmed"), "company_change_decision_has_a_person"),
            (lambda: CompanyChange.objects.update(decided_at=AT), "permission denied"),
            (lambda: Partner.objects.update(name="New GmbH"), "permission denied"),
            (lambda: Partner.objects.update(access_ends_at=None), "permission denied"),
        ):
            with pytest.raises(DatabaseError, match=words), transaction.atomic():
                statement()
    with mar_scope():
        for fields, words in (
            ({"decided_by": change.requested_by_id}, "company_change_by_two_people"),
            ({"state": "refused"}, "company_change_decision_has_a_person"),
        ):
            with pytest.raises(DatabaseError, match=words), transaction.atomic():
                CompanyChange.objects.update(**fields)
        with pytest.raises(DatabaseError, match="one_open_company_change"), transaction.atomic():
            CompanyChange.objects.create(
                partner=partner, before={}, after={}, reason="x", state="requested",
                requested_by_id=change.requested_by_id, requested_at=AT,
            )  # fmt: skip
    assert the_partner(partner).name == "Old GmbH"


def test_contact_facts_count_at_once_and_no_name_is_audited(house):
    partner, owner = house
    facts = {"contact_name": "Eva Brandt", "contact_email": "eva@example.test", "phone": "1", "website": ""}
    with partner_scope(partner.pk):
        change_contact_facts(partner.pk, facts=facts, by=owner, at=AT)
        change_contact_facts(partner.pk, facts=facts, by=owner, at=AT)
    assert the_partner(partner).contact_name == "Eva Brandt"
    with mar_scope():
        event = AuditEvent.objects.get(action="partners.company.contact_changed")
        assert event.facts == {"fields": ["contact_email", "contact_name", "phone"]}


def test_one_registered_office_and_a_site_that_moved_is_closed(house):
    partner, owner = house
    who = {"by": owner, "at": AT}
    with partner_scope(partner.pk):
        site = open_site(partner.pk, kind="legal", since=AT.date(), facts=ADDRESS, **who)
        with pytest.raises(SiteRefused):
            open_site(partner.pk, kind="legal", since=AT.date(), facts=ADDRESS, **who)
        with pytest.raises(SiteRefused):
            change_site(site.pk, partner_id=partner.pk, facts=ADDRESS | {"city": " "}, **who)
        change_site(site.pk, partner_id=partner.pk, facts=ADDRESS | {"street": "Ring 2"}, **who)
        close_site(site.pk, partner_id=partner.pk, **who)
        with pytest.raises(NotFound):
            close_site(site.pk, partner_id=partner.pk, **who)
        open_site(partner.pk, kind="legal", since=AT.date(), facts=ADDRESS, **who)
        assert sorted(Site.objects.values_list("street", flat=True)) == ["Ring 1", "Ring 2"]
        with pytest.raises(DatabaseError, match="one_registered_office"), transaction.atomic():
            Site.objects.update(closed_at=None)
        with pytest.raises(DatabaseError, match="site_has_an_address"), transaction.atomic():
            Site.objects.update(city="")
    other = make_partner()
    with partner_scope(other.pk), pytest.raises(NotFound):
        close_site(site.pk, partner_id=other.pk, **who)


def test_a_brand_has_its_own_name_and_a_picture_for_a_logo(house):
    partner, owner = house
    facts = {"name": "Again", "support_email": "help@example.test"}
    who = {"by": owner, "at": AT, "logo_name": "logo.png"}
    with partner_scope(partner.pk):
        brand = add_brand(partner.pk, facts=facts, logo=PNG, **who)
        with pytest.raises(BrandRefused):
            add_brand(partner.pk, facts=facts, logo=None, **who)
        with pytest.raises(DocumentRefused):
            change_brand(brand.pk, partner_id=partner.pk, facts=facts, logo=b"MZ\x90", **who)
        with pytest.raises(BrandRefused), transaction.atomic():
            change_brand(brand.pk, partner_id=partner.pk, facts=facts | {"name": ""}, logo=None, **who)
        change_brand(brand.pk, partner_id=partner.pk, facts=facts | {"name": "Anew"}, logo=None, **who)
        kept = Brand.objects.get()
        assert (kept.name, kept.logo.content_type) == ("Anew", "image/png")
        with pytest.raises(DatabaseError, match="brand_name_once"), transaction.atomic():
            Brand.objects.create(partner=partner, name="Anew", created_at=AT)


def test_contacts_of_both_sides_and_a_partner_writes_his_own_only(house):
    partner, owner = house
    person = {"name": "Eva", "email": "Eva@Example.test", "phone": ""}
    with mar_scope():
        name_contact(None, area="technical", by=Actor.system("test"), at=AT, **person | {"name": "Jonas"})
    with partner_scope(partner.pk):
        name_contact(partner.pk, area="technical", by=owner, at=AT, **person)
        name_contact(partner.pk, area="technical", by=owner, at=AT, **person | {"name": "Ada"})
        with pytest.raises(ContactRefused):
            name_contact(partner.pk, area="gossip", by=owner, at=AT, **person)
        with pytest.raises(ContactRefused):
            name_contact(partner.pk, area="management", by=owner, at=AT, **person | {"email": " "})
        found = contacts_of(partner.pk)
        assert [contact and (contact.name, contact.email) for contact in found["tpr"]] == [
            ("Ada", "eva@example.test"), None, None,
        ]  # fmt: skip
        assert found["mar"][0].name == "Jonas"
        for act, words in (
            (lambda: NamedContact.objects.filter(side="mar").update(name=""), "row-level security"),
            (
                lambda: NamedContact.objects.create(
                    side="mar", area="management", name="X", email="x@example.test", changed_at=AT
                ),
                "row-level security",
            ),
        ):
            with pytest.raises(DatabaseError, match=words), transaction.atomic():
                act()
    with mar_scope():
        mine = NamedContact.objects.filter(side="tpr")
        again = {"area": "technical", "name": "X", "email": "x@example.test", "changed_at": AT}
        for act, words in (
            (lambda: mine.update(side="mar"), "contact_side_fits_partner"),
            (
                lambda: NamedContact.objects.create(partner=partner, side="tpr", **again),
                "one_contact_an_area",
            ),
            (lambda: NamedContact.objects.create(side="mar", **again), "one_mar_contact_an_area"),
        ):
            with pytest.raises(DatabaseError, match=words), transaction.atomic():
                act()


def test_a_newer_paper_stands_in_the_place_of_the_one_before_or_nothing_changes(house):
    partner, owner = house
    with partner_scope(partner.pk):
        old = store_document(
            PNG, name="r2.png", kind="certificate", title="R2v3", partner_id=partner.pk, by=owner, at=AT
        )
        with pytest.raises(DocumentRefused), transaction.atomic():
            replace_document(
                old.pk, b"MZ", name="x.exe", partner_id=partner.pk, expires_on=None, by=owner, at=AT
            )
        assert Document.objects.filter(removed_at__isnull=True).get().pk == old.pk
        newer = replace_document(
            old.pk, PNG, name="r2-new.png", partner_id=partner.pk, expires_on=AT.date(), by=owner, at=AT
        )
        assert (newer.title, newer.kind) == ("R2v3", "certificate")
        assert Document.objects.filter(removed_at__isnull=True).get().pk == newer.pk
        with pytest.raises(NotFound):
            replace_document(
                old.pk, PNG, name="x.png", partner_id=partner.pk, expires_on=None, by=owner, at=AT
            )


def test_reminders_go_out_at_thirty_and_seven_days_once_each(house):
    partner, owner = house
    ends = AT.date() + timedelta(days=40)
    with partner_scope(partner.pk):
        paper = store_document(
            PNG, name="r2.png", kind="certificate", partner_id=partner.pk, expires_on=ends, by=owner, at=AT
        )
    sent = []
    for left in (31, 30, 29, 8, 7, 6, 0, -1):
        with mar_scope():
            for _again in range(2):
                sent.append(
                    (left, remind_of_expiry(today=ends - timedelta(days=left), by=Actor.system("t"), at=AT))
                )
    assert [left for left, count in sent if count] == [30, 7]
    assert [each["days"] for each in queued("partners.send_document_expiry")] == [30, 7]
    assert audited("partners.document.reminded") == 2
    assert paper.expires_on == ends


def test_papers_about_recipients_are_not_reminded_of_as_papers(house):
    partner, owner = house
    with partner_scope(partner.pk):
        for kind in ("recipient_evidence", "exception_letter"):
            store_document(
                PNG, name="x.png", kind=kind, partner_id=partner.pk, expires_on=AT.date() + timedelta(days=7),
                by=owner, at=AT,
            )  # fmt: skip
    with mar_scope():
        assert remind_of_expiry(today=AT.date(), by=Actor.system("t"), at=AT) == 0
    assert queued("partners.send_document_expiry") == []


def test_notes_are_the_mars_alone_and_stay_out_of_the_partners_history(house):
    partner, owner = house
    marta = actor_for(make_member("mar_admin"))
    with mar_scope():
        note = write_note(partner.pk, text=" Rings on Fridays. ", is_pinned=False, by=marta, at=AT)
        pin_note(note.pk, partner_id=partner.pk, is_pinned=True, by=marta, at=AT)
        for text, by in (("  ", marta), ("x" * 2001, marta), ("x", Actor.system("robot"))):
            with pytest.raises(NoteRefused):
                write_note(partner.pk, text=text, is_pinned=False, by=by, at=AT)
        with pytest.raises(NotFound):
            pin_note(note.pk, partner_id=make_partner().pk, is_pinned=False, by=marta, at=AT)
        assert [(each.text, each.is_pinned) for each in PartnerNote.objects.all()] == [
            ("Rings on Fridays.", True)
        ]
        with pytest.raises(DatabaseError, match="note_says_something"), transaction.atomic():
            PartnerNote.objects.update(text="")
    with partner_scope(partner.pk):
        assert AuditEvent.objects.filter(action__startswith="partners.note").count() == 0
        with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
            PartnerNote.objects.count()
    assert owner.partner_id == partner.pk


def test_a_cancelled_invitation_never_opens_and_a_new_one_replaces_it(house):
    partner, owner = house
    with partner_scope(partner.pk):
        first = invite_person(
            partner_id=partner.pk, email="new@example.test", name="New", role="tpr_buyer", by=owner, at=AT
        )
        later = AT + timedelta(days=2)
        second = resend_invitation(first.pk, partner_id=partner.pk, by=owner, at=later)
        assert [each.pk for each in open_invitations_of(partner.pk, at=later)] == [second.pk]
        assert second.expires_at == later + timedelta(days=7)
    with pytest.raises(InvitationClosed) as refused:
        accept_invitation(invitation_token(first.pk), name="N", password="x" * 20, by=VISITOR, at=later)
    assert refused.value.code == "invitation_cancelled"
    with partner_scope(partner.pk):
        cancel_invitation(second.pk, partner_id=partner.pk, by=owner, at=later)
        with pytest.raises(InvitationClosed):
            cancel_invitation(second.pk, partner_id=partner.pk, by=owner, at=later)
    with partner_scope(make_partner().pk), pytest.raises(NotFound):
        cancel_invitation(second.pk, partner_id=partner.pk, by=owner, at=later)
    with mar_scope():
        assert Invitation.objects.filter(cancelled_at__isnull=False).count() == 2
        with pytest.raises(NotFound):
            cancel_invitation(second.pk, partner_id=None, by=owner, at=later)
