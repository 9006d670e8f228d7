"""The helper "which licence?" on its two pages."""

import pytest
from django.test import Client
from django.urls import reverse

from core.tenancy import mar_scope
from licensing.models import Product
from tests.factories import AT, make_mar, make_member, make_partner, make_product
from tests.factories.rules import set_rule
from tests.web import sign_in

pytestmark = pytest.mark.django_db
ANSWERS = {
    "hardware": "windows_11", "months": 12, "label": "readable", "receiver": "anyone", "use": "pro", "quantity": 3
}  # fmt: skip


def test_a_visitor_learns_what_fits_and_why_by_the_rules_of_the_day() -> None:
    make_mar()
    product = make_product(edition="Pro", generation="Windows 11")
    page = Client().get(reverse("choose"))
    assert (page.status_code, b"Which PC is it?" in page.content) == (200, True)
    found = Client().get(reverse("choose"), ANSWERS).content.decode()
    assert product.name in found
    assert "40.00" not in found
    set_rule("device.age", months=24)
    assert "No licence fits this PC" in Client().get(reverse("choose"), ANSWERS).content.decode()


def test_what_may_no_longer_be_installed_is_recommended_to_nobody() -> None:
    product = make_product(edition="Pro", generation="Windows 11")
    with mar_scope():
        Product.objects.filter(pk=product.pk).update(install_before=AT)
    found = Client().get(reverse("choose"), ANSWERS).content.decode()
    assert product.name not in found


def test_a_partner_goes_on_to_the_order() -> None:
    product = make_product(edition="Pro", generation="Windows 11")
    buyer = sign_in(Client(), make_member("tpr_buyer", partner=make_partner()))
    found = buyer.get(reverse("tpr:choose"), ANSWERS).content.decode()
    assert reverse("tpr:order-new", args=[product.code]) in found


def test_half_answers_are_asked_again_at_their_field() -> None:
    answer = Client().get(reverse("choose"), ANSWERS | {"months": "-1", "receiver": "nobody"})
    assert answer.status_code == 422
