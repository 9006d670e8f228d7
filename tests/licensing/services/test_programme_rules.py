"""Rules of the programme: written by one, simulated, published by another with notice, in force on the minute."""

from datetime import timedelta
from typing import Any

import pytest

from core.actor import Actor, ActorKind
from core.errors import DomainError, NotFound
from core.models import OutboxItem, User
from core.tenancy import mar_scope, partner_scope
from licensing.models import Order, RuleNotice, RuleReading, RuleSimulation, RuleVersion
from licensing.rules.programme_rules import RULES
from licensing.selectors.programme_rules import rules_at
from licensing.services.orders import OrderRequest, place_order
from licensing.services.programme_rules import (
    WrittenRule,
    discard_rule,
    publish_rule,
    read_rule,
    withdraw_rule,
    write_rule,
)
from licensing.services.rule_simulation import simulate
from tests.factories import AT, actor_for, make_mar, make_member, make_partner, make_product, make_stock
from tests.factories.rules import set_rule
from tests.partners.samples import audited

pytestmark = pytest.mark.django_db
CODE = "order.size"
BEGINS = AT + timedelta(days=20)
MINUTE = timedelta(minutes=1)
BUYER = Actor(ActorKind.USER, "b", "Buyer")


@pytest.fixture
def writer() -> User:
    make_mar()
    return make_member("mar_admin")


@pytest.fixture
def approver() -> User:
    return make_member("mar_approver")


def _write(by: User, *, at: Any = AT, **changes: Any) -> RuleVersion:
    fields: dict[str, Any] = {
        "code": CODE, "parameters": {"most": 3}, "sentences": RULES[CODE].sentences, "valid_from": BEGINS,
        "reason": "Fewer keys lie about.",
    }  # fmt: skip
    with mar_scope():
        return write_rule(WrittenRule(**fields | changes), by=actor_for(by), at=at)


def _simulate(draft: RuleVersion, by: User, *, at: Any = AT) -> RuleSimulation:
    with mar_scope():
        return simulate(draft.pk, by=actor_for(by), at=at)


def _publish(draft: RuleVersion, by: User, *, at: Any = AT) -> RuleVersion:
    with mar_scope():
        return publish_rule(draft.pk, by=actor_for(by), at=at)


def _rows() -> list[Any]:
    with mar_scope():
        return [
            *RuleVersion.objects.order_by("pk").values(),
            RuleNotice.objects.count(),
            OutboxItem.objects.count(),
        ]


def _refused(call: Any) -> list[tuple[str, str]]:
    before = _rows()
    with mar_scope(), pytest.raises(DomainError) as caught:
        call()
    assert _rows() == before
    return [(refusal.rule, refusal.code) for refusal in caught.value.refusals]


def test_a_draft_changes_nothing_and_is_published_by_another_for_its_minute(
    writer: User, approver: User
) -> None:
    partner = make_partner()
    draft = _write(writer, valid_from=BEGINS + timedelta(seconds=17))
    with mar_scope():
        assert rules_at(BEGINS).version(CODE) == "1"
    _simulate(draft, writer)
    _publish(draft, approver)
    with mar_scope():
        assert [rules_at(at).number(CODE, "most") for at in (BEGINS - MINUTE, BEGINS)] == [5_000, 3]
        assert list(RuleNotice.objects.values_list("partner_id", flat=True)) == [partner.pk]
        mails = OutboxItem.objects.filter(task="licensing.send_rule_notice")
        assert [mail.arguments["partner_id"] for mail in mails] == [str(partner.pk)]
    for action in ("written", "simulated", "published"):
        assert audited(f"licensing.rule.{action}") == 1


def test_an_order_is_judged_by_the_version_of_its_minute_and_the_refusal_names_it(
    writer: User, approver: User
) -> None:
    partner, product = make_partner(), make_product()
    make_stock(product, 8)
    draft = _write(writer)
    _simulate(draft, writer)
    _publish(draft, approver)

    def order(at: Any) -> None:
        with partner_scope(partner.pk):
            place_order(
                partner_id=partner.pk, request=OrderRequest(product.pk, 4), idempotency_key=str(at), by=BUYER, at=at
            )  # fmt: skip

    order(BEGINS - timedelta(microseconds=1))
    with pytest.raises(DomainError) as caught:
        order(BEGINS)
    refusal = caught.value.refusals[0]
    assert (refusal.rule, refusal.rule_version, refusal.facts) == ("ORD-0", "2", {"Asked for": 4})
    with mar_scope():
        assert Order.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"parameters": {"most": 5_001}}, ("P-RULE-1", "rule_invalid")),
        ({"sentences": {"en": "Only {most}."}}, ("P-RULE-1", "rule_invalid")),
        ({"valid_from": AT}, ("P-RULE-4", "rule_begins_too_early")),
        ({"valid_from": AT + timedelta(days=14) - MINUTE}, ("P-RULE-4", "rule_without_notice")),
    ],
)
def test_a_draft_that_cannot_stand_is_not_written(writer: User, changes: Any, rule: tuple[str, str]) -> None:
    assert _refused(lambda: _write(writer, **changes)) == [rule]


@pytest.mark.parametrize(
    "changes",
    [
        {"valid_from": AT + timedelta(days=14)},
        {"valid_from": AT + MINUTE, "notice_waiver": "Microsoft asks for it at once."},
    ],
)
def test_notice_is_given_or_its_want_explained(writer: User, changes: Any) -> None:
    assert _write(writer, **changes).valid_from == changes["valid_from"]


def test_the_notice_is_a_rule_itself(writer: User) -> None:
    set_rule("programme.notice", at=AT, days=2)
    assert _refused(lambda: _write(writer, valid_from=AT + timedelta(days=2) - MINUTE)) == [
        ("P-RULE-4", "rule_without_notice")
    ]
    _write(writer, valid_from=AT + timedelta(days=2))


def test_an_unknown_rule_or_version_is_not_there(writer: User) -> None:
    assert _refused(lambda: _write(writer, code="order.colour")) == [("P-404", "not_found")]
    for step in (publish_rule, discard_rule, withdraw_rule, simulate):
        assert _refused(lambda step=step: step(0, by=actor_for(writer), at=AT)) == [("P-404", "not_found")]


def test_the_writer_writes_anew_and_nobody_beside_him(writer: User, approver: User) -> None:
    draft = _write(writer)
    assert _write(writer, parameters={"most": 9}).pk == draft.pk
    assert _refused(lambda: _write(approver)) == [("P-RULE-2", "rule_has_a_draft")]


def test_the_writer_does_not_publish_and_alone_nobody_simulates(writer: User) -> None:
    draft = _write(writer)
    assert _refused(lambda: _simulate(draft, writer)) == [("P-RULE-3", "rule_needs_second_person")]
    _simulate(draft, make_member("mar_approver"))
    assert _refused(lambda: _publish(draft, writer)) == [("P-RULE-3", "rule_needs_second_person")]


def test_what_nobody_simulated_lately_is_not_published(writer: User, approver: User) -> None:
    draft = _write(writer, valid_from=AT + timedelta(days=60))
    assert _refused(lambda: _publish(draft, approver)) == [("P-RULE-5", "rule_not_simulated")]
    _simulate(draft, writer)
    late = AT + timedelta(days=7)
    assert _refused(lambda: _publish(draft, approver, at=late + MINUTE)) == [
        ("P-RULE-5", "rule_not_simulated")
    ]
    _write(writer, at=AT + MINUTE, valid_from=AT + timedelta(days=60), parameters={"most": 4})
    assert _refused(lambda: _publish(draft, approver, at=late)) == [("P-RULE-5", "rule_not_simulated")]
    _simulate(draft, writer, at=late)
    assert _publish(draft, approver, at=late).state == "announced"


def test_what_was_simulated_beside_other_rules_is_simulated_again(writer: User, approver: User) -> None:
    draft, later = _write(writer), BEGINS + MINUTE
    other = {"parameters": {"hours": 24}, "sentences": RULES["order.reservation"].sentences}
    for begins, is_refused in ((BEGINS, True), (later, False)):
        beside = _write(writer, code="order.reservation", valid_from=begins, **other)
        _simulate(draft, writer)
        _simulate(beside, writer)
        _publish(beside, approver)
        if is_refused:
            assert _refused(lambda: _publish(draft, approver)) == [("P-RULE-5", "rule_not_simulated")]
            with mar_scope():
                withdraw_rule(beside.pk, by=actor_for(approver), at=AT)
    # What begins after its day changes nothing of what was foretold for it.
    assert _publish(draft, approver).state == "announced"


def test_a_draft_that_lay_too_long_is_neither_simulated_nor_published(writer: User, approver: User) -> None:
    draft = _write(writer)
    _simulate(draft, writer)
    assert _refused(lambda: _publish(draft, approver, at=AT + timedelta(days=6, minutes=1))) == [
        ("P-RULE-4", "rule_without_notice")
    ]
    assert _refused(lambda: _simulate(draft, writer, at=BEGINS)) == [("P-RULE-4", "rule_begins_too_early")]


def test_a_published_version_takes_no_step_of_a_draft(writer: User, approver: User) -> None:
    version = set_rule(CODE, at=BEGINS, most=9)
    for step in (publish_rule, discard_rule, simulate):
        assert _refused(lambda step=step: step(version.pk, by=actor_for(approver), at=AT)) == [
            ("P-RULE-2", "rule_not_a_draft")
        ]
    assert _refused(lambda: _write(writer, valid_from=BEGINS)) == [("P-RULE-4", "rule_begins_too_early")]


def test_an_announced_version_is_taken_back_until_it_begins(writer: User, approver: User) -> None:
    make_partner()
    draft = _write(writer)
    _simulate(draft, writer)
    version = _publish(draft, approver)
    assert _refused(lambda: withdraw_rule(version.pk, by=actor_for(approver), at=BEGINS)) == [
        ("P-RULE-6", "rule_has_begun")
    ]
    with mar_scope():
        withdraw_rule(version.pk, by=actor_for(approver), at=BEGINS - MINUTE)
        assert rules_at(BEGINS).version(CODE) == "1"
        assert OutboxItem.objects.filter(task="licensing.send_rule_notice").count() == 2
    assert _write(writer).number == 3


def test_a_discarded_draft_keeps_its_number(writer: User) -> None:
    draft = _write(writer)
    with mar_scope():
        discard_rule(draft.pk, by=actor_for(writer), at=AT)
    assert (draft.number, _write(writer).number) == (2, 3)


def test_a_person_reads_what_his_house_was_told_and_once(writer: User, approver: User) -> None:
    partner = make_partner()
    reader = make_member("tpr_buyer", partner=partner)
    draft = _write(writer)
    _simulate(draft, writer)
    version = _publish(draft, approver)
    stranger = make_partner()
    with partner_scope(partner.pk):
        for _time in range(2):
            read_rule(version.pk, partner_id=partner.pk, by=actor_for(reader, partner=partner), at=AT)
        assert RuleReading.objects.count() == 1
    with partner_scope(stranger.pk), pytest.raises(NotFound):
        read_rule(version.pk, partner_id=stranger.pk, by=actor_for(reader, partner=stranger), at=AT)
