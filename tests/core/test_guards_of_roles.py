"""What each database role may do is no more than the code needs: each narrowed right refuses the rest."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import DatabaseError, connection, transaction

from core import checks, idempotency
from core.checks import role_problems
from core.crypto import MasterKey
from core.tenancy import ActsAsAnother, acting_as, mar_scope, partner_scope
from licensing.models import Order, OrderLine, ProductKey
from licensing.rules.key_states import KeyState
from partners.models import ApiKey, ErasureRequest, Invitation, Membership, Partner
from partners.services.invitations import VALID_FOR
from tests.factories import AT, make_member, make_partner, make_product, make_stock, make_user
from tests.factories.exchange import make_held_keys

pytestmark = pytest.mark.django_db


@contextmanager
def refused(words: str) -> Iterator[None]:
    with pytest.raises(DatabaseError, match=words), transaction.atomic():
        yield


def test_partner_cannot_lift_his_own_suspension_or_activate_without_terms() -> None:
    suspended = make_partner(state="suspended")
    pending = make_partner(state="agreement_pending", accepts_terms=False)
    for partner in (suspended, pending):
        with partner_scope(partner.id), refused("permission denied"):
            Partner.objects.filter(pk=partner.pk).update(state="active")
    with mar_scope(), refused("by accepting the terms"):
        Partner.objects.filter(pk=pending.pk).update(state="active")


def test_nobody_moves_a_partner_off_the_table_of_states() -> None:
    partner = make_partner(state="terminated")
    with mar_scope(), refused("may not go from terminated to active"):
        Partner.objects.filter(pk=partner.pk).update(state="active")


def test_visitor_joins_by_an_open_invitation_to_that_role_only() -> None:
    partner, user = make_partner(), make_user()
    with mar_scope():
        Invitation.objects.create(
            token_hash=b"x" * 32, email=user.email, name="New", partner=partner, role="tpr_readonly",
            invited_by="Owner", created_at=AT, expires_at=AT + VALID_FOR,
        )  # fmt: skip
    for role, house, at in (
        ("mar_admin", None, AT),
        ("tpr_owner", partner, AT),
        ("tpr_readonly", partner, AT + VALID_FOR + timedelta(seconds=1)),
    ):
        with refused("without an open invitation"):
            Membership.objects.create(user=user, partner=house, role=role, created_at=at)
    Membership.objects.create(user=user, partner=partner, role="tpr_readonly", created_at=AT)


def test_partner_changes_only_the_columns_his_acts_need() -> None:
    partner = make_partner()
    member = make_member("tpr_buyer", partner=partner)
    with mar_scope():
        ApiKey.objects.create(
            partner=partner, name="Line", prefix="rlp_live_x", secret_hash=uuid4().bytes * 2,
            scopes=["orders:read"], created_by="Owner", created_at=AT,
        )  # fmt: skip
    with partner_scope(partner.id):
        claimed = idempotency.claim(partner_id=partner.id, operation="x", key="k", request={}, at=AT)
        for statement in (
            "UPDATE licensing_order SET placed_at = now()",
            "UPDATE licensing_orderline SET quantity = 1",
            "UPDATE licensing_build SET ack_code = '00'",
            "UPDATE licensing_device SET serial_norm = 'X'",
            "UPDATE core_idempotencykey SET request_hash = ''",
            "UPDATE partners_membership SET user_id = user_id",
            "UPDATE partners_apikey SET scopes = ARRAY['stock:write']",
        ):
            with refused("permission denied"), connection.cursor() as cursor:
                cursor.execute(statement)
        idempotency.remember(claimed, object_id=uuid4())
        assert Membership.objects.filter(user=member).update(is_active=False) == 1


def test_disclosed_key_stays_disclosed_and_a_handed_over_key_is_disclosed() -> None:
    partner = make_partner()
    taken = make_held_keys(1, partner=partner)[0]
    assigned = make_held_keys(1, partner=partner, state=KeyState.ASSIGNED)[0]
    with partner_scope(partner.id):
        with refused("stays disclosed"):
            ProductKey.objects.filter(pk=taken.pk).update(is_disclosed=False)
        with refused("counts as disclosed"):
            ProductKey.objects.filter(pk=assigned.pk).update(state=KeyState.RETRIEVED)


def test_order_line_gets_its_keys_once() -> None:
    partner, product = make_partner(), make_product()
    make_stock(product, 4)
    with partner_scope(partner.id), connection.cursor() as cursor:
        order = Order.objects.create(
            partner=partner, state="allocated", channel="api", placed_by="x", placed_by_id="x", placed_at=AT
        )
        line = OrderLine.objects.create(
            order=order, partner=partner, product=product, quantity=2, unit_price=40, currency="EUR"
        )
        cursor.execute("SELECT licensing_allocate(%s, %s)", [line.pk, AT])
        assert len(cursor.fetchall()) == 2
        with refused("got its keys before"):
            cursor.execute("SELECT licensing_allocate(%s, %s)", [line.pk, AT])


def test_login_role_that_inherits_a_tenant_role_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    assert role_problems() == []
    # A role always has its own rights: as good as one it inherits, and no shared role is changed for it.
    monkeypatch.setattr(checks, "MAR_ROLE", "portal_app")
    assert [problem.split(":")[0] for problem in role_problems()] == [
        "The role portal_app inherits the rights of portal_tpr or portal_app"
    ]


def test_master_key_does_not_print_itself() -> None:
    assert "secret bytes" not in repr(MasterKey("k1", b"secret bytes"))


def test_an_erasure_names_only_the_person_who_acts() -> None:
    person, first, second = make_member("tpr_buyer", partner=make_partner()), make_user(), make_user()
    facts = {"user": person, "requested_at": AT}
    with mar_scope():
        for acting, named in ((None, first), (second, first)):
            with acting_as(acting and acting.pk), refused("requested_by.* names somebody who is not acting"):
                ErasureRequest.objects.create(
                    requested_by=f"person:{named.pk}", requested_by_user=named, **facts
                )
        with acting_as(first.pk):
            request = ErasureRequest.objects.create(
                requested_by=f"person:{first.pk}", requested_by_user=first, **facts
            )
        with acting_as(second.pk), connection.cursor() as cursor:
            for column in ("requested_by_user_id", "decided_by_user_id"):
                with refused("names somebody who is not acting"):
                    cursor.execute(f"UPDATE partners_erasurerequest SET {column} = %s", [make_user().pk])
        assert ErasureRequest.objects.get() == request
        assert ErasureRequest.objects.get().requested_by_user_id == first.pk


def test_code_does_not_act_as_another_than_who_acts() -> None:
    first, second = make_user(), make_user()
    with acting_as(first.pk), pytest.raises(ActsAsAnother), acting_as(second.pk):
        pass
    with mar_scope(), connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('app.person', true)")
        assert cursor.fetchone() == ("",)
