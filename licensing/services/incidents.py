"""Report keys as lost, stolen or disputed: they freeze at once, and compliance gets a case to close."""

import secrets
from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from core import audit
from core.actor import Actor
from core.errors import DomainError, Invalid, NotFound, Refusal, refuse
from core.queue import enqueue
from licensing.locks import lock_incident
from licensing.models import Incident, IncidentKey, ProductKey
from licensing.rules.key_states import Hold, KeyState
from licensing.rules.key_syntax import mask_keys
from licensing.services.custody import Step, change_hold
from licensing.services.holds import lift_hold, put_on_hold
from partners.selectors.mar import mar_zone

MICROSOFT = Actor.system("Microsoft's answers")
SETTLE_WITHIN = timedelta(days=14)
MAX_KEYS = 500
SYMBOLS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
HOLD_OF = {
    Incident.Kind.LOST.value: Hold.LOST_OR_STOLEN,
    Incident.Kind.STOLEN.value: Hold.LOST_OR_STOLEN,
    Incident.Kind.DISPUTE.value: Hold.DISPUTED,
}
# A partner reports what he holds; the MAR also what lies in its stock. What is back at Microsoft is nobody's.
PAST_REPORTING = (KeyState.REPORTED_RETURN.value, KeyState.RETURNED.value, KeyState.UNDONE.value)


class IncidentRefused(DomainError):
    """The incident cannot be reported or closed like this."""


class IncidentInvalid(Invalid):
    """The facts are missing."""


@transaction.atomic
def report_incident(
    product_key_ids: Sequence[str],
    *,
    partner_id: UUID | None,
    kind: str,
    facts: str,
    due_on: date,
    by: Actor,
    at: datetime,
    police_reference: str = "",
) -> Incident:
    """Freeze the keys, or none, and open the case. ``due_on`` is the day compliance wants it settled by.

    With ``partner_id`` only his own keys are found. The same report again is refused, for the keys are
    held by then.

    :raises NotFound: when any of the keys is not there for the reporter.
    :raises IncidentInvalid: without facts, for no key or too many.
    :raises KeyCannotMove: when any of the keys is held already.
    """
    wanted = sorted(set(product_key_ids))
    if len(facts.strip()) < 10 or not 1 <= len(wanted) <= MAX_KEYS:
        raise IncidentInvalid(_incomplete(len(wanted)))
    keys = ProductKey.objects.filter(product_key_id__in=wanted).exclude(state__in=PAST_REPORTING)
    if partner_id is not None:
        keys = keys.filter(partner_id=partner_id)
    found = list(keys.order_by("id").only("id", "partner_id"))
    if len(found) != len(wanted):
        raise NotFound(_("Not all of these keys are yours to report."))
    owners = {key.partner_id for key in found}
    if len(owners) != 1:
        raise IncidentRefused(_one_holder())
    incident = _open_case(
        found, owners.pop(), kind=kind, facts=mask_keys(facts.strip())[:2000],
        police_reference=mask_keys(police_reference.strip())[:60], due_on=due_on, by=by, at=at,
    )  # fmt: skip
    put_on_hold(
        [key.pk for key in found],
        hold=HOLD_OF[kind],
        reason=incident.facts,
        by=by,
        at=at,
        object_id=incident.pk,
    )
    return incident


def freeze_by_microsoft(key_ids: Sequence[int], *, code: str, at: datetime) -> None:
    """Freeze keys that Microsoft knows as lost or stolen, and open one case for each holder.

    Runs in the caller's transaction, in the MAR's scope; the caller holds the keys. One that is frozen as lost
    already has its case. A disputed one is lost from now on: its dispute then frees nothing.
    """
    found = ProductKey.objects.filter(pk__in=key_ids, hold__in=[Hold.NONE, Hold.DISPUTED])
    of_holder: dict[UUID | None, list[ProductKey]] = defaultdict(list)
    for key in found.only("id", "partner_id", "hold").order_by("id"):
        of_holder[key.partner_id].append(key)
    for partner_id, keys in of_holder.items():
        incident = _open_case(
            keys, partner_id, kind=Incident.Kind.LOST, by=MICROSOFT, at=at,
            facts=_("Microsoft answered a report with %(code)s: known as lost or stolen.") % {"code": code},
            due_on=(at + SETTLE_WITHIN).astimezone(mar_zone()).date(),
        )  # fmt: skip
        step = Step(f"hold.{Hold.LOST_OR_STOLEN}", incident.pk, MICROSOFT, at)
        for before in (Hold.NONE, Hold.DISPUTED):
            ids = [key.pk for key in keys if key.hold == before]
            if ids:
                change_hold(ids, before=before, after=Hold.LOST_OR_STOLEN, step=step)


def _open_case(
    keys: Sequence[ProductKey],
    partner_id: UUID | None,
    *,
    kind: str,
    facts: str,
    due_on: date,
    by: Actor,
    at: datetime,
    police_reference: str = "",
) -> Incident:
    """Write the case with its keys, and have it told; its keys are frozen by the caller."""
    incident = Incident.objects.create(
        reference="IN-" + "".join(secrets.choice(SYMBOLS) for _n in range(6)),
        partner_id=partner_id,
        kind=kind,
        facts=facts,
        police_reference=police_reference,
        due_on=due_on,
        reported_by=by.label[:200],
        reported_at=at,
    )
    IncidentKey.objects.bulk_create(
        IncidentKey(incident=incident, key=key, partner_id=key.partner_id) for key in keys
    )
    _audit("reported", incident, by, at, keys=len(keys), kind=kind)
    enqueue("licensing.tell_incident", at=at, incident_id=incident.pk)
    return incident


@transaction.atomic
def note_measures(incident_id: UUID, *, measures: str, due_on: date, by: Actor, at: datetime) -> Incident:
    """Write down what is done about an open incident, and until when.

    :raises NotFound: for an unknown one.
    :raises IncidentRefused: for one that is closed.
    """
    incident = _open_incident(incident_id)
    incident.measures, incident.due_on = mask_keys(measures.strip())[:2000], due_on
    incident.save(update_fields=["measures", "due_on"])
    _audit("measures_noted", incident, by, at, due=due_on.isoformat())
    return incident


@transaction.atomic
def close_incident(
    incident_id: UUID, *, outcome: str, measures: str, note: str, by: Actor, at: datetime
) -> Incident:
    """End an incident in the MAR's scope: found or settled takes the hold off, gone leaves it for good.

    A key that was decrypted and lies in stock does not become free: it falls into quarantine.

    :raises IncidentRefused: for a closed one, for whoever reported it, or without measures.
    """
    incident = _open_incident(incident_id)
    if incident.reported_by == by.label:
        raise IncidentRefused(_second_person())
    if outcome not in (Incident.State.FOUND, Incident.State.SETTLED, Incident.State.GONE):
        raise IncidentRefused(_not_open(incident))
    if not measures.strip() or not note.strip():
        raise IncidentInvalid(_unexplained())
    incident.state = outcome
    incident.measures, incident.closing_note = mask_keys(measures)[:2000], mask_keys(note)[:1000]
    incident.closed_by, incident.closed_at = by.label[:200], at
    incident.save(update_fields=["state", "measures", "closing_note", "closed_by", "closed_at"])
    if outcome != Incident.State.GONE:
        hold = HOLD_OF.get(incident.kind, Hold.LOST_OR_STOLEN)
        held = list(
            ProductKey.objects.filter(incidents__incident=incident, hold=hold).values_list("pk", flat=True)
        )
        if held:
            lift_hold(
                held,
                hold=hold,
                reason=note,
                asked_by=incident.reported_by,
                by=by,
                at=at,
                object_id=incident.pk,
            )
    _audit("closed", incident, by, at, outcome=outcome)
    enqueue("licensing.tell_incident", at=at, incident_id=incident.pk)
    return incident


def _open_incident(incident_id: UUID) -> Incident:
    incident = lock_incident(incident_id)
    if incident is None:
        raise NotFound(_("There is no such incident."))
    if incident.state != Incident.State.OPEN:
        raise IncidentRefused(_not_open(incident))
    return incident


def _audit(act: str, incident: Incident, by: Actor, at: datetime, **facts: object) -> None:
    audit.record(
        f"licensing.incident.{act}",
        by=by,
        at=at,
        object_type="incident",
        object_id=incident.pk,
        partner_id=incident.partner_id,
        facts={"reference": incident.reference, **facts},
    )


def _incomplete(keys: int) -> Refusal:
    return refuse(
        "incident_incomplete",
        _("Say what happened, and to which keys."),
        rule="INC-1",
        facts={_("Keys"): keys, _("Keys at most"): MAX_KEYS},
        next_step=_("Write when and where the keys were last seen, in ten characters or more."),
        lifted_by=_("You"),
    )


def _one_holder() -> Refusal:
    return refuse(
        "incident_one_holder",
        _("An incident is about the keys of one holder."),
        rule="INC-2",
        next_step=_("Report the keys of each holder apart."),
        lifted_by=_("You"),
    )


def _second_person() -> Refusal:
    return refuse(
        "incident_second_person",
        _("Whoever reported an incident does not close it."),
        rule="INC-3",
        next_step=_("Ask a colleague of compliance to close it."),
        lifted_by=_("Another compliance officer"),
    )


def _not_open(incident: Incident) -> Refusal:
    return refuse(
        "incident_closed",
        _("This incident is closed, and stays as it is."),
        rule="INC-4",
        facts={_("Incident"): incident.reference, _("State"): incident.get_state_display()},
        next_step=_("Report a new incident if something new has happened."),
        lifted_by=_("Nobody"),
    )


def _unexplained() -> Refusal:
    return refuse(
        "incident_unexplained",
        _("An incident is closed with its measures and a note."),
        rule="INC-5",
        next_step=_("Write what was done, and why it may be closed."),
        lifted_by=_("You"),
    )
