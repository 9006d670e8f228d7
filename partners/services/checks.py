"""Have an applicant checked: ask each source, keep what it says, ask again what did not answer.

No network inside a transaction: ``run_check`` reads in one short scope, asks outside every one, and stores
the answer in another. A check decides nothing and holds nothing up.
"""

import hashlib
import json
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from core import audit
from core.actor import Actor
from core.errors import DomainError, NotFound, refuse
from core.queue import enqueue
from core.tenancy import mar_scope
from partners import locks
from partners.checks.base import ApplicantFacts, CheckAnswer, CheckProvider, ProviderUnavailable
from partners.checks.registry import provider_of, providers
from partners.models import Application, ApplicationSection, CheckResult
from partners.models.application import ApplicationState
from partners.rules.check_retries import next_try_at
from partners.rules.company_identity import address_norm, company_norm, iban_norm, phone_norm, vat_root
from partners.rules.owner_names import owner_names
from partners.selectors.checks import check_by_id, checks_of, waiting_check

RUN_CHECK = "partners.run_check"
MAX_RAW_CHARACTERS = 20_000
SUMMARY_LENGTH = 300
_PORTAL = Actor.system("automatic checks")
# Cases that somebody still decides; a new sanctions list is compared with these.
UNDECIDED = (
    ApplicationState.SUBMITTED,
    ApplicationState.IN_REVIEW,
    ApplicationState.INFO_REQUESTED,
    ApplicationState.RECOMMENDED,
    ApplicationState.APPEALED,
)


class CheckStillRunning(DomainError):
    """The same check waits for its answer already."""


@transaction.atomic
def request_checks(application_id: UUID, *, at: datetime) -> list[CheckResult]:
    """Ask every source about an application; return the checks that were begun.

    Inside the MAR's scope. A source that was asked about the same facts, or is being asked, is left alone,
    so asking twice changes nothing.

    :raises NotFound: when there is no such application.
    """
    application = _locked(application_id)
    facts = _facts_of(application)
    _write_identity(application, facts)
    begun = []
    for provider in providers():
        newest = checks_of(application_id, provider.kind).first()
        if newest is None or (not newest.is_waiting and newest.facts_hash != _hash(facts)):
            begun.append(_begin(application, provider, facts, at=at))
    return begun


@transaction.atomic
def repeat_check(check_id: UUID, *, application_id: UUID, by: Actor, at: datetime) -> CheckResult:
    """Ask the source of a check once more; the earlier answer stays as it is.

    :raises NotFound: when the application has no such check.
    :raises CheckStillRunning: when this kind of check waits for an answer and was asked just now.
    """
    application = _locked(application_id)
    before = check_by_id(check_id, application_id=application_id)
    if before is None:
        raise NotFound(_("There is no such check."))
    waiting = waiting_check(application_id, before.kind)
    if waiting is not None and waiting.outcome == CheckResult.Outcome.PENDING:
        raise CheckStillRunning(_still_running(waiting))
    if waiting is not None:
        # The person asks now; the portal need not ask later.
        waiting.next_try_at = None
        waiting.save(update_fields=["next_try_at"])
    facts = _facts_of(application)
    _write_identity(application, facts)
    check = _begin(application, provider_of(before.kind), facts, at=at)
    _audit("partners.check.repeated", check, by=by, at=at)
    return check


def run_check(check_id: UUID, *, at: datetime, provider: CheckProvider | None = None) -> CheckResult | None:
    """Ask one source and store its answer; None when the answer is there already.

    ``provider`` is asked instead of the one the settings name: the demo plays a source that is away.
    Opens its own scopes and is called outside every transaction. Two that run at once ask twice and
    store once.
    """
    asked = _asked(check_id)
    if asked is None:
        return None
    kind, attempts, facts = asked
    provider = provider or provider_of(kind)
    try:
        answer = provider.run(facts)
    except ProviderUnavailable as away:
        return _store_absence(check_id, away, provider=provider, attempts=attempts, at=at)
    return _store_answer(check_id, answer, provider=provider, attempts=attempts, at=at)


@transaction.atomic
def recheck_sanctions(*, at: datetime) -> int:
    """Compare every case that is still undecided with the lists in force; return how many were begun.

    Inside the MAR's scope; called when another list comes into force.
    """
    kind = CheckResult.Kind.SANCTIONS.value
    begun = 0
    rows = Application.objects.filter(state__in=UNDECIDED).order_by("pk")
    for application_id in list(rows.values_list("pk", flat=True)):
        application = _locked(application_id)
        if waiting_check(application_id, kind) is None:
            _begin(application, provider_of(kind), _facts_of(application), at=at)
            begun += 1
    return begun


def _asked(check_id: UUID) -> tuple[str, int, ApplicantFacts] | None:
    with mar_scope():
        check = CheckResult.objects.select_related("application").filter(pk=check_id).first()
        if check is None or not check.is_waiting:
            return None
        return check.kind, check.attempts, _facts_of(check.application)


def _store_answer(
    check_id: UUID, answer: CheckAnswer, *, provider: CheckProvider, attempts: int, at: datetime
) -> CheckResult | None:
    with mar_scope():
        check = _waiting(check_id, attempts)
        if check is None:
            return None
        check.outcome, check.next_try_at = answer.outcome, None
        _fill(check, answer.summary, answer.facts, answer.raw, provider=provider, at=at)
        _audit("partners.check.answered", check, by=_PORTAL, at=at)
        return check


def _store_absence(
    check_id: UUID, away: ProviderUnavailable, *, provider: CheckProvider, attempts: int, at: datetime
) -> CheckResult | None:
    with mar_scope():
        check = _waiting(check_id, attempts)
        if check is None:
            return None
        check.outcome = CheckResult.Outcome.UNAVAILABLE
        check.next_try_at = next_try_at(
            attempts=attempts + 1, requested_at=check.requested_at, at=at, retry_after=away.retry_after
        )
        if check.next_try_at is None:
            text = _("The source did not answer for five days (%(reason)s). Ask again, or look yourself.")
        else:
            text = _("The source did not answer (%(reason)s). The portal asks again by itself.")
        facts = {"reason": away.reason}
        _fill(check, text % {"reason": away.reason}, facts, away.raw, provider=provider, at=at)
        if check.next_try_at is not None:
            enqueue(RUN_CHECK, at=at, due_at=check.next_try_at, check_id=check.pk)
        _audit("partners.check.unavailable", check, by=_PORTAL, at=at)
        return check


def _waiting(check_id: UUID, attempts: int) -> CheckResult | None:
    """Return the locked check, None when somebody else has stored an answer since we asked."""
    check = locks.lock_check(check_id)
    return check if check is not None and check.is_waiting and check.attempts == attempts else None


def _fill(
    check: CheckResult,
    summary: str,
    facts: dict[str, Any],
    raw: str,
    *,
    provider: CheckProvider,
    at: datetime,
) -> None:
    check.summary = summary[:SUMMARY_LENGTH]
    check.facts = facts
    check.raw_answer = raw.replace("\0", "")[:MAX_RAW_CHARACTERS]
    check.provider = provider.name
    check.attempts += 1
    check.answered_at = at
    check.save()


def _begin(
    application: Application, provider: CheckProvider, facts: ApplicantFacts, *, at: datetime
) -> CheckResult:
    check = CheckResult.objects.create(
        application=application,
        kind=provider.kind,
        provider=provider.name,
        outcome=CheckResult.Outcome.PENDING,
        requested_at=at,
        facts_hash=_hash(facts),
    )
    enqueue(RUN_CHECK, at=at, check_id=check.pk)
    return check


def _locked(application_id: UUID) -> Application:
    application = locks.lock_application(application_id)
    if application is None:
        raise NotFound(_("There is no such application."))
    return application


def _facts_of(application: Application) -> ApplicantFacts:
    page = ApplicationSection.objects.filter(application=application, name="owners").first()
    return ApplicantFacts(
        application_id=application.pk,
        company=application.company,
        trade_name=application.trade_name,
        country=application.country,
        vat_id=application.vat_id,
        register_number=application.register_number,
        contact_email=application.contact_email,
        phone=application.phone,
        iban=application.iban,
        street=application.street,
        postcode=application.postcode,
        city=application.city,
        website=application.website,
        owners=owner_names(page.answers) if page and isinstance(page.answers, dict) else (),
    )


def _hash(facts: ApplicantFacts) -> str:
    plain = json.dumps(asdict(facts), sort_keys=True, default=str)
    return hashlib.sha256(plain.encode()).hexdigest()


def _write_identity(application: Application, facts: ApplicantFacts) -> None:
    """Store what the duplicate check of other applications will look for."""
    Application.objects.filter(pk=application.pk).update(
        company_norm=company_norm(facts.company),
        vat_root=vat_root(facts.vat_id, country=facts.country),
        address_norm=address_norm(facts.street, facts.postcode, country=facts.country),
        iban_norm=iban_norm(facts.iban),
        phone_norm=phone_norm(facts.phone),
    )


def _still_running(waiting: CheckResult) -> Any:
    return refuse(
        "check_still_running",
        _("This check waits for its answer already."),
        rule="P-CHK-2",
        facts={_("Check"): waiting.get_kind_display(), _("Asked"): waiting.requested_at},
        next_step=_("Wait a moment and load the page again."),
    )


def _audit(action: str, check: CheckResult, *, by: Actor, at: datetime) -> None:
    audit.record(
        action,
        by=by,
        at=at,
        object_type="check",
        object_id=check.pk,
        facts={
            "application": str(check.application_id),
            "kind": check.kind,
            "outcome": check.outcome,
            "attempts": check.attempts,
        },
    )
