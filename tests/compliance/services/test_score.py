"""Scores from real rows: shadow without effect, the coach's promise kept by the real services, two people."""

import copy
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from compliance.models import ScoreModel, ScoreSnapshot, TierProposal
from compliance.rules.coach import Step, carry_out
from compliance.rules.conduct import Action
from compliance.rules.score import score_of
from compliance.rules.score_model import DEFAULT
from compliance.selectors.conduct import conduct_of, conduct_of_all
from compliance.selectors.score import history_of, model_in_force, rules_in, score_now
from compliance.services.badges import renew_badges
from compliance.services.score import (
    NotPublished,
    decline_model,
    propose_model,
    publish_model,
    take_snapshots,
)
from compliance.services.tiers import propose_moves
from core.errors import Invalid
from core.tenancy import mar_scope, partner_scope
from licensing.models import Build, ProductKey
from licensing.services.orders import OrderRequest, place_order
from licensing.services.returns import send_return
from partners.models import Document, OrderBlock, Partner, PartnerBadge
from partners.selectors.mar import mar_zone
from partners.selectors.training import missing_training
from partners.services.partners import record_unpaid, set_credit_limit
from partners.services.training import WrittenCourse, begin_test, hand_in_test, save_course
from tests.compliance.world import STATION, oldest_taken, report, take_keys
from tests.factories import AT, actor_for, make_mar, make_member, make_partner, make_product, make_stock
from tests.factories.limits import agree_to_raise
from tests.partners.samples import audited

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def the_mar():
    make_mar()


@pytest.fixture
def people():
    return actor_for(make_member("compliance", name="Carla")), actor_for(
        make_member("mar_admin", name="Marta")
    )


def _paper(partner, kind="wiping_proof", *, title="", expires_on=None, at=AT) -> None:
    with mar_scope():
        Document.objects.create(
            partner=partner, kind=kind, title=title, file_name="a.pdf", content_type="application/pdf", size=1,
            sha256="0" * 64, path="x", uploaded_by="x", uploaded_at=at, expires_on=expires_on,
        )  # fmt: skip


def _answer(keys, state: int) -> None:
    """Walk keys from bound to Microsoft's answer."""
    with mar_scope():
        for step in (7, state):
            ProductKey.objects.filter(pk__in=[key.key_id for key in keys]).update(state=step)
        if state == 9:
            Build.objects.filter(key_id__in=[key.key_id for key in keys]).update(state="enabled")


def make_poor_partner(name="Poor") -> Partner:
    """Return a partner whose score fails in several areas."""
    partner = make_partner(name=name, credit="1000.00")
    taken = take_keys(partner, 12, days_ago=20)
    report(partner, taken, at=AT - timedelta(days=19))
    _answer(taken[:8], 9)
    _answer(taken[8:], 10)
    for quantity, days in ((3, 65), (4, 35), (5, 10), (2, 1)):
        take_keys(partner, quantity, days_ago=days)
    with mar_scope():
        record_unpaid(partner.pk, unpaid=Decimal("800.00"), by=STATION, at=AT)
    _paper(partner, "certificate", title="R2", expires_on=AT.date() - timedelta(days=1))
    return partner


def _now(partner, at=AT):
    with partner_scope(partner.pk):
        return score_now(partner.pk, at=at, zone=mar_zone())


def _carry_out(partner, steps, by) -> None:
    """Do what the coach says, through the services that people use."""
    for step in steps:
        match step.action:
            case Action.REPORT:
                report(partner, oldest_taken(partner, step.count))
            case Action.RETURN_DENIED:
                with mar_scope():
                    denied = ProductKey.objects.filter(partner=partner, state=10).order_by("id")
                    ids = list(denied.values_list("pk", flat=True)[: step.count])
                    send_return(ids, return_type="ZOA", reason="Refused", by=by, at=AT)
            case Action.PAY:
                with mar_scope():
                    record_unpaid(partner.pk, unpaid=Decimal(0), by=by, at=AT)
            case Action.RENEW:
                papers = [("wiping_proof", ""), ("certificate", "R2")]
                for kind, title in papers[: step.count]:
                    _paper(partner, kind, title=title, expires_on=AT.date() + timedelta(days=365))
            case Action.TRAIN:
                _pass_courses(partner, step.count)


def _require_course(code: str) -> None:
    with mar_scope():
        save_course(
            WrittenCourse(code, code, 50, 12, True, AT, {"en": "Read."}, {"en": "# Right?\n+ Yes\n- No\n> So."}),
            is_new=True, by=actor_for(make_member("mar_admin")), at=AT,
        )  # fmt: skip


def _pass_courses(partner, count: int) -> None:
    learner = actor_for(make_member("tpr_technician", partner=partner), partner=partner)
    with partner_scope(partner.pk):
        for course in missing_training(partner.pk, AT)[:count]:
            attempt = begin_test(
                partner_id=partner.pk, course_code=course.code, language="en", seed=1, by=learner, at=AT
            )
            hand_in_test(attempt.pk, partner_id=partner.pk, answers={0: frozenset({0})}, by=learner, at=AT)


def test_the_coachs_promise_is_kept_to_the_point_by_the_real_services(people):
    _require_course("keys")
    partner = make_poor_partner()
    plan = _now(partner).plan
    assert (plan.now.is_passed, plan.promised.is_passed) == (False, True)
    assert plan.steps
    _carry_out(partner, plan.steps, people[1])
    with mar_scope():
        take_snapshots(at=AT)
        snapshot = ScoreSnapshot.objects.get(partner=partner)
    assert (snapshot.total, snapshot.areas) == (plan.promised.total, plan.promised.points)
    assert snapshot.is_passed


def test_every_single_action_is_worth_what_the_coach_counts(people):
    _require_course("keys")
    _require_course("labels")
    for action in Action:
        partner = make_poor_partner(name=action)
        before = _now(partner)
        steps = (Step(action, 1, 1),)
        expected = carry_out(before.conduct, steps)
        _carry_out(partner, steps, people[1])
        now = _now(partner)
        # The door by which a build came is no part of the score.
        assert replace(now.conduct, built_by_api=0) == replace(expected, built_by_api=0), action
        assert now.plan.now == score_of(expected, before.rules)


def test_the_facts_are_what_the_rows_say():
    partner = make_poor_partner()
    conduct = _now(partner).conduct
    assert (conduct.unreported, conduct.built, conduct.built_late, conduct.taken) == ((2, 5, 4, 3), 12, 0, 26)
    assert (conduct.enabled, conduct.denied, conduct.unpaid) == (8, 4, Decimal("800.00"))
    assert (conduct.papers_missing, conduct.papers_expired, conduct.courses) == (1, 1, conduct.courses)


def test_the_same_facts_are_seen_by_the_partner_and_by_the_mar_and_by_no_stranger():
    partner, stranger = make_poor_partner(), make_partner()
    own = _now(partner).conduct
    rules = _now(partner).rules
    with mar_scope():
        assert conduct_of(partner.pk, rules=rules, at=AT, zone=mar_zone()) == own
    with partner_scope(stranger.pk), pytest.raises(KeyError):
        conduct_of(partner.pk, rules=rules, at=AT, zone=mar_zone())


def test_all_partners_cost_as_many_questions_as_one():
    make_poor_partner()
    with mar_scope():
        rules = rules_in(model_in_force(AT))
        asked = []
        for _ in range(2):
            with CaptureQueriesContext(connection) as captured:
                conduct_of_all(rules=rules, at=AT, zone=mar_zone())
            asked.append(len(captured))
            make_partner()
            make_partner()
    assert asked[0] == asked[1]


def test_a_paper_counts_until_its_last_day_in_the_mars_zone():
    partner = make_partner()
    _paper(partner, expires_on=AT.date())
    midnight = AT.replace(hour=23, minute=0)  # 00:00 in Berlin
    assert _now(partner, midnight - timedelta(microseconds=1)).conduct.papers_missing == 0
    assert _now(partner, midnight).conduct.papers_missing == 1


def test_a_score_in_shadow_blocks_nothing_shows_nothing_and_moves_nobody():
    partner, product = make_poor_partner(), make_product(price="1.00")
    make_stock(product, 1)
    with mar_scope():
        agree_to_raise(partner, Decimal(5000))
        set_credit_limit(partner.pk, limit=Decimal(5000), by=STATION, at=AT)
        assert model_in_force(AT).is_in_shadow(AT)
        take_snapshots(at=AT)
        renew_badges(at=AT)
        propose_moves(at=AT)
        snapshot = ScoreSnapshot.objects.get(partner=partner)
        assert (snapshot.is_shadow, snapshot.is_passed) == (True, False)
        assert (OrderBlock.objects.count(), PartnerBadge.objects.count(), TierProposal.objects.count()) == (
            0,
            0,
            0,
        )
        assert Partner.objects.get(pk=partner.pk).state == "active"
    with partner_scope(partner.pk):
        placed = place_order(
            partner_id=partner.pk, request=OrderRequest(product.pk, 1), idempotency_key="k", by=STATION, at=AT
        )
    assert placed.is_new


def test_a_day_has_one_score_and_it_is_never_changed():
    partner = make_partner()
    with mar_scope():
        assert (take_snapshots(at=AT), take_snapshots(at=AT + timedelta(hours=2))) == (1, 0)
        assert take_snapshots(at=AT + timedelta(days=1)) == 1
        with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
            ScoreSnapshot.objects.update(total=100)
        again = ScoreSnapshot.objects.get(taken_at=AT)
        again.pk = partner.pk
        with pytest.raises(IntegrityError, match="score_once_a_day"), transaction.atomic():
            again.save(force_insert=True)
        assert ScoreSnapshot.objects.count() == 2


def test_a_partner_sees_his_own_history_only():
    own, foreign = make_partner(), make_partner()
    with mar_scope():
        take_snapshots(at=AT - timedelta(days=31))
        take_snapshots(at=AT)
    with partner_scope(own.pk):
        assert [row.taken_on.month for row in history_of(own.pk)] == [10, 11]
        assert (history_of(foreign.pk), ScoreSnapshot.objects.count()) == ([], 2)


def _propose(by, **changes):
    with mar_scope():
        return propose_model(**{
            "version": "2026-2", "parameters": copy.deepcopy(DEFAULT), "pass_mark": 70, "valid_from": AT,
            "is_shadow": False, "shadow_until": None, "reason": "Live.", "by": by, "at": AT,
        } | changes)  # fmt: skip


def test_a_model_counts_when_another_person_has_published_it_and_from_its_day(people):
    carla, marta = people
    begin = AT + timedelta(days=10)
    model = _propose(carla, valid_from=begin)
    with mar_scope():
        assert model_in_force(begin).version == "2021-1"
        publish_model(model.pk, by=marta, at=AT)
        assert model_in_force(begin - timedelta(microseconds=1)).version == "2021-1"
        assert model_in_force(begin).version == "2026-2"
    assert audited("compliance.score_model.published") == 1


def test_nobody_publishes_his_own_model_nor_one_that_is_decided(people):
    carla, marta = people
    model = _propose(carla)
    with mar_scope():
        with pytest.raises(NotPublished):
            publish_model(model.pk, by=carla, at=AT)
        with pytest.raises(IntegrityError, match="published_by_another"), transaction.atomic():
            ScoreModel.objects.filter(pk=model.pk).update(published_by_id=carla.id)
        decline_model(model.pk, by=carla, at=AT)
        with pytest.raises(NotPublished):
            publish_model(model.pk, by=marta, at=AT)
        assert model_in_force(AT).version == "2021-1"


@pytest.mark.parametrize(
    "changes",
    [
        {"version": "2021-1"},
        {"valid_from": AT - timedelta(seconds=1)},
        {"parameters": {}},
        {"pass_mark": 101},
    ],
)
def test_a_model_that_cannot_be_is_refused(people, changes):
    with pytest.raises(Invalid):
        _propose(people[0], **changes)
    with mar_scope():
        assert ScoreModel.objects.count() == 1


def test_a_published_model_is_not_rewritten(people):
    with mar_scope(), pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        ScoreModel.objects.update(pass_mark=1)


def test_the_shadow_ends_at_its_instant(people):
    carla, marta = people
    end = AT + timedelta(days=30)
    model = _propose(carla, is_shadow=True, shadow_until=end)
    with mar_scope():
        publish_model(model.pk, by=marta, at=AT)
    assert _now(make_partner(), end - timedelta(microseconds=1)).is_shadow
    assert not _now(make_partner(), end).is_shadow
