"""Products without a deploy: written by one person, published by another, in force from their minute."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from core.errors import DomainError, NotFound
from core.models import User
from core.tenancy import mar_scope, partner_scope
from licensing.models import Product, ProductVersion
from licensing.selectors.catalogue import catalogue_for
from licensing.selectors.products import required_fields_at, version_at
from licensing.services.products import WrittenProduct, discard_product, publish_product, write_product
from tests.factories import AT, actor_for, make_mar, make_member, make_partner, make_product
from tests.licensing.rules.test_required_fields import SCHEMA
from tests.partners.samples import audited

pytestmark = pytest.mark.django_db
BEGINS = AT + timedelta(days=5)
MINUTE = timedelta(minutes=1)
IDENTITY = {
    "code": "WIN11-EDU-REF-COM", "name": "Windows 11 Education", "lpn": "EDU-10572", "family": "commercial",
    "edition": "Education", "generation": "Windows 11", "who_may_receive": "Schools",
}  # fmt: skip


@pytest.fixture
def writer() -> User:
    make_mar()
    return make_member("mar_admin")


def _write(by: User, **changes: Any) -> ProductVersion:
    fields: dict[str, Any] = {"valid_from": BEGINS, "identity": IDENTITY, "required_fields": SCHEMA}
    with mar_scope():
        return write_product(WrittenProduct(**fields | changes), by=actor_for(by), at=AT)


def _publish(draft: ProductVersion, *, at: Any = AT) -> ProductVersion:
    with mar_scope():
        return publish_product(draft.pk, by=actor_for(make_member("mar_approver")), at=at)


def _refused(call: Any) -> list[tuple[str, str]]:
    with mar_scope():
        before = [list(rows.order_by("pk").values()) for rows in (ProductVersion.objects, Product.objects)]
    with mar_scope(), pytest.raises(DomainError) as caught:
        call()
    with mar_scope():
        after = [list(rows.order_by("pk").values()) for rows in (ProductVersion.objects, Product.objects)]
    assert after == before
    return [(refusal.rule, str(refusal.facts.get("field", ""))) for refusal in caught.value.refusals]


def test_a_new_product_is_on_sale_and_asks_from_its_minute_on(writer: User) -> None:
    partner = make_partner()
    draft = _write(writer)
    with mar_scope():
        assert not Product.objects.exists()
    product = _publish(draft).product
    assert product is not None
    with partner_scope(partner.pk):
        for at, codes in ((BEGINS - MINUTE, []), (BEGINS, [IDENTITY["code"]])):
            assert [item.product.code for item in catalogue_for(partner_id=partner.pk, at=at)] == codes
        assert required_fields_at(product.pk, BEGINS - MINUTE) == {}
        assert required_fields_at(product.pk, BEGINS) == SCHEMA
    assert (audited("licensing.product.written"), audited("licensing.product.published")) == (1, 1)


def test_the_next_version_takes_its_place_on_its_minute(writer: User) -> None:
    product = _publish(_write(writer)).product
    assert product is not None
    later = BEGINS + timedelta(days=1)
    _publish(
        _write(
            writer, product_id=product.pk, identity={}, valid_from=later, countries=["DE"], required_fields={}
        )
    )
    with mar_scope():
        for at, countries in ((later - MINUTE, []), (later, ["DE"])):
            found = version_at(product.pk, at)
            assert found is not None
            assert found.countries == countries
        assert required_fields_at(product.pk, later) == {}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"valid_from": AT}, "begins_on"),
        ({"languages": ["german"]}, "languages"),
        ({"countries": ["XX"]}, "countries"),
        ({"min_hardware": {"ram_gb": 0}}, "min_hardware"),
        ({"min_hardware": {"colour": 1}}, "min_hardware"),
        ({"min_hardware": {"tpm_2": 2}}, "min_hardware"),
        ({"required_fields": {"type": "array"}}, "required_fields"),
        ({"identity": IDENTITY | {"code": "win 11"}}, "code"),
        ({"identity": IDENTITY | {"lpn": "12345"}}, "lpn"),
        ({"identity": IDENTITY | {"family": "gift"}}, "family"),
        ({"identity": IDENTITY | {"edition": "x" * 21}}, "edition"),
        ({"identity": IDENTITY | {"name": " "}}, "name"),
    ],
)
def test_what_does_not_fit_is_named_by_its_field(writer: User, changes: dict[str, Any], field: str) -> None:
    assert _refused(lambda: _write(writer, **changes)) == [("P-PROD-1", field)]


def test_codes_and_numbers_are_given_once_and_no_product_needs_itself(writer: User) -> None:
    first, second = _write(writer), _write(writer)
    product = _publish(first).product
    assert product is not None
    taken = [("P-PROD-1", "code"), ("P-PROD-1", "lpn")]
    assert _refused(lambda: _publish(second)) == taken
    assert _refused(lambda: _write(writer)) == taken
    own = {"product_id": product.pk, "identity": {}}
    assert _refused(lambda: _write(writer, **own, pairs_with_id=product.pk)) == [("P-PROD-1", "pairs_with")]
    assert _refused(lambda: _write(writer, **own)) == [("P-PROD-1", "begins_on")]


def test_the_writer_does_not_publish_and_nothing_is_published_twice(writer: User) -> None:
    draft = _write(writer)
    with mar_scope():
        assert _refused(lambda: publish_product(draft.pk, by=actor_for(writer), at=AT)) == [("P-PROD-3", "")]
    assert _refused(lambda: _publish(draft, at=BEGINS)) == [("P-PROD-1", "begins_on")]
    _publish(draft)
    assert _refused(lambda: _publish(draft)) == [("P-PROD-2", "")]
    assert _refused(lambda: discard_product(draft.pk, by=actor_for(writer), at=AT)) == [("P-PROD-2", "")]


def test_an_unknown_product_or_version_is_not_there(writer: User) -> None:
    assert _refused(lambda: _write(writer, product_id=0)) == [("P-404", "")]
    with mar_scope(), pytest.raises(NotFound):
        discard_product(make_partner().pk, by=actor_for(writer), at=AT)


def test_the_database_keeps_what_was_published_or_discarded(writer: User) -> None:
    draft, product = _write(writer), make_product()
    with mar_scope():
        rows = ProductVersion.objects.filter(pk=draft.pk)
        for match, change in (
            ("published_as_a_whole", {"state": "announced"}),
            ("by_two_people", {"published_by_id": draft.written_by_id}),
            ("not_backwards", {"announced_at": BEGINS + MINUTE}),
            ("of_something", {"identity": {}}),
            ("stays its writer", {"written_by": make_member("mar_admin")}),
        ):
            with pytest.raises(DatabaseError, match=match), transaction.atomic():
                rows.update(**change)
        discard_product(draft.pk, by=actor_for(writer), at=AT)
        with pytest.raises(DatabaseError, match="never changes"), transaction.atomic():
            rows.update(product=product)
        with pytest.raises(DatabaseError, match="begins as a draft"), transaction.atomic():
            ProductVersion.objects.create(
                product=product, state="discarded", valid_from=AT, written_by=writer, written_at=AT
            )


def test_a_partner_reads_published_versions_only(writer: User) -> None:
    partner = make_partner()
    _write(writer)
    _publish(_write(writer, identity=IDENTITY | {"code": "WIN11-X", "lpn": "XXX-10572"}))
    with partner_scope(partner.pk):
        assert [one.code for one in ProductVersion.objects.all()] == ["WIN11-X"]
