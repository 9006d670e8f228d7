"""Programme rules for tests: the next version of a rule, published by two people."""

from datetime import datetime, timedelta
from typing import Any

from core.tenancy import mar_scope
from licensing.models import RuleState, RuleVersion
from licensing.rules.programme_rules import RULES
from tests.factories import AT, make_user

LONG_AGO = AT - timedelta(days=200)


def set_rule(code: str, *, at: datetime = LONG_AGO, **numbers: Any) -> RuleVersion:
    """Return a published version of a rule with these numbers, in force from an instant on."""
    with mar_scope():
        last = RuleVersion.objects.filter(code=code, state=RuleState.ANNOUNCED).latest("valid_from")
        draft = make_draft_rule(code, at=at, **numbers)
        draft.state, draft.published_by, draft.announced_at = RuleState.ANNOUNCED, make_user(), at
        draft.save()
        last.valid_before = at
        last.save()
    return draft


def make_draft_rule(code: str, *, at: datetime = LONG_AGO, **numbers: Any) -> RuleVersion:
    """Return a draft with these numbers that would begin at an instant."""
    with mar_scope():
        last = RuleVersion.objects.filter(code=code).latest("number")
        return RuleVersion.objects.create(
            code=code,
            number=last.number + 1,
            parameters={**last.parameters, **numbers},
            sentences=RULES[code].sentences,
            state=RuleState.DRAFT,
            valid_from=at,
            written_by=make_user(),
            written_at=at,
        )
