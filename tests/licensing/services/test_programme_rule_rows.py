"""The dated rows of the programme's rules: what the database refuses, and what is in force at which minute."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.tenancy import mar_scope, partner_scope
from licensing.models import RuleVersion
from licensing.rules.programme_rules import BEGIN, RULES, published_rules
from licensing.selectors.programme_rules import in_force, rules_at
from tests.factories import AT, make_partner, make_user
from tests.factories.rules import make_draft_rule, set_rule

pytestmark = pytest.mark.django_db
CODE = "device.second_key"
MINUTE = timedelta(minutes=1)


def test_every_rule_is_in_force_from_the_beginning_with_the_published_numbers() -> None:
    with mar_scope():
        assert rules_at(BEGIN) == published_rules()
        assert [one.code for one in in_force(AT)] == sorted(RULES)
        assert rules_at(BEGIN - MINUTE).rules == {}


def test_a_version_is_in_force_from_its_minute_and_the_one_before_until_then() -> None:
    set_rule(CODE, at=AT, days=30)
    with mar_scope():
        before, after = rules_at(AT - timedelta(microseconds=1)), rules_at(AT)
    assert (before.number(CODE, "days"), before.version(CODE)) == (90, "1")
    assert (after.number(CODE, "days"), after.version(CODE)) == (30, "2")


@pytest.mark.parametrize("name", ["days", "nothing"])
def test_the_functions_of_the_database_say_the_same(name: str) -> None:
    set_rule(CODE, at=AT, days=30)
    wanted = {"days": (90, 30)}.get(name, (None, None))
    with mar_scope(), connection.cursor() as cursor:
        for at, number, value in ((AT - MINUTE, 1, wanted[0]), (AT, 2, wanted[1])):
            cursor.execute(
                "SELECT licensing_rule(%s, %s, %s)::int, licensing_rule_version(%s, %s)",
                [CODE, name, at, CODE, at],
            )
            assert cursor.fetchone() == (value, number)


def test_a_partner_reads_what_was_published_and_no_draft() -> None:
    partner = make_partner()
    make_draft_rule(CODE, days=10)
    with partner_scope(partner.pk):
        assert rules_at(AT).version(CODE) == "1"
        assert RuleVersion.objects.filter(code=CODE).count() == 1
    with mar_scope():
        assert RuleVersion.objects.filter(code=CODE).count() == 2


def _at_once(change: Any) -> None:
    change()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def _refused(match: str, change: Any) -> None:
    before = list(RuleVersion.objects.order_by("pk").values())
    with pytest.raises(DatabaseError, match=match), transaction.atomic():
        _at_once(change)
    assert list(RuleVersion.objects.order_by("pk").values()) == before


@pytest.mark.parametrize(
    "column", ["parameters", "sentences", "valid_from", "announced_at", "source", "reason", "notice_waiver"]
)
def test_a_published_version_never_changes(column: str) -> None:
    version = set_rule(CODE, days=30)
    value = {"parameters": {}, "sentences": {}, "valid_from": AT, "announced_at": AT}.get(column, "other")
    with mar_scope():
        rows = RuleVersion.objects.filter(pk=version.pk)
        _refused("never changes", lambda: rows.update(**{column: value}))


def test_a_published_version_does_not_become_a_draft_again() -> None:
    version = set_rule(CODE, days=30)
    rows = RuleVersion.objects.filter(pk=version.pk)
    with mar_scope():
        _refused("never changes", lambda: rows.update(state="draft", announced_at=None, published_by=None))


def test_no_gap_and_no_overlap_even_by_raw_updates() -> None:
    version = set_rule(CODE, days=30)
    with mar_scope():
        first = RuleVersion.objects.filter(code=CODE, number=1)
        _refused("rule_never_twice|gap or overlap", lambda: first.update(valid_before=None))
        _refused("gap or overlap", lambda: first.update(valid_before=version.valid_from - MINUTE))
        _refused(
            "rule_never_twice|gap or overlap", lambda: first.update(valid_before=version.valid_from + MINUTE)
        )
        last = RuleVersion.objects.filter(pk=version.pk)
        _refused("gap or overlap", lambda: last.update(valid_before=AT + MINUTE))


def test_publisher_and_writer_are_two_people() -> None:
    draft = make_draft_rule(CODE, at=AT)
    with mar_scope():
        rows = RuleVersion.objects.filter(pk=draft.pk)
        _refused(
            "rule_by_two_people",
            lambda: rows.update(state="announced", published_by_id=draft.written_by_id, announced_at=AT),
        )
        _refused("rule_has_a_publisher", lambda: rows.update(state="announced"))
        _refused("keeps its rule", lambda: rows.update(written_by=make_user()))


def test_a_version_is_announced_before_it_begins_and_withdrawn_only_until_then() -> None:
    draft, other = make_draft_rule(CODE, at=AT), make_user()
    announced = set_rule("order.size", at=AT, most=10)
    with mar_scope():
        rows = RuleVersion.objects.filter(pk=draft.pk)
        _refused(
            "rule_not_backwards",
            lambda: rows.update(state="announced", published_by=other, announced_at=AT + MINUTE),
        )
        rows = RuleVersion.objects.filter(pk=announced.pk)
        _refused(
            "rule_withdrawn_in_time",
            lambda: rows.update(state="withdrawn", withdrawn_by=other, withdrawn_at=AT),
        )
        _refused("rule_withdrawn_by_someone", lambda: rows.update(state="withdrawn"))


def test_what_is_published_is_what_was_written() -> None:
    draft = make_draft_rule(CODE, at=AT)
    with mar_scope():
        rows = RuleVersion.objects.filter(pk=draft.pk)
        _refused(
            "what was written",
            lambda: rows.update(
                state="announced", published_by=make_user(), announced_at=AT, parameters={"days": 1}
            ),
        )


def test_a_version_begins_as_a_draft_at_a_whole_minute_and_is_not_deleted() -> None:
    draft = make_draft_rule(CODE, at=AT)
    row = {"code": "order.size", "number": 2, "parameters": {}, "sentences": {}, "written_by": make_user(),
           "written_at": AT, "published_by": make_user(), "announced_at": AT}  # fmt: skip
    with mar_scope():
        _refused(
            "begins as a draft", lambda: RuleVersion.objects.create(**row, state="announced", valid_from=AT)
        )
        rows = RuleVersion.objects.filter(pk=draft.pk)
        _refused("whole minute", lambda: rows.update(valid_from=AT + timedelta(seconds=1)))
        _refused("rule_one_draft", lambda: make_draft_rule(CODE))
        _refused("rule_ends_later", lambda: rows.update(valid_before=AT))
        _refused("permission denied", rows.delete)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(minutes=st.lists(st.integers(0, 2_000), min_size=1, max_size=6, unique=True))
def test_whatever_is_published_each_instant_has_one_version(minutes: list[int]) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    with transaction.atomic():
        for place, minute in enumerate(sorted(minutes)):
            set_rule(CODE, at=start + minute * MINUTE, days=place + 1)
        with mar_scope():
            seen = [rules_at(start + (minute * 60 + off) * timedelta(seconds=1)).number(CODE, "days")
                    for minute in sorted(minutes) for off in (-1, 0)]  # fmt: skip
        places = range(len(minutes))
        expected = [days for place in places for days in (place if place else 90, place + 1)]
        transaction.set_rollback(True)
    assert seen == expected
