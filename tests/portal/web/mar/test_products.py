"""The pages of products, and that form and API ask by one schema."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django import forms
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from core.tenancy import mar_scope
from licensing.models import Product, ProductVersion
from licensing.rules.required_fields import check_fields
from portal.web.required_fields import add_fields, details_of
from tests.factories import make_mar, make_member
from tests.licensing.rules.test_required_fields import GOOD, SCHEMA
from tests.licensing.services.test_products import IDENTITY
from tests.web import sign_in

pytestmark = pytest.mark.django_db


def _answers(**changes: Any) -> dict[str, Any]:
    begins = timezone.now() + timedelta(days=30)
    return IDENTITY | {
        "begins_on": f"{begins:%Y-%m-%d}", "begins_at": "06:30", "languages": "de, en", "countries": ["DE", "AT"],
        "ram_gb": 4, "tpm_2": "on", "required_fields": json.dumps(SCHEMA),
    } | changes  # fmt: skip


def test_two_people_bring_a_product_into_the_catalogue() -> None:
    make_mar()
    admin, approver = (sign_in(Client(), make_member(role)) for role in ("mar_admin", "mar_approver"))
    assert admin.post(reverse("mar:product-new"), _answers()).status_code == 302
    with mar_scope():
        draft = ProductVersion.objects.get()
    page = approver.get(reverse("mar:product-version", args=[draft.pk])).content.decode()
    for words in ("Windows 11 Education", "Wipe certificate", "TPM 2.0", "Austria, Germany"):
        assert words in page
    publish = reverse("mar:product-publish", args=[draft.pk])
    assert admin.post(publish).status_code == 403
    assert approver.post(publish).status_code == 302
    with mar_scope():
        product = Product.objects.get()
    assert (product.code, product.edition) == (IDENTITY["code"], "Education")
    assert "On sale" in admin.get(reverse("mar:product-list")).content.decode()
    form = admin.get(reverse("mar:product-write", args=[product.code])).content.decode()
    assert "Wipe certificate" in form
    assert 'name="lpn"' not in form


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"required_fields": "{"}, "This is no JSON object."),
        ({"required_fields": "[" * 5_000}, "This is no JSON object."),
        ({"required_fields": '{"type": "array"}'}, "The schema describes one object."),
        ({"code": "win"}, "Capital letters, digits and dashes"),
        ({"languages": "german"}, "A language is two letters"),
    ],
)
def test_what_is_wrong_stands_at_its_field(changes: dict[str, Any], words: str) -> None:
    make_mar()
    admin = sign_in(Client(), make_member("mar_admin"))
    answer = admin.post(reverse("mar:product-new"), _answers(**changes))
    assert (answer.status_code, words in answer.content.decode()) == (422, True)
    with mar_scope():
        assert not ProductVersion.objects.exists()


class _Form(forms.Form):
    def clean(self) -> dict[str, Any]:
        self.details = details_of(self, SCHEMA)
        return self.cleaned_data


def _form(**values: Any) -> _Form:
    form = _Form({f"details_{name}": value for name, value in values.items()})
    add_fields(form, SCHEMA)
    return form


def test_the_form_gives_what_the_api_would_send() -> None:
    form = _form(**GOOD | {"is_wiped": "yes", "devices": "9"})
    assert form.is_valid(), form.errors
    assert form.details == GOOD
    assert check_fields(SCHEMA, form.details) == []


@pytest.mark.parametrize(
    ("change", "field"),
    [({"certificate": ""}, "certificate"), ({"is_wiped": ""}, "is_wiped"), ({"devices": "100"}, "devices"),
     ({"standard": "none"}, "standard"), ({"wiped_on": "2026-02-30"}, "wiped_on")],
)  # fmt: skip
def test_the_form_refuses_at_the_field_where_the_api_does(change: dict[str, Any], field: str) -> None:
    form = _form(**GOOD | {"is_wiped": "yes"} | change)
    assert not form.is_valid()
    assert list(form.errors) == [f"details_{field}"]
