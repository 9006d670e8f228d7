"""The command that says beforehand what a draft would change."""

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from core.tenancy import mar_scope
from licensing.models import RuleSimulation
from tests.factories import make_mar, make_partner, make_user
from tests.factories.rules import make_draft_rule, set_rule

pytestmark = pytest.mark.django_db


def _said(*arguments: str) -> list[str]:
    out = StringIO()
    call_command("simulate_rules", *arguments, stdout=out)
    return out.getvalue().splitlines()


def test_it_lists_the_drafts_and_names_what_one_would_change() -> None:
    make_mar()
    make_user()
    assert _said() == ["No draft waits."]
    partner = make_partner()
    begins = (timezone.now() + timedelta(days=20)).replace(second=0, microsecond=0)
    draft = make_draft_rule("reveal.person", at=begins, per_hour=3)
    assert _said() == [f"{draft.pk}: reveal.person 2 from {begins:%Y-%m-%d %H:%M} UTC"]
    for arguments in ((f"--version={draft.pk}",), ("--rule=reveal.person", "--version=2")):
        said = _said(*arguments)
        assert said[1] == "1 looked at, 1 partners and 0 orders change"
        assert said[2] == f"  {partner.code} {partner.name}: reveal.limit 30 / h -> 3 / h"
    with mar_scope():
        assert said[-1] == f"result {RuleSimulation.objects.first().result_sha256}"


@pytest.mark.parametrize("number", ["0", ""])
def test_it_refuses_what_is_no_draft(number: str) -> None:
    version: Any = number or set_rule("order.size", most=9).pk
    with pytest.raises(CommandError):
        _said(f"--version={version}")
