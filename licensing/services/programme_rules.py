"""Write, publish, withdraw and read versions of the programme's rules."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from core import audit
from core.actor import Actor
from core.errors import DomainError, NotFound
from core.queue import enqueue
from licensing.locks import lock_rule
from licensing.models.programme_rule import RuleState, RuleVersion
from licensing.models.rule_simulation import RuleNotice, RuleReading, RuleSimulation
from licensing.rules.key_syntax import mask_keys
from licensing.rules.programme_rules import RULES, faults_of
from licensing.rules.rule_publishing import (
    draft_of_another,
    fault_refusals,
    not_a_draft,
    notice_refusal,
    other_rules_moved,
    second_person,
    simulation_refusal,
    too_late_to_withdraw,
)
from licensing.selectors.programme_rules import rules_at
from partners.models import Partner
from partners.models.partner import PartnerState

# A sentence is needed in these; the others are read in English until somebody writes them.
NEEDED_LANGUAGES = ("en", "de")
SHOWN_CHANGES = 20


class RuleRefused(DomainError):
    """The version cannot stand as it was written, or not take this step."""


@dataclass(frozen=True, slots=True)
class WrittenRule:
    """A version as it is written; ``sentences`` by language, with places for the numbers."""

    code: str
    parameters: Mapping[str, Any]
    sentences: Mapping[str, str]
    valid_from: datetime
    reason: str = ""
    source: str = ""
    notice_waiver: str = ""


@transaction.atomic
def write_rule(written: WrittenRule, *, by: Actor, at: datetime) -> RuleVersion:
    """Write the draft of a rule's next version, or write one's own draft anew. It changes nothing yet.

    :raises RuleRefused: for numbers out of bounds, words that are missing, a beginning without notice, or while
        a colleague's draft waits.
    """
    if written.code not in RULES or by.user_id is None:
        raise NotFound(_("There is no such rule."))
    faults = faults_of(written.code, written.parameters, written.sentences, languages=NEEDED_LANGUAGES)
    if faults:
        raise RuleRefused(*fault_refusals(faults))
    versions = lock_rule(written.code)
    valid_from = written.valid_from.replace(second=0, microsecond=0)
    last_from = max(one.valid_from for one in versions if one.state == RuleState.ANNOUNCED)
    too_soon = notice_refusal(
        valid_from, rules=rules_at(at), waiver=written.notice_waiver, last_from=last_from, at=at
    )
    if too_soon:
        raise RuleRefused(too_soon)
    draft = next((one for one in versions if one.state == RuleState.DRAFT), None)
    if draft is not None and draft.written_by_id != by.user_id:
        raise RuleRefused(draft_of_another(str(draft.written_by), draft.written_at))
    if draft is None:
        draft = RuleVersion(
            code=written.code, number=max(one.number for one in versions) + 1, state=RuleState.DRAFT,
            written_by_id=by.user_id,
        )  # fmt: skip
    draft.parameters, draft.sentences = dict(written.parameters), _known_languages(written.sentences)
    draft.valid_from, draft.written_at = valid_from, at
    draft.reason, draft.source = mask_keys(written.reason)[:600], mask_keys(written.source)[:120]
    draft.notice_waiver = mask_keys(written.notice_waiver)[:300]
    draft.save()
    _audit("licensing.rule.written", draft, by=by, at=at)
    return draft


@transaction.atomic
def publish_rule(version_id: int, *, by: Actor, at: datetime) -> RuleVersion:
    """Announce a colleague's draft: it takes effect on its minute by itself, and every partner is told.

    :raises RuleRefused: for its writer, without notice or a reason, or without a fresh simulation of it beside
        the rules that will be in force on its day.
    """
    draft = _held(version_id)
    if draft.state != RuleState.DRAFT:
        raise RuleRefused(not_a_draft(draft.get_state_display()))
    if by.user_id is None or draft.written_by_id == by.user_id:
        raise RuleRefused(second_person(str(draft.written_by), draft.written_at))
    last = RuleVersion.objects.filter(code=draft.code, state=RuleState.ANNOUNCED).latest("valid_from")
    simulation = RuleSimulation.objects.filter(version=draft, data_at__gte=draft.written_at).first()
    against = [
        *fault_refusals(faults_of(draft.code, draft.parameters, draft.sentences, languages=NEEDED_LANGUAGES)),
        notice_refusal(
            draft.valid_from, rules=rules_at(at), waiver=draft.notice_waiver, last_from=last.valid_from, at=at
        ),
        simulation_refusal(simulation.data_at if simulation else None, at=at),
    ]
    refusals = [one for one in against if one is not None]
    if refusals:
        raise RuleRefused(*refusals)
    put_in_force(draft, published_by_id=by.user_id, announced_at=at)
    if simulation is not None and simulation.rules_sha256 != rules_at(draft.valid_from).sha256:
        raise RuleRefused(other_rules_moved(simulation.data_at))
    told = _notify(draft, simulation, at)
    _audit("licensing.rule.published", draft, by=by, at=at, partners=told)
    return draft


def put_in_force(draft: RuleVersion, *, published_by_id: Any, announced_at: datetime) -> None:
    """Announce a draft and let the version before it end where it begins. The rule's versions are locked."""
    last = RuleVersion.objects.filter(code=draft.code, state=RuleState.ANNOUNCED).latest("valid_from")
    draft.state, draft.published_by_id, draft.announced_at = (
        RuleState.ANNOUNCED,
        published_by_id,
        announced_at,
    )
    draft.save(update_fields=["state", "published_by", "announced_at"])
    last.valid_before = draft.valid_from
    last.save(update_fields=["valid_before"])


@transaction.atomic
def discard_rule(version_id: int, *, by: Actor, at: datetime) -> None:
    """Put a draft away; its number is not used again.

    :raises RuleRefused: when it is out already.
    """
    draft = _held(version_id)
    if draft.state != RuleState.DRAFT:
        raise RuleRefused(not_a_draft(draft.get_state_display()))
    _withdraw(draft, by, at)
    _audit("licensing.rule.discarded", draft, by=by, at=at)


@transaction.atomic
def withdraw_rule(version_id: int, *, by: Actor, at: datetime) -> None:
    """Take an announced version back before it begins; the one before it goes on without an end.

    :raises RuleRefused: once it has begun, and when another version was announced after it.
    """
    version = _held(version_id)
    if version.state != RuleState.ANNOUNCED or version.valid_from <= at or version.valid_before is not None:
        raise RuleRefused(too_late_to_withdraw(version.valid_from))
    _withdraw(version, by, at)
    before = RuleVersion.objects.get(
        code=version.code, state=RuleState.ANNOUNCED, valid_before=version.valid_from
    )
    before.valid_before = None
    before.save(update_fields=["valid_before"])
    _tell(version, RuleNotice.objects.filter(version=version).values_list("partner_id", flat=True), at)
    _audit("licensing.rule.withdrawn", version, by=by, at=at)


@transaction.atomic
def read_rule(version_id: int, *, partner_id: Any, by: Actor, at: datetime) -> None:
    """Note that a person has read a version; reading again changes nothing.

    :raises NotFound: when it is not in his company's inbox.
    """
    is_his = RuleNotice.objects.filter(version_id=version_id, partner_id=partner_id).exists()
    if not is_his or by.user_id is None:
        raise NotFound(_("There is no such version."))
    reading = RuleReading(version_id=version_id, partner_id=partner_id, user_id=by.user_id, read_at=at)
    if not RuleReading.objects.filter(version_id=version_id, user_id=by.user_id).exists():
        RuleReading.objects.bulk_create([reading], ignore_conflicts=True)


def _held(version_id: int) -> RuleVersion:
    code = RuleVersion.objects.filter(pk=version_id).values_list("code", flat=True).first()
    if code is None:
        raise NotFound(_("There is no such version."))
    return next(one for one in lock_rule(code) if one.pk == version_id)


def _withdraw(version: RuleVersion, by: Actor, at: datetime) -> None:
    if by.user_id is None:
        raise NotFound(_("There is no such version."))
    version.state, version.withdrawn_by_id, version.withdrawn_at = RuleState.WITHDRAWN, by.user_id, at
    version.valid_before = None
    version.save(update_fields=["state", "withdrawn_by", "withdrawn_at", "valid_before"])


def _notify(version: RuleVersion, simulation: RuleSimulation | None, at: datetime) -> int:
    """Put the version into every partner's inbox with what the simulation found for him alone."""
    partners = Partner.objects.exclude(state=PartnerState.TERMINATED).values_list("pk", flat=True)
    changes: dict[str, list[dict[str, Any]]] = {}
    for change in simulation.changes if simulation else []:
        changes.setdefault(change["partner_id"], []).append(change)
    notices = [
        RuleNotice(version=version, partner_id=one, changes=changes.get(str(one), [])[:SHOWN_CHANGES])
        for one in partners
    ]
    RuleNotice.objects.bulk_create(notices, batch_size=500)
    _tell(version, partners, at)
    return len(notices)


def _tell(version: RuleVersion, partner_ids: Iterable[Any], at: datetime) -> None:
    for partner_id in partner_ids:
        enqueue("licensing.send_rule_notice", at=at, partner_id=partner_id, version_id=version.pk)


def _known_languages(sentences: Mapping[str, str]) -> dict[str, str]:
    known = dict(settings.LANGUAGES)
    return {code: text.strip()[:600] for code, text in sentences.items() if code in known and text.strip()}


def _audit(action: str, version: RuleVersion, *, by: Actor, at: datetime, **facts: object) -> None:
    audit.record(
        action,
        by=by,
        at=at,
        object_type="rule_version",
        object_id=version.pk,
        facts={"rule": str(version), "valid_from": version.valid_from.isoformat(), **facts},
    )
