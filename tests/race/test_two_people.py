"""Two people take one step at once: one wins, the other is told; without the lock the race shows itself."""

from datetime import timedelta

from compliance import locks as compliance_locks
from compliance.models import Tier, TierProposal, WindDown
from compliance.rules.wind_down import BY_WORD
from compliance.services.exit_file import hand_over_file, make_exit_file
from compliance.services.tiers import confirm_move, decline_move
from compliance.services.wind_down import begin_wind_down, finish_wind_down, settle_item
from core.tenancy import mar_scope
from licensing.models import ChangeNotice, Product, ProgrammeChange
from licensing.services import programme_changes
from licensing.services.programme_changes import WrittenChange, publish_change, write_change
from partners import locks
from partners.models import Application, OrderBlock, Partner
from partners.services.application_drafts import submit_application
from partners.services.standing import confirm_suspension, suspend_partner
from tests.factories import AT, actor_for, make_mar, make_member, make_partner, make_product
from tests.factories.applications import make_full_draft
from tests.partners.samples import VISITOR, audited
from tests.race.at_once import at_once, reading_together

LATER = AT + timedelta(hours=1)


def _read(model, key="pk"):
    return reading_together(lambda found_by, *_rest: model.objects.filter(**{key: found_by}).first())


def _plain(model):
    return lambda pk: model.objects.filter(pk=pk).first()


def _two() -> list:
    return [actor_for(make_member("mar_approver", name=name)) for name in ("Jonas Weber", "Ana Horn")]


def _confirm_twice() -> list[str]:
    partner, people = make_partner(), _two()
    with mar_scope():
        suspend_partner(partner.pk, reason="Theft.", by=actor_for(make_member("mar_admin")), at=AT)
        block = OrderBlock.objects.get()
    return at_once(
        *(lambda by=by: confirm_suspension(block.pk, by=by, at=LATER) for by in people), scope=mar_scope
    )


def test_a_suspension_is_confirmed_once(cloned_db):
    assert _confirm_twice() == ["NotConfirmed", "done"]
    assert audited("partners.suspension.confirmed") == 1


def test_without_the_lock_a_suspension_is_confirmed_twice(cloned_db, monkeypatch):
    monkeypatch.setattr(locks, "lock_partner", _plain(Partner))
    monkeypatch.setattr(locks, "lock_order_block", _read(OrderBlock))
    assert _confirm_twice() == ["done", "done"]
    assert audited("partners.suspension.confirmed") == 2


def _decide_a_tier_twice() -> list[str]:
    partner, (first, second) = make_partner(), _two()
    with mar_scope():
        tiers = list(Tier.objects.order_by("rank")[:2])
        Partner.objects.update(tier=tiers[0].code)
        proposal = TierProposal.objects.create(
            partner=partner, from_tier=tiers[0], to_tier=tiers[1], builds=60, score=75, proposed_at=AT
        )
    return at_once(
        lambda: confirm_move(proposal.pk, reason="Well done.", by=first, at=LATER),
        lambda: decline_move(proposal.pk, reason="Too early.", by=second, at=LATER),
        scope=mar_scope,
    )


def _tier_acts() -> int:
    return audited("compliance.tier.confirmed") + audited("compliance.tier.declined")


def test_a_tier_proposal_is_decided_once(cloned_db):
    assert _decide_a_tier_twice() == ["ProposalDecided", "done"]
    assert _tier_acts() == 1


def test_without_the_lock_a_tier_proposal_is_decided_twice(cloned_db, monkeypatch):
    monkeypatch.setattr(compliance_locks, "lock_tier_proposal", _read(TierProposal))
    assert _decide_a_tier_twice() == ["done", "done"]
    assert _tier_acts() == 2


def _publish_twice() -> list[str]:
    product, people = make_product(), _two()
    make_partner()
    written = WrittenChange(product.pk, AT + timedelta(days=60), None, None, {"en": ("It ends", "Soon.")})
    with mar_scope():
        change = write_change(written, by=actor_for(make_member("mar_admin")), at=AT)
    return at_once(
        *(lambda by=by: publish_change(change.pk, by=by, at=LATER) for by in people), scope=mar_scope
    )


def test_a_change_is_published_once(cloned_db):
    assert _publish_twice() == ["ChangeRefused", "done"]
    with mar_scope():
        assert ChangeNotice.objects.count() == 1


def test_without_the_lock_the_database_publishes_a_change_once(cloned_db, monkeypatch):
    monkeypatch.setattr(programme_changes, "lock_change", _read(ProgrammeChange))
    monkeypatch.setattr(programme_changes, "lock_product", lambda pk: Product.objects.get(pk=pk))
    assert _publish_twice() == ["IntegrityError", "done"]
    with mar_scope():
        assert ChangeNotice.objects.count() == 1
    assert audited("licensing.change.published") == 1


def _submit_twice() -> list[str]:
    make_mar()
    draft = make_full_draft()
    return at_once(*(lambda: submit_application(draft.pk, by=VISITOR, at=LATER) for _press in range(2)))


def test_an_application_is_sent_once(cloned_db):
    assert _submit_twice() == ["ApplicationClosed", "done"]
    assert audited("partners.application.submitted") == 1


def test_without_the_lock_the_database_takes_an_application_once(cloned_db, monkeypatch):
    monkeypatch.setattr(locks, "lock_application", _read(Application))
    assert _submit_twice() == ["ProgrammingError", "done"]
    assert audited("partners.application.submitted") == 1


def _finish_twice() -> list[str]:
    make_mar()
    partner, people = make_partner(), _two()
    admin = actor_for(make_member("mar_admin"))
    with mar_scope():
        begin_wind_down(partner.pk, reason="Sold.", ends_at=AT + timedelta(days=30), by=admin, at=AT)
        for kind in BY_WORD:
            settle_item(partner.pk, kind, note="None.", by=admin, at=AT)
        make_exit_file(partner.pk, at=AT)
        hand_over_file(partner.pk, by=admin, at=AT)
    return at_once(
        *(lambda by=by: finish_wind_down(partner.pk, by=by, at=LATER) for by in people), scope=mar_scope
    )


def test_a_way_out_is_finished_once(cloned_db):
    assert _finish_twice() == ["WindDownClosed", "done"]
    assert audited("compliance.wind_down.finished") == 1


def test_without_the_lock_the_second_is_told_the_wrong_thing(cloned_db, monkeypatch):
    monkeypatch.setattr(compliance_locks, "lock_wind_down", _read(WindDown, "partner_id"))
    assert _finish_twice() == ["PartnerCannotMove", "done"]
    assert audited("compliance.wind_down.finished") == 1
