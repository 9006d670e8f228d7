"""A partner's side of recipients: register an organisation, add its evidence, submit it, take it back."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils.translation import gettext as _

from core import audit
from core.actor import Actor
from core.errors import DomainError, Invalid, NotFound, Refusal, refuse
from partners import locks
from partners.models import Document, Recipient, RecipientClass, RecipientEvidence
from partners.models.recipients import RecipientState
from partners.rules import recipients as rules
from partners.rules.countries import NAMES
from partners.rules.personal_data import NUMBER, REGISTER_FORM, personal_refusals
from partners.selectors.mar import mar_zone
from partners.selectors.recipients import (
    ENDED,
    class_in_force,
    evidence_of,
    identity_of,
    open_renewal_of,
    recipients_of,
)
from partners.services.documents import remove_document, store_document
from partners.services.recipient_claims import claim_recipient, release_claim


class RecipientCannotMove(DomainError):
    """The recipient is not in a state that allows the step."""


class RecipientIncomplete(DomainError):
    """Something the class asks for is missing."""


@dataclass(frozen=True, slots=True)
class RecipientFacts:
    """What is asked about an organisation; the last three of a Technology Access Programme only."""

    class_code: str
    name: str
    register_id: str
    country: str
    town: str
    website: str
    size: str
    purpose: str = ""
    criteria: tuple[str, ...] = ()
    programme_page: str = ""
    programme_criteria: str = ""


@transaction.atomic
def register_recipient(partner_id: UUID, facts: RecipientFacts, *, by: Actor, at: datetime) -> Recipient:
    """Note an organisation as a draft of this partner. Runs in his scope.

    :raises Invalid: when a fact is wrong, or seems to be about a private person.
    """
    _require_sound(facts, at)
    recipient = Recipient(partner_id=partner_id, state=RecipientState.DRAFT, created_at=at)
    _fill(recipient, facts)
    recipient.save(force_insert=True)
    _audit("partners.recipient.registered", recipient, by=by, at=at)
    return recipient


@transaction.atomic
def change_recipient(recipient_id: UUID, facts: RecipientFacts, *, by: Actor, at: datetime) -> Recipient:
    """Change a draft, or an organisation whose evidence has expired. Runs in the partner's scope.

    Another organisation is another claim: what was protected before is let go.

    :raises RecipientCannotMove: when it is with the MAR, approved or over.
    """
    _require_sound(facts, at)
    known = Recipient.objects.filter(pk=recipient_id).values_list("country", flat=True).first()
    locks.lock_registrations(known or "")
    recipient = _locked(recipient_id)
    _require_open(recipient)
    before = identity_of(recipient)
    _fill(recipient, facts)
    if before != identity_of(recipient) and recipient.claim:
        release_claim(recipient, by=by, at=at)
    recipient.save(update_fields=_FACTS)
    _audit("partners.recipient.changed", recipient, by=by, at=at)
    return recipient


@transaction.atomic
def add_evidence(
    recipient_id: UUID,
    content: bytes,
    *,
    kind: str,
    name: str,
    title: str = "",
    expires_on: date | None = None,
    by: Actor,
    at: datetime,
) -> RecipientEvidence:
    """Add a paper about the organisation. Runs in the partner's scope.

    :raises Invalid: when its name seems to be about a private person, or the file is no paper.
    :raises RecipientCannotMove: when the recipient is with the MAR, approved or over.
    """
    recipient = _locked(recipient_id)
    _require_open(recipient)
    return hand_in_evidence(
        recipient, content, kind=kind, name=name, title=title, expires_on=expires_on, by=by, at=at
    )


def hand_in_evidence(
    recipient: Recipient,
    content: bytes,
    *,
    kind: str,
    name: str,
    title: str,
    expires_on: date | None,
    by: Actor,
    at: datetime,
) -> RecipientEvidence:
    """Store a paper about an organisation; the caller holds its row and knows that it may come in.

    :raises Invalid: when its name seems to be about a private person, or the file is no paper.
    """
    if found := personal_refusals({_("Title"): title, _("File name"): name}):
        raise Invalid(*found)
    if kind not in rules.EVIDENCE_KINDS:
        raise Invalid(_unknown(_("Evidence"), kind))
    document = store_document(
        content, name=name, kind=Document.Kind.RECIPIENT_EVIDENCE, title=title, partner_id=recipient.partner_id,
        expires_on=expires_on, by=by, at=at,
    )  # fmt: skip
    return RecipientEvidence.objects.create(
        partner_id=recipient.partner_id, recipient=recipient, document=document, kind=kind, added_at=at
    )


@transaction.atomic
def remove_evidence(evidence_id: UUID, *, by: Actor, at: datetime) -> None:
    """Take a paper back while the recipient is open. Runs in the partner's scope.

    :raises NotFound: when there is no such paper.
    :raises RecipientCannotMove: when the recipient is with the MAR, approved or over.
    """
    evidence = RecipientEvidence.objects.select_related("document").filter(pk=evidence_id).first()
    if evidence is None:
        raise NotFound(_("There is no such paper."))
    recipient = _locked(evidence.recipient_id)
    _require_open(recipient)
    evidence.removed_at = at
    evidence.save(update_fields=["removed_at"])
    remove_document(evidence.document, by=by, at=at)


@transaction.atomic
def submit_recipient(recipient_id: UUID, *, by: Actor, at: datetime) -> Recipient:
    """Hand an organisation to the MAR, and claim it. Runs in the partner's scope.

    Whoever comes second is told only that a conflict is under review (``claim``).

    :raises RecipientIncomplete: naming the evidence that is missing or has expired, or an own duplicate.
    :raises RecipientCannotMove: when it is not a draft and not expired.
    """
    known = Recipient.objects.filter(pk=recipient_id).values_list("country", flat=True).first()
    locks.lock_registrations(known or "")
    recipient = _locked(recipient_id)
    if not rules.may_move(recipient.state, RecipientState.SUBMITTED):
        raise RecipientCannotMove(_closed(recipient))
    _require_open(recipient)
    group = _class_of(recipient.class_code, at)
    until = _require_evidence(recipient, group, mar_zone(), at)
    _require_once(recipient)
    recipient.state, recipient.submitted_at, recipient.evidence_until = RecipientState.SUBMITTED, at, until
    recipient.save(update_fields=["state", "submitted_at", "evidence_until"])
    claim_recipient(recipient, by=by, at=at)
    _audit("partners.recipient.submitted", recipient, by=by, at=at)
    return recipient


@transaction.atomic
def withdraw_recipient(recipient_id: UUID, *, by: Actor, at: datetime) -> Recipient:
    """Take an organisation back; whoever waited behind it comes first. Runs in the partner's scope.

    :raises RecipientCannotMove: when it was refused or withdrawn before, or waits for a second person.
    """
    known = Recipient.objects.filter(pk=recipient_id).values_list("country", flat=True).first()
    locks.lock_registrations(known or "")
    recipient = _locked(recipient_id)
    if not rules.may_move(recipient.state, RecipientState.WITHDRAWN):
        raise RecipientCannotMove(_closed(recipient))
    recipient.state = RecipientState.WITHDRAWN
    recipient.save(update_fields=["state"])
    release_claim(recipient, by=by, at=at)
    _audit("partners.recipient.withdrawn", recipient, by=by, at=at)
    return recipient


_FACTS = (
    "class_code", "name", "name_norm", "register_id", "register_norm", "country", "town", "town_norm", "website",
    "size", "purpose", "criteria", "programme_page", "programme_criteria",
)  # fmt: skip


def _fill(recipient: Recipient, facts: RecipientFacts) -> None:
    is_tap = facts.class_code == rules.TAP
    recipient.class_code = facts.class_code
    recipient.name = " ".join(facts.name.split())
    recipient.name_norm = rules.normalise_name(facts.name)[:120]
    recipient.register_id = " ".join(facts.register_id.split())
    recipient.register_norm = rules.normalise_register(facts.register_id)[:40]
    recipient.country = facts.country
    recipient.town = " ".join(facts.town.split())
    recipient.town_norm = rules.normalise_town(facts.town)[:80]
    recipient.website, recipient.size = facts.website.strip(), facts.size
    recipient.purpose = " ".join(facts.purpose.split())
    recipient.criteria = sorted(set(facts.criteria)) if is_tap else []
    recipient.programme_page = facts.programme_page.strip() if is_tap else ""
    recipient.programme_criteria = " ".join(facts.programme_criteria.split()) if is_tap else ""


def _require_sound(facts: RecipientFacts, at: datetime) -> None:
    _class_of(facts.class_code, at)
    texts = {
        _("Organisation"): facts.name,
        _("Town"): facts.town,
        _("Web site"): facts.website,
        _("What it does"): facts.purpose,
        _("Page of the programme"): facts.programme_page,
        _("How the programme chooses"): facts.programme_criteria,
    }
    found = personal_refusals(texts) + personal_refusals({_("Register number"): facts.register_id}, NUMBER)
    wrong = [
        (_("Country"), facts.country, facts.country in NAMES),
        (_("Size"), facts.size, facts.size in Recipient.Size.values),
        (_("Organisation"), facts.name, bool(rules.normalise_name(facts.name))),
        (_("Town"), facts.town, bool(rules.normalise_town(facts.town))),
        (
            _("Register number"),
            facts.register_id,
            not facts.register_id.strip() or REGISTER_FORM.fullmatch(facts.register_id.strip()) is not None,
        ),
        (_("Criteria"), "", _are_criteria_sound(facts)),
    ]
    found += [_unknown(label, value) for label, value, is_sound in wrong if not is_sound]
    if found:
        raise Invalid(*found)


def _are_criteria_sound(facts: RecipientFacts) -> bool:
    if facts.class_code != rules.TAP:
        return True
    return bool(facts.criteria) and set(facts.criteria) <= set(rules.TAP_CRITERIA)


def _unknown(label: str, value: str) -> Refusal:
    return refuse(
        "recipient_field",
        _("“%(field)s” is missing or not one of the answers.") % {"field": label},
        rule="P-REC-6",
        facts={_("Field"): label},
        next_step=_("Choose one of the answers, or write it as on the organisation’s letterhead."),
        lifted_by=_("You"),
    )


def _class_of(code: str, at: datetime) -> RecipientClass:
    found = class_in_force(code, at)
    if found is None:
        raise Invalid(_unknown(_("Class"), code))
    return found


def _require_evidence(
    recipient: Recipient, group: RecipientClass, zone: ZoneInfo, at: datetime
) -> date | None:
    """Return the first day on which a paper ends, None when none names one.

    :raises RecipientIncomplete: when a needed paper is missing or has expired.
    """
    given = evidence_of(recipient.pk)
    ends = [each.document.expires_on for each in given if each.document.expires_on]
    fresh = [
        each.kind
        for each in given
        if not each.document.expires_on or rules.is_evidence_in_force(each.document.expires_on, at, zone)
    ]
    missing = rules.missing_evidence(group.evidence, fresh)
    if missing:
        raise RecipientIncomplete(_missing(group, missing))
    in_force = [end for end in ends if rules.is_evidence_in_force(end, at, zone)]
    return min(in_force, default=None)


def _missing(group: RecipientClass, missing: Collection[str]) -> Refusal:
    names = [str(rules.EVIDENCE_KINDS.get(kind, kind)) for kind in missing]
    is_choice = all(kind.startswith("programme_") for kind in missing)
    return refuse(
        "evidence_missing",
        _("The evidence for this class is not complete."),
        rule="P-REC-2",
        facts={
            _("Class"): group.name,
            _("One of") if is_choice else _("Missing"): "; ".join(names),
            _("In the terms"): group.terms_reference,
        },
        next_step=_("Add a paper that is valid today. For example: %(example)s") % {"example": group.example},
        lifted_by=_("You"),
    )


def _require_once(recipient: Recipient) -> None:
    """Refuse a second registration of one organisation by the same partner."""
    own = identity_of(recipient)
    others = recipients_of(recipient.partner_id).exclude(pk=recipient.pk)
    for other in others.exclude(state__in=[*ENDED, RecipientState.DRAFT]):
        if rules.likeness(own, identity_of(other)):
            raise RecipientIncomplete(
                refuse(
                    "recipient_known",
                    _("You have registered this organisation before."),
                    rule="P-REC-7",
                    facts={_("Organisation"): other.name, _("State"): other.get_state_display()},
                    next_step=_("Open the earlier registration and go on there."),
                    lifted_by=_("You"),
                    fix_path=f"/tpr/recipients/{other.pk}/",
                )
            )


def _locked(recipient_id: UUID) -> Recipient:
    recipient = locks.lock_recipient(recipient_id)
    if recipient is None:
        raise NotFound(_("There is no such recipient."))
    return recipient


def _require_open(recipient: Recipient) -> None:
    """Refuse a change while the MAR has the recipient, or looks at newer evidence about what it is now."""
    if recipient.state not in rules.PARTNER_EDITS or open_renewal_of(recipient.pk) is not None:
        raise RecipientCannotMove(_closed(recipient))


def _closed(recipient: Recipient) -> Refusal:
    return refuse(
        "recipient_closed",
        _("This recipient is not open for that now."),
        rule="P-REC-1",
        facts={_("Organisation"): recipient.name, _("State"): recipient.get_state_display()},
        next_step=_("See on its page how it stands and what comes next."),
        lifted_by=_("The MAR"),
    )


def _audit(action: str, recipient: Recipient, *, by: Actor, at: datetime) -> None:
    audit.record(
        action,
        by=by,
        at=at,
        object_type="recipient",
        object_id=recipient.pk,
        partner_id=recipient.partner_id,
        facts={"class": recipient.class_code, "country": recipient.country},
    )
