"""Proposals: crossing a threshold proposes, a person decides, once a month. Badges come, stay and end."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from compliance.models import ScoreModel, ScoreSnapshot, TierProposal
from compliance.services import badges
from compliance.services.badges import renew_badges
from compliance.services.tiers import ProposalDecided, confirm_move, decline_move, propose_moves
from compliance.tasks import send_tier
from core.tenancy import guest_scope, mar_scope
from partners.models import Partner, PartnerBadge
from partners.selectors.standing import public_badges
from partners.services.badges import set_badges
from partners.services.partners import set_tier
from partners.services.standing import restrict_partner, suspend_partner
from tests.compliance.world import STATION
from tests.factories import AT, actor_for, make_mar, make_member, make_partner
from tests.partners.samples import audited, queued

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def the_mar():
    make_mar()


@pytest.fixture
def admin():
    return actor_for(make_member("mar_admin", name="Marta"))


def _snapshot(partner, *, total, builds, at=AT, is_shadow=False) -> None:
    with mar_scope():
        ScoreSnapshot.objects.create(
            partner=partner, model=ScoreModel.objects.get(), taken_on=at.date(), taken_at=at, areas={},
            facts={"lines": [], "builds": builds}, total=total, is_passed=total >= 70, is_shadow=is_shadow,
        )  # fmt: skip


def _propose(at=AT) -> int:
    with mar_scope():
        return propose_moves(at=at)


def _tier(partner) -> str:
    with mar_scope():
        return Partner.objects.get(pk=partner.pk).tier


def test_crossing_a_threshold_proposes_and_a_person_confirms(admin):
    partner = make_partner()
    _snapshot(partner, total=75, builds=60)
    assert (_propose(), _propose()) == (1, 0)
    assert _tier(partner) == "starter"
    with mar_scope():
        proposal = TierProposal.objects.get()
        confirm_move(proposal.pk, reason="Well done.", by=admin, at=AT)
        send_tier(**queued("compliance.send_tier")[0])
    assert _tier(partner) == "standard"
    assert (audited("compliance.tier.confirmed"), audited("partners.partner.tier_set")) == (1, 1)


def test_a_declined_move_is_not_asked_again_this_month_but_the_next(admin):
    partner = make_partner()
    _snapshot(partner, total=75, builds=60)
    _propose()
    with mar_scope():
        proposal = TierProposal.objects.get()
        decline_move(proposal.pk, reason="Too early.", by=admin, at=AT)
        with pytest.raises(ProposalDecided):
            confirm_move(proposal.pk, reason="", by=admin, at=AT)
    assert (_tier(partner), _propose(), _propose(AT + timedelta(days=20))) == ("starter", 0, 1)


def test_a_move_declined_in_a_later_month_is_not_asked_again_in_that_month(admin):
    partner = make_partner()
    _snapshot(partner, total=75, builds=60)
    _propose()
    later = AT + timedelta(days=40)
    with mar_scope():
        decline_move(TierProposal.objects.get().pk, reason="Too early.", by=admin, at=later)
    assert (_propose(later + timedelta(hours=3)), _propose(later + timedelta(days=31))) == (0, 1)


@pytest.mark.parametrize("fields", [{"tier": "volume"}, {"state": "suspended"}])
def test_a_move_is_not_confirmed_of_a_partner_who_changed_since(admin, fields):
    partner = make_partner()
    _snapshot(partner, total=75, builds=60)
    _propose()
    with mar_scope():
        if "tier" in fields:
            set_tier(partner.pk, tier="volume", by=admin, at=AT)
        else:
            suspend_partner(partner.pk, reason="x", by=admin, at=AT)
        before = Partner.objects.get(pk=partner.pk)
        with pytest.raises(ProposalDecided) as refused:
            confirm_move(TierProposal.objects.get().pk, reason="Yes.", by=admin, at=AT)
        assert TierProposal.objects.get().outcome == "open"
    assert [each.code for each in refused.value.refusals] == ["tier_proposal_overtaken"]
    assert (_tier(partner), before.state) == (before.tier, fields.get("state", "active"))


def test_newer_facts_overtake_an_open_proposal():
    partner = make_partner(tier="standard")
    _snapshot(partner, total=90, builds=700)
    _propose()
    _snapshot(partner, total=60, builds=700, at=AT + timedelta(days=1))
    assert _propose(AT + timedelta(days=1)) == 1
    with mar_scope():
        rows = TierProposal.objects.order_by("proposed_at").values_list("to_tier_id", "outcome")
        assert list(rows) == [("volume", "overtaken"), ("starter", "open")]


def test_a_proposal_that_no_longer_fits_is_closed():
    partner = make_partner()
    _snapshot(partner, total=75, builds=60)
    _propose()
    _snapshot(partner, total=65, builds=60, at=AT + timedelta(days=1))
    assert _propose(AT + timedelta(days=1)) == 0
    with mar_scope():
        assert TierProposal.objects.get().outcome == "overtaken"


@pytest.mark.parametrize("fields", [{"is_shadow": True}])
def test_a_shadow_score_moves_nobody(fields):
    partner = make_partner(tier="volume")
    _snapshot(partner, total=0, builds=0, **fields)
    assert _propose() == 0
    assert _tier(partner) == "volume"


def test_the_database_keeps_one_open_proposal_a_partner():
    partner = make_partner()
    _snapshot(partner, total=75, builds=60)
    _propose()
    with mar_scope():
        row = TierProposal.objects.get()
        row.pk, row._state.adding = partner.pk, True
        with pytest.raises(IntegrityError, match="tier_proposal_open_once"), transaction.atomic():
            row.save(force_insert=True)
        with pytest.raises(IntegrityError, match="decided_has_time"), transaction.atomic():
            TierProposal.objects.update(outcome="confirmed")


def test_badges_come_stay_and_end():
    partner = make_partner()
    end = AT + timedelta(days=45)
    with mar_scope():
        assert set_badges({partner.pk: {"high_volume"}}, valid_before=end, by=STATION, at=AT) == 1
        later = AT + timedelta(days=1)
        assert set_badges({partner.pk: {"high_volume"}}, valid_before=end, by=STATION, at=later) == 0
        assert PartnerBadge.objects.get().valid_from == AT
        assert public_badges(end - timedelta(microseconds=1)) == {partner.pk: ["high_volume"]}
        assert public_badges(end) == {}
        assert set_badges({partner.pk: set()}, valid_before=end, by=STATION, at=later) == 1
        assert public_badges(later) == {}
    assert (audited("partners.badge.given"), audited("partners.badge.ended")) == (1, 1)


def test_a_stranger_may_read_the_badge_and_nothing_of_the_score():
    partner = make_partner()
    with mar_scope():
        set_badges({partner.pk: {"good_standing"}}, valid_before=AT + timedelta(days=1), by=STATION, at=AT)
    with guest_scope(partner.pk):
        assert public_badges(AT) == {partner.pk: ["good_standing"]}
    names = {field.name for field in PartnerBadge._meta.get_fields()}
    assert names == {"id", "partner", "code", "valid_from", "proven_at", "valid_before"}


def test_a_partner_who_comes_while_badges_are_counted_waits_for_the_next_round(monkeypatch):
    make_partner()
    with mar_scope():
        monkeypatch.setattr(badges, "partners", Partner.objects.none)
        assert renew_badges(at=AT) == 0
        assert PartnerBadge.objects.count() == 0


def test_good_standing_is_not_shown_of_a_restricted_partner():
    with mar_scope():
        ScoreModel.objects.create(
            version="live", parameters=ScoreModel.objects.get().parameters | {"least_areas": 1}, pass_mark=20,
            valid_from=AT, is_shadow=False, proposed_by="a", proposed_by_id="a", proposed_at=AT, published_by="b",
            published_by_id="b", published_at=AT,
        )  # fmt: skip
    active, restricted = make_partner(), make_partner()
    with mar_scope():
        restrict_partner(restricted.pk, kind="orders", reason="x", by=STATION, at=AT)
        renew_badges(at=AT)
        assert public_badges(AT) == {active.pk: ["good_standing"]}
