"""Lost, stolen and disputed keys freeze at once; what was frozen leaves only with the proof of who let it go."""

from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from core.actor import Actor, ActorKind
from core.errors import DomainError, NotFound
from core.models import AuditEvent
from core.tenancy import acting_as, mar_scope, partner_scope
from licensing.models import (
    Build,
    CorrectionRequest,
    HoldLift,
    Incident,
    KeyAssignment,
    KeySettlement,
    LedgerEntry,
    ProductKey,
)
from licensing.rules.devices import DeviceIdentity
from licensing.rules.key_states import Hold
from licensing.selectors.ledger_accounts import read_books
from licensing.services.corrections import CorrectionRefused, ask_for_correction, decide_correction
from licensing.services.custody import KeyCannotMove
from licensing.services.hand_over import HandOverRefused, reveal_key
from licensing.services.holds import lift_hold, put_on_hold
from licensing.services.incidents import IncidentInvalid, IncidentRefused, close_incident, report_incident
from licensing.services.orders import OrderRequest, place_order
from licensing.services.recall import recall_key
from licensing.services.replacements import Wanted, swap_key
from partners.models import Partner
from tests.factories import AT, actor_for, make_member, make_partner, make_product, make_stock

LAPTOP = DeviceIdentity("LENOVO", "20N2S00A00", "PF0ABCDE")
DUE = (AT + timedelta(days=14)).date()
FACTS = "The van was broken into on Monday night."


def _by(partner: Partner) -> Actor:
    return Actor(ActorKind.USER, "u1", "Technician", partner_id=partner.id)


@pytest.fixture
def officer(db: Any) -> Actor:
    return actor_for(make_member("compliance"))


@pytest.fixture
def approver(db: Any) -> Actor:
    return actor_for(make_member("mar_approver"))


def _shop(quantity: int = 2) -> tuple[Partner, list[ProductKey]]:
    partner, product = make_partner(), make_product()
    make_stock(product, 4)
    with partner_scope(partner.id):
        place_order(
            partner_id=partner.id, request=OrderRequest(product.id, quantity), idempotency_key="o",
            by=_by(partner), at=AT,
        )  # fmt: skip
        return partner, list(ProductKey.objects.order_by("id"))


@pytest.fixture
def shop(db: Any) -> tuple[Partner, list[ProductKey]]:
    return _shop()


def _reveal(partner: Partner, key: ProductKey) -> None:
    with partner_scope(partner.id):
        reveal_key(
            partner_id=partner.id, product_key_id=key.product_key_id, device=LAPTOP, reason="Station is down",
            by=_by(partner), at=AT,
        )  # fmt: skip


def _report(partner: Partner, *keys: ProductKey, kind: str = "stolen", facts: str = FACTS) -> Incident:
    with partner_scope(partner.id):
        return report_incident(
            [key.product_key_id for key in keys], partner_id=partner.id, kind=kind, facts=facts, due_on=DUE,
            police_reference="POL-77", by=_by(partner), at=AT,
        )  # fmt: skip


def _close(incident: Incident, by: Actor, outcome: str = "found") -> Incident:
    with mar_scope():
        return close_incident(
            incident.pk, outcome=outcome, measures="Locks changed", note="Box was found", by=by, at=AT
        )


def _facts(key: ProductKey) -> tuple[int, str, bool]:
    with mar_scope():
        return ProductKey.objects.values_list("state", "hold", "is_disclosed").get(pk=key.pk)


def _steps(key: ProductKey) -> list[tuple[str, str]]:
    with mar_scope():
        return list(LedgerEntry.objects.filter(key=key).order_by("id").values_list("reason", "hold"))


def test_a_stolen_key_is_frozen_at_once_and_every_door_is_shut(shop: Any) -> None:
    partner, (seen, unseen) = shop
    _reveal(partner, seen)
    incident = _report(partner, seen, unseen)
    assert (_facts(seen)[1], _facts(unseen)[1]) == ("lost_or_stolen", "lost_or_stolen")
    assert _steps(unseen)[-1] == ("hold.lost_or_stolen", "lost_or_stolen")
    for key in (seen, unseen):
        with pytest.raises(HandOverRefused) as refused:
            _reveal(partner, key)
        assert refused.value.refusals[0].facts["Hold"] == "lost_or_stolen"
    with mar_scope():
        with pytest.raises(KeyCannotMove):
            recall_key(seen.pk, reason="anyway", by=_by(partner), at=AT)
        assert AuditEvent.objects.filter(action="licensing.incident.reported").count() == 1
        assert AuditEvent.objects.filter(action="licensing.key.held").count() == 2
        assert read_books().problems == ()
    assert incident.reference.startswith("IN-")


def test_keys_found_again_are_as_they_were_and_one_in_stock_that_was_seen_is_quarantined(
    shop: Any, officer: Actor
) -> None:
    partner, (seen, unseen) = shop
    _reveal(partner, seen)
    _close(_report(partner, seen, unseen), officer)
    assert (_facts(seen), _facts(unseen)) == ((12, "none", True), (11, "none", False))
    with mar_scope():
        recall_key(seen.pk, reason="PC is gone", by=officer, at=AT)
        # In stock, seen, and now reported by the MAR's own stock keeper after somebody let it out of quarantine.
        assert _facts(seen) == (1, "quarantined", True)
        with pytest.raises(KeyCannotMove):
            put_on_hold([seen.pk], hold=Hold.LOST_OR_STOLEN, reason="gone", by=officer, at=AT)


def test_keys_gone_for_good_stay_frozen_and_the_case_stands(shop: Any, officer: Actor) -> None:
    partner, (key, _other) = shop
    incident = _close(_report(partner, key), officer, "gone")
    assert _facts(key)[1] == "lost_or_stolen"
    with pytest.raises(IncidentRefused):
        _close(incident, officer)
    with pytest.raises(IntegrityError, match="never changes"), mar_scope():
        Incident.objects.filter(pk=incident.pk).update(closing_note="other")


def test_whoever_reported_does_not_close_and_nothing_changes(shop: Any, officer: Actor) -> None:
    _partner, (key, _other) = shop
    with mar_scope():
        incident = report_incident(
            [key.product_key_id], partner_id=None, kind="dispute", facts=FACTS, due_on=DUE, by=officer, at=AT
        )
    with pytest.raises(IncidentRefused) as refused:
        _close(incident, officer)
    assert refused.value.code == "incident_second_person"
    assert _facts(key)[1] == "disputed"
    with pytest.raises(IntegrityError, match="incident_two_people"), mar_scope():
        Incident.objects.filter(pk=incident.pk).update(
            state="found", closed_by=officer.label, closed_at=AT, measures="x", closing_note="x"
        )


@pytest.mark.parametrize(("facts", "error"), [("short", IncidentInvalid), (FACTS, NotFound)])
def test_a_refused_report_freezes_nothing(shop: Any, facts: str, error: type[DomainError]) -> None:
    partner, (key, other) = shop
    stranger = make_partner()
    with pytest.raises(error):
        _report(stranger if error is NotFound else partner, key, other, facts=facts)
    assert (_facts(key)[1], _facts(other)[1]) == ("none", "none")
    with mar_scope():
        assert Incident.objects.count() == 0


def test_a_second_report_of_the_same_key_is_refused_and_opens_no_case(shop: Any) -> None:
    partner, (key, other) = shop
    _report(partner, key)
    with pytest.raises(KeyCannotMove):
        _report(partner, key, other)
    assert _facts(other)[1] == "none"
    with mar_scope():
        assert Incident.objects.count() == 1


@pytest.mark.parametrize("hold", ["quarantined", "lost_or_stolen", "disputed"])
def test_the_database_lets_no_key_out_of_a_hold_without_its_proof(
    shop: Any, officer: Actor, hold: str
) -> None:
    _partner, (key, other) = shop
    with mar_scope():
        put_on_hold([key.pk], hold=Hold(hold), reason="test", by=officer, at=AT)
    with pytest.raises(IntegrityError, match="only with the proof"), mar_scope():
        ProductKey.objects.filter(pk=key.pk).update(hold="none")
    with pytest.raises(IntegrityError, match="only with the proof"):
        _free_by_anothers_proof(key, other, hold)
    assert _facts(key)[1] == hold


def _free_by_anothers_proof(key: ProductKey, other: ProductKey, hold: str) -> None:
    with mar_scope():
        HoldLift.objects.create(
            key=other, hold=hold, reason="another key's", asked_by="a", lifted_by="b", lifted_at=AT
        )
        ProductKey.objects.filter(pk=key.pk).update(hold="none")


def test_an_old_proof_is_worth_nothing_later(cloned_db: str) -> None:
    _partner, (key, _other) = _shop()
    by, second = actor_for(make_member("compliance")), actor_for(make_member("mar_approver"))
    with mar_scope():
        put_on_hold([key.pk], hold=Hold.DISPUTED, reason="test", by=by, at=AT)
    with mar_scope():
        lift_hold([key.pk], hold=Hold.DISPUTED, reason="settled", by=second, at=AT)
    with mar_scope():
        put_on_hold([key.pk], hold=Hold.DISPUTED, reason="again", by=by, at=AT)
    with pytest.raises(IntegrityError, match="only with the proof"), mar_scope():
        ProductKey.objects.filter(pk=key.pk).update(hold="none")


def test_one_person_cannot_lift_a_quarantine_not_even_by_sql(shop: Any, officer: Actor) -> None:
    _partner, (key, _other) = shop
    with mar_scope():
        put_on_hold([key.pk], hold=Hold.QUARANTINED, reason="test", by=officer, at=AT)
    with pytest.raises(IntegrityError, match="somebody who did not ask"), mar_scope():
        lift_hold([key.pk], hold=Hold.QUARANTINED, reason="all well", by=officer, at=AT)
    with pytest.raises(IntegrityError, match="quarantine_needs_two"), mar_scope():
        HoldLift.objects.create(
            key=key, hold="quarantined", reason="all well", asked_by="a", lifted_by="a", lifted_at=AT
        )
    assert _facts(key)[1] == "quarantined"


def test_both_people_of_a_correction_name_themselves(shop: Any, officer: Actor, approver: Actor) -> None:
    partner, (key, _other) = shop
    _quarantined(partner, key, officer, is_seen=True)
    wish = {"key": key, "kind": "give_back", "facts": "x" * 10, "proof": "mail", "asked_at": AT}
    for acting in (None, approver.user_id):
        with (
            pytest.raises(IntegrityError, match="asked_by_id names somebody"),
            mar_scope(),
            acting_as(acting),
        ):
            CorrectionRequest.objects.create(asked_by_id=officer.user_id, **wish)
    asked = _ask(key, "give_back", officer)
    decided = {"state": "approved", "decided_by": approver.user_id, "decided_at": AT}
    for acting in (None, officer.user_id):
        with (
            pytest.raises(IntegrityError, match="decided_by_id names somebody"),
            mar_scope(),
            acting_as(acting),
        ):
            CorrectionRequest.objects.filter(pk=asked.pk).update(**decided)
    assert _facts(key)[1] == "quarantined"


def test_a_proof_names_who_acts_and_a_first_person_who_asked(
    shop: Any, officer: Actor, approver: Actor
) -> None:
    _partner, (key, _other) = shop
    with mar_scope():
        put_on_hold([key.pk], hold=Hold.QUARANTINED, reason="test", by=officer, at=AT)
    proof = {"key": key, "hold": "quarantined", "reason": "x", "lifted_at": AT, "lifted_by": approver.label}
    for acting, first, problem in (
        (officer.user_id, officer.label, "lifted_by names somebody"),
        (approver.user_id, officer.label, "asked_by names somebody"),
        (approver.user_id, "the portal", "asked_by names somebody"),
    ):
        with pytest.raises(IntegrityError, match=problem), mar_scope(), acting_as(acting):
            HoldLift.objects.create(asked_by=first, **proof)
    assert _facts(key)[1] == "quarantined"


def test_a_partner_can_freeze_a_key_but_never_free_it(shop: Any) -> None:
    partner, (key, other) = shop
    _report(partner, key)
    for which, hold in ((key, "none"), (other, "quarantined"), (other, "reserved")):
        with pytest.raises(DatabaseError, match="not free it"), partner_scope(partner.id):
            ProductKey.objects.filter(pk=which.pk).update(hold=hold)
    with pytest.raises(DatabaseError, match="permission denied"), partner_scope(partner.id):
        HoldLift.objects.create(
            key=key, hold="lost_or_stolen", reason="mine", asked_by="a", lifted_by="b", lifted_at=AT
        )


def _quarantined(partner: Partner, key: ProductKey, by: Actor, *, is_seen: bool) -> None:
    if is_seen:
        _reveal(partner, key)
        with mar_scope():
            recall_key(key.pk, reason="PC is gone", by=by, at=AT)
        return
    with mar_scope():
        free = ProductKey.objects.filter(state=1, hold="none").order_by("id").first()
        assert free is not None
        key.pk = free.pk
        put_on_hold([free.pk], hold=Hold.QUARANTINED, reason="Odd delivery", by=by, at=AT)


def _ask(key: ProductKey, kind: str, by: Actor) -> CorrectionRequest:
    with mar_scope():
        return ask_for_correction(
            key.pk,
            kind=kind,
            facts="Recalled by mistake, the PC is here",
            proof="Mail of 12 November",
            by=by,
            at=AT,
        )


def _decide(asked: CorrectionRequest, by: Actor, *, is_approved: bool = True) -> CorrectionRequest:
    with mar_scope():
        return decide_correction(asked.pk, is_approved=is_approved, note="Looked at the mail", by=by, at=AT)


def test_two_people_free_an_unseen_key_and_a_seen_one_goes_back_to_its_pc_only(
    shop: Any, officer: Actor, approver: Actor
) -> None:
    partner, (seen, unseen) = shop
    _quarantined(partner, seen, officer, is_seen=True)
    _quarantined(partner, unseen, officer, is_seen=False)
    with pytest.raises(CorrectionRefused):
        _ask(seen, "release", officer)
    _decide(_ask(unseen, "release", officer), approver)
    _decide(_ask(seen, "give_back", officer), approver)
    assert (_facts(unseen), _facts(seen)) == ((1, "none", False), (12, "none", True))
    _reveal(partner, seen)  # the same PC again
    with mar_scope():
        assert ProductKey.objects.get(pk=seen.pk).partner_id == partner.pk
        assert read_books().problems == ()
        assert list(HoldLift.objects.order_by("id").values_list("asked_by", "lifted_by")) == [
            (officer.label, approver.label), (officer.label, approver.label),
        ]  # fmt: skip


@pytest.mark.parametrize("meanwhile", ["swap", "another key"])
def test_a_seen_key_does_not_go_back_beside_the_one_that_took_its_place(
    shop: Any, officer: Actor, approver: Actor, meanwhile: str
) -> None:
    partner, (seen, other) = shop
    if meanwhile == "swap":
        _reveal(partner, seen)
        with partner_scope(partner.id):
            swap_key(
                partner_id=partner.id, product_key_id=seen.product_key_id, wanted=Wanted("Wrong edition"),
                by=_by(partner), at=AT,
            )  # fmt: skip
    else:
        _quarantined(partner, seen, officer, is_seen=True)
        _reveal(partner, other)
    asked = _ask(seen, "give_back", officer)
    with pytest.raises(DomainError) as refused, transaction.atomic():
        _decide(asked, approver)
    expected = {"swap": "correction_key_is_replaced", "another key": "second_key_for_device"}
    assert refused.value.code == expected[meanwhile]
    assert _facts(seen) == (1, "quarantined", True)


def test_a_seen_key_whose_sale_is_settled_does_not_go_back(
    shop: Any, officer: Actor, approver: Actor
) -> None:
    partner, (seen, _other) = shop
    _quarantined(partner, seen, officer, is_seen=True)
    with mar_scope():
        KeySettlement.objects.create(
            partner_id=partner.id, key_id=seen.pk, product_key_id=seen.product_key_id, cause="return",
            assignment=KeyAssignment.objects.get(key_id=seen.pk), charge_due=40, currency="EUR", settled_at=AT,
        )  # fmt: skip
    asked = _ask(seen, "give_back", officer)
    with pytest.raises(CorrectionRefused) as refused, transaction.atomic():
        _decide(asked, approver)
    assert (refused.value.code, _facts(seen)) == ("correction_key_is_replaced", (1, "quarantined", True))


def test_the_first_person_never_decides_and_a_refused_wish_moves_nothing(
    shop: Any, officer: Actor, approver: Actor
) -> None:
    partner, (key, _other) = shop
    _quarantined(partner, key, officer, is_seen=True)
    asked = _ask(key, "give_back", officer)
    with pytest.raises(CorrectionRefused) as refused:
        _decide(asked, officer)
    assert refused.value.code == "correction_second_person"
    with pytest.raises(CorrectionRefused):
        _ask(key, "give_back", approver)
    _decide(asked, approver, is_approved=False)
    assert _facts(key) == (1, "quarantined", True)
    with pytest.raises(IntegrityError, match="never changes"), mar_scope():
        CorrectionRequest.objects.filter(pk=asked.pk).update(state="approved")


@pytest.mark.parametrize(
    "change", [{"kind": "enabled"}, {"facts": "Another story"}, {"proof": "None"}, {"key": "other"}]
)
def test_what_a_second_person_decides_on_is_what_the_first_one_wrote(
    shop: Any, officer: Actor, change: dict[str, Any]
) -> None:
    partner, (key, other) = shop
    _quarantined(partner, key, officer, is_seen=True)
    asked = _ask(key, "give_back", officer)
    if "key" in change:
        change = {"key_id": other.pk}
    with (
        pytest.raises(IntegrityError, match="said in a case"),
        mar_scope(),
        acting_as(officer.user_id),
    ):
        CorrectionRequest.objects.filter(pk=asked.pk).update(**change)


@pytest.mark.parametrize("column", ["reported_by", "facts", "kind", "partner_id"])
def test_what_was_reported_stands_while_the_case_is_open(shop: Any, column: str) -> None:
    partner, (key, _other) = shop
    incident = _report(partner, key)
    value = make_partner().pk if column == "partner_id" else {"kind": "lost"}.get(column, "somebody else")
    with pytest.raises(IntegrityError, match="said in a case"), mar_scope():
        Incident.objects.filter(pk=incident.pk).update(**{column: value})


def test_one_person_cannot_be_both_in_the_table_of_corrections(shop: Any, officer: Actor) -> None:
    partner, (key, _other) = shop
    _quarantined(partner, key, officer, is_seen=True)
    asked = _ask(key, "give_back", officer)
    first = asked.asked_by_id
    with pytest.raises(IntegrityError, match="correction_two_people"), mar_scope(), acting_as(first):
        CorrectionRequest.objects.filter(pk=asked.pk).update(
            state="approved", decided_by=asked.asked_by_id, decided_at=AT
        )


def test_a_wrong_answer_is_put_right_along_the_table_with_its_build(
    officer: Actor, approver: Actor, settings: Any
) -> None:
    from tests.factories.exchange import make_builds

    build = make_builds(1)[0]
    with mar_scope():
        for state in (7, 10):
            ProductKey.objects.filter(pk=build.key_id).update(state=state)
        Build.objects.filter(pk=build.pk).update(state="denied")
    _decide(_ask(ProductKey(pk=build.key_id), "enabled", officer), approver)
    with mar_scope():
        assert Build.objects.values_list("state", "key__state").get(pk=build.pk) == ("enabled", 9)
        assert LedgerEntry.objects.filter(key_id=build.key_id, reason="key.corrected").count() == 1


def test_report_and_reveal_at_once_never_show_a_frozen_key(cloned_db: str) -> None:
    partner, (key, _other) = _shop()
    shown: list[str] = []
    barrier = Barrier(2)

    def run(work: Any) -> None:
        barrier.wait()
        try:
            work()
            shown.append(work.__name__)
        except DomainError as error:
            shown.append(error.code)
        finally:
            connection.close()

    def report() -> None:
        _report(partner, key)

    def reveal() -> None:
        _reveal(partner, key)

    threads = [Thread(target=run, args=(work,)) for work in (report, reveal)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert "report" in shown
    assert _facts(key)[1] == "lost_or_stolen"
    reasons = [reason for reason, _hold in _steps(key)]
    if "key_not_available" in shown:
        assert "key.revealed" not in reasons
    else:
        assert reasons.index("key.revealed") < reasons.index("hold.lost_or_stolen")
    with transaction.atomic(), mar_scope():
        assert read_books().problems == ()
