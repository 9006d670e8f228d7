"""What the database refuses among the dated rows of the programme, and among draws and papers."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError

from core.tenancy import mar_scope
from licensing.models import OrderLine, QuotaDraw
from partners.models import RecipientClass, RecipientEvidence
from tests.factories import AT, make_mar
from tests.factories.quota import make_exception
from tests.factories.recipients import make_citizenship, make_giver, make_recipient
from tests.licensing.services.test_citizenship_orders import _order

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("model", "name", "fields"),
    [
        (
            RecipientClass,
            "recipient_class",
            {"code": "charity", "name": "Charity", "terms_reference": "AT 1836"},
        ),
    ],
)
def test_a_dated_row_starts_once_and_ends_after_it_began(
    model: Any, name: str, fields: dict[str, Any]
) -> None:
    with mar_scope(), pytest.raises(IntegrityError, match=f"{name}_ends_later"):
        model.objects.create(**fields, valid_from=AT, valid_before=AT)
    with mar_scope():
        model.objects.create(**fields, valid_from=AT, valid_before=AT + timedelta(days=1))
    with mar_scope(), pytest.raises(IntegrityError, match=f"{name}_starts_once"):
        model.objects.create(**fields, valid_from=AT)


def test_the_published_classes_are_there_from_the_start() -> None:
    with mar_scope():
        office = list(
            RecipientClass.objects.filter(products__contains="office").values_list("code", flat=True)
        )
        assert RecipientClass.objects.count() == 4
    assert office == ["tap"]


def test_a_draw_is_written_once_a_line_and_never_empty() -> None:
    make_mar()
    giver, product = make_giver(), make_citizenship(stock=1)
    school = make_recipient(giver)
    exception = make_exception(giver, school, product)
    order_id = _order(giver, product, 1, school)
    with mar_scope():
        draw = {
            "partner": giver,
            "exception": exception,
            "order_line": OrderLine.objects.get(order_id=order_id),
        }
    with mar_scope(), pytest.raises(IntegrityError, match="quota_draw_quantity"):
        QuotaDraw.objects.create(**draw, quantity=0)
    with mar_scope():
        QuotaDraw.objects.create(**draw, quantity=1)
    with mar_scope(), pytest.raises(IntegrityError, match="quota_draw_once"):
        QuotaDraw.objects.create(**draw, quantity=1)


def test_a_paper_stands_once_with_a_recipient() -> None:
    make_mar()
    school = make_recipient(make_giver())
    with mar_scope():
        paper = RecipientEvidence.objects.get(recipient=school)
    paper.pk = None
    with mar_scope(), pytest.raises(IntegrityError, match="recipient_evidence_once"):
        RecipientEvidence.objects.create(
            partner_id=paper.partner_id, recipient=school, document=paper.document, kind="other", added_at=AT
        )
