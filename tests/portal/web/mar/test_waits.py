"""What waits for a second person stands on the MAR's home, for those who may do it; what is done does not."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client

from core.tenancy import mar_scope
from licensing.models import PriceDeviation
from tests.factories import AT, make_member, make_partner, make_product, make_user
from tests.factories.exchange import make_builds
from tests.factories.returns import make_return, send_returns
from tests.factories.rules import make_draft_rule
from tests.web import sign_in

pytestmark = pytest.mark.django_db


def _waiting(role: str) -> set[str]:
    client = sign_in(Client(), make_member(role))
    return {task["label"] for task in client.get("/mar/").context["tasks"]}


def test_drafts_wait_for_the_one_who_may_publish_them() -> None:
    make_draft_rule("return.window", days=300)
    with mar_scope():
        written = PriceDeviation.objects.create(
            partner=make_partner(), product=make_product(price="20.00"), amount=Decimal(15), currency="EUR",
            quantity=10, reason="A tender", written_by=make_user(), written_at=AT, valid_from=AT,
            valid_before=AT + timedelta(days=30),
        )  # fmt: skip
    assert _waiting("mar_approver") == {"1 rule to publish", "1 discount to approve"}
    assert _waiting("mar_stock") == set()
    with mar_scope():
        written.discarded_at = AT
        written.save(update_fields=["discarded_at"])
    assert _waiting("mar_approver") == {"1 rule to publish"}


def test_a_return_waits_for_the_stock_keeper_until_it_is_sent() -> None:
    (build,) = make_builds(1)
    request = make_return([build.key])
    assert _waiting("mar_stock") == {"1 return to handle"}
    assert _waiting("mar_finance") == set()
    send_returns([request])
    assert _waiting("mar_stock") == set()
