"""The public checker and the finder: a verdict, a filled start, partners who agreed."""

import pytest
from django.db import IntegrityError, ProgrammingError, transaction
from django.test import Client

from core.tenancy import mar_scope, no_scope, partner_scope
from partners.models import Application, PublicProfile
from partners.selectors.public_profiles import listed_profiles
from partners.services.public_profiles import ProfileEmpty, save_profile
from tests.factories import AT, make_member, make_partner
from tests.partners.samples import VISITOR, audited
from tests.web import sign_in

pytestmark = pytest.mark.django_db
GOOD = {
    "activity": "charity", "country": "FR", "volume": "50", "receivers": ["education", "consumers"],
    "wiping": "standard", "devices": "windows",
}  # fmt: skip


def _list(partner, **changes):
    wanted = {
        "is_listed": True, "capabilities": ["build", "sell"], "countries": ["DE", "AT"],
        "website": "https://a.example", "blurb": "We repair.",
    }  # fmt: skip
    with partner_scope(partner.pk):
        return save_profile(partner.pk, **(wanted | changes), by=VISITOR, at=AT)


def test_a_good_answer_names_families_and_papers_and_fills_the_start(client: Client):
    assert client.post("/check/", GOOD)["Location"] == "/check/result/"
    page = client.get("/check/result/").text
    for words in ("You can apply", "Commercial", "Citizenship", "accreditation"):
        assert words in page
    start = client.get("/apply/")
    assert start.context["form"].initial == {"branch": "new", "kind": "charity", "country": "FR"}
    answers = {"kind": "charity", "branch": "new", "country": "FR", "contact_email": "lea@lilas.example"}
    client.post("/apply/", answers)
    with mar_scope():
        kept = Application.objects.get().checker_answers
    assert kept == GOOD | {"receivers": ["consumers", "education"]}


def test_a_buyer_needs_one_answer_and_is_led_to_the_finder(client: Client):
    client.post("/check/", {"activity": "buyer"})
    page = client.get("/check/result/").text
    assert "Our partners have a PC for you" in page
    assert 'href="/partners/"' in page
    assert 'href="/apply/"' not in page


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"wiping": "none"}, "It depends"),
        ({"country": "CN"}, "This programme does not fit"),
        ({"country": "XX"}, "Ask us"),
    ],
)
def test_other_answers_say_why(client: Client, change, words):
    client.post("/check/", GOOD | change)
    page = client.get("/check/result/").text
    assert words in page
    assert "P-ELI-" in page


def test_an_unfinished_check_names_what_lacks(client: Client):
    response = client.post("/check/", {"activity": "shop"})
    assert response.status_code == 422
    assert sorted(response.context["form"].errors) == ["country", "devices", "receivers", "volume", "wiping"]
    assert client.get("/check/result/")["Location"] == "/check/"


def test_the_finder_shows_listed_active_partners_only(client: Client):
    listed = make_partner(name="Sichtbar GmbH")
    _list(listed)
    _list(make_partner(name="Verborgen GmbH"), is_listed=False)
    suspended = make_partner(name="Gesperrt GmbH", state="suspended")
    with mar_scope():
        PublicProfile.objects.create(
            partner=suspended, is_listed=True, capabilities=["sell"], countries=["DE"], saved_at=AT
        )
    page = client.get("/partners/").text
    assert "Sichtbar GmbH" in page
    assert "Verborgen" not in page
    assert "Gesperrt" not in page


@pytest.mark.parametrize(
    ("query", "is_found"),
    [("?country=DE", True), ("?country=FR", False), ("?for=build", True), ("?for=schools", False),
     ("?country=AT&for=sell", True), ("?country=XX", False), ("?for=%00", False)],
)  # fmt: skip
def test_the_finder_filters_by_country_and_capability(client: Client, query, is_found):
    _list(make_partner(name="Sichtbar GmbH"))
    assert ("Sichtbar GmbH" in client.get(f"/partners/{query}").text) is is_found


def test_the_finder_is_the_same_for_whoever_is_signed_in(client: Client):
    _list(make_partner(name="Sichtbar GmbH"))
    sign_in(client, make_member("tpr_owner", partner=make_partner()))
    assert "Sichtbar GmbH" in client.get("/partners/").text


def test_the_finder_costs_the_same_for_one_and_three(client: Client, django_assert_num_queries):
    _list(make_partner())
    with no_scope(), django_assert_num_queries(1):
        assert len(listed_profiles()) == 1
    for _ in range(2):
        _list(make_partner())
    with no_scope(), django_assert_num_queries(1):
        assert len(listed_profiles()) == 3


def test_a_visitor_reads_listed_rows_only_and_writes_none():
    _list(make_partner(), is_listed=False)
    assert PublicProfile.objects.count() == 0
    with pytest.raises(ProgrammingError), transaction.atomic():
        PublicProfile.objects.update(is_listed=True)


def test_the_database_refuses_a_listed_profile_that_says_nothing():
    profile = _list(make_partner(), is_listed=False, capabilities=[])
    with mar_scope(), pytest.raises(IntegrityError, match="listed_profile_says_what"), transaction.atomic():
        PublicProfile.objects.filter(pk=profile.pk).update(is_listed=True)


@pytest.mark.parametrize("change", [{"capabilities": []}, {"countries": []}, {"countries": ["XX"]}])
def test_a_listing_without_capability_or_country_is_refused(change):
    partner = make_partner()
    with pytest.raises(ProfileEmpty):
        _list(partner, **change)
    with mar_scope():
        assert PublicProfile.objects.count() == 0
    assert audited("partners.profile.saved") == 0


def test_the_owner_keeps_the_profile_and_a_colleague_does_not(client: Client):
    partner = make_partner()
    sign_in(client, make_member("tpr_owner", partner=partner))
    data = {
        "is_listed": "on",
        "capabilities": ["build"],
        "countries": ["DE"],
        "website": "",
        "blurb": "We repair.",
    }
    assert client.post("/tpr/settings/profile/", data)["Location"] == "/tpr/settings/profile/"
    with mar_scope():
        assert PublicProfile.objects.get(partner=partner).capabilities == ["build"]
    assert audited("partners.profile.saved") == 1
    assert client.post("/tpr/settings/profile/", {"is_listed": "on"}).status_code == 422
    colleague = sign_in(Client(), make_member("tpr_buyer", partner=partner))
    assert colleague.get("/tpr/settings/profile/").status_code == 403
    stranger = make_partner()
    with partner_scope(stranger.pk):
        assert PublicProfile.objects.count() == 0


def test_the_programme_page_leads_to_checker_finder_and_application(client: Client):
    page = client.get("/").text
    for path in ("/check/", "/partners/", "/apply/"):
        assert f'href="{path}"' in page
    assert "csrftoken" not in client.cookies
