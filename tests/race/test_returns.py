"""A partner takes a return back while the MAR approves it: one counts; and what stops both without the lock."""

from typing import Any

import pytest

from core.tenancy import mar_scope, partner_scope
from licensing.models import PartnerReturn, PartnerReturnLine
from licensing.services import partner_returns
from licensing.services.partner_returns import approve_return
from licensing.services.return_withdrawal import withdraw_return
from tests.factories import AT, actor_for, make_mar, make_member
from tests.factories.exchange import make_builds
from tests.factories.returns import make_return
from tests.partners.samples import audited
from tests.race.at_once import at_once, reading_together


def _withdraw_and_approve() -> tuple[PartnerReturn, list[str]]:
    make_mar()
    (build,) = make_builds(1)
    asked = make_return([build.key], "checked")
    buyer = actor_for(make_member("tpr_buyer", partner=build.partner))
    desk = actor_for(make_member("mar_admin"))

    def withdraw() -> None:
        with partner_scope(asked.partner_id):
            withdraw_return(asked.pk, partner_id=asked.partner_id, by=buyer, at=AT)

    def approve() -> None:
        with mar_scope():
            approve_return(asked.pk, note="", by=desk, at=AT)

    return asked, at_once(withdraw, approve)


def _ended_once(asked: PartnerReturn) -> bool:
    """Return whether exactly one of the two acts stands, with the lines that belong to it."""
    with mar_scope():
        found = PartnerReturn.objects.get(pk=asked.pk)
        is_open = PartnerReturnLine.objects.filter(request=asked, ended_at__isnull=True).exists()
    acts = [audited(f"licensing.partner_return.{act}") for act in ("approved", "withdrawn")]
    stands = (found.state, is_open, found.decided_at is not None, found.withdrawn_at is not None, acts)
    return stands in (
        ("approved", True, True, False, [1, 0]),
        ("withdrawn", False, False, True, [0, 1]),
    )


@pytest.mark.parametrize("round_", range(4))
def test_a_withdrawal_against_an_approval_ends_in_one_of_both(cloned_db: str, round_: int) -> None:
    asked, outcomes = _withdraw_and_approve()
    assert outcomes == ["ReturnRefused", "done"]
    assert _ended_once(asked)


def test_without_the_lock_the_database_lets_one_of_both_stand(
    cloned_db: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(ids: Any) -> list[PartnerReturn]:
        return list(PartnerReturn.objects.filter(pk__in=ids))

    monkeypatch.setattr(partner_returns, "lock_partner_returns", reading_together(read))
    asked, outcomes = _withdraw_and_approve()
    assert outcomes == ["IntegrityError", "done"]
    assert _ended_once(asked)
