"""The MAR writes agreements, changes and courses; what is refused stays in the form."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from core.tenancy import mar_scope
from licensing.models import Product, ProgrammeChange
from partners.models import Course, TermsVersion
from tests.factories import make_agreement, make_mar, make_member, make_partner, make_product, make_terms
from tests.web import sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin(client: Client) -> Client:
    make_mar()
    make_terms()
    return sign_in(client, make_member("mar_admin"))


def _day(days: int) -> str:
    return (timezone.now() + timedelta(days=days)).date().isoformat()


def test_a_change_is_written_by_one_and_published_by_another(admin: Client) -> None:
    make_partner()
    form = {
        "product": make_product().pk,
        "order_stop_on": _day(60),
        "title_en": "It ends",
        "text_en": "Soon.",
    }
    written = admin.post("/mar/rules/changes/new/", form)
    assert written.status_code == 302
    address = written["Location"]
    assert admin.post(f"{address}publish/").status_code == 403
    approver = sign_in(Client(), make_member("mar_approver"))
    assert approver.post(f"{address}publish/").status_code == 302
    page = approver.get(address)
    assert "0 of 1" in page.text
    again = approver.post(f"{address}publish/")
    assert (again.status_code, "no longer a draft" in again.text) == (409, True)
    with mar_scope():
        assert ProgrammeChange.objects.get().state == "published"


def test_a_date_that_does_not_go_with_the_products_is_told_at_its_field(admin: Client) -> None:
    product = make_product()
    with mar_scope():
        Product.objects.filter(pk=product.pk).update(install_before=timezone.now() + timedelta(days=30))
    form = {"product": product.pk, "order_stop_on": _day(60), "title_en": "It ends", "text_en": "Soon."}
    refused = admin.post("/mar/rules/changes/new/", form)
    assert refused.status_code == 409
    assert 'id="id_order_stop_on_error"' in refused.text
    assert "the product keeps another date" in refused.text
    with mar_scope():
        assert ProgrammeChange.objects.count() == 0


def test_a_version_with_dates_out_of_order_is_refused_and_its_words_stay(admin: Client) -> None:
    address = f"/mar/rules/agreements/{make_agreement().pk}/new/"
    form = {
        "version": "2027-1", "announced_on": _day(1), "effective_on": _day(40), "due_on": _day(39),
        "binding_language": "en", "summary_en": "Short.", "text_en": "Words that must not be lost.",
    }  # fmt: skip
    refused = admin.post(address, form)
    assert (refused.status_code, "Words that must not be lost." in refused.text) == (409, True)
    with mar_scope():
        assert TermsVersion.objects.count() == 1
    assert admin.post(address, form | {"due_on": _day(40)}).status_code == 302
    with mar_scope():
        assert TermsVersion.objects.count() == 2


def test_a_course_that_cannot_be_read_names_its_line_and_stays(admin: Client) -> None:
    form = {
        "code": "licences", "title": "Licences", "pass_mark": "70", "valid_months": "12", "is_required": "on",
        "required_on": _day(0), "reading_en": "Read.", "questions_en": "# One?\n+ yes\n> so",
    }  # fmt: skip
    refused = admin.post("/mar/rules/courses/new/", form)
    assert (refused.status_code, "a question has 2 to 8 answers" in refused.text) == (422, True)
    assert Course.objects.count() == 0
    good = form | {"questions_en": "# One?\n+ yes\n- no\n> so"}
    assert admin.post("/mar/rules/courses/new/", good)["Location"] == "/mar/rules/courses/licences/"


@pytest.mark.parametrize("partners", [1, 3])
def test_who_has_accepted_asks_as_many_queries_for_three_as_for_one(
    admin: Client, partners: int, django_assert_max_num_queries
) -> None:
    for _ in range(partners):
        make_partner()
    terms = make_terms()
    with django_assert_max_num_queries(30):
        assert admin.get(f"/mar/rules/versions/{terms.pk}/").status_code == 200
