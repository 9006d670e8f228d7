"""The mails about incidents."""

from uuid import UUID

from celery import shared_task
from django.conf import settings
from django.utils.translation import gettext as _

from core.outbox import WorkTask
from licensing.models import Incident
from partners.models.membership import Role
from partners.selectors.people import addresses_of_role
from partners.services.letters import Letter
from partners.services.mails import send_letter


@shared_task(name="licensing.tell_incident", base=WorkTask)  # type: ignore[untyped-decorator]
def tell_incident(incident_id: str) -> int:
    """Tell compliance of a new incident, and the partner's owners how it stands."""
    incident = Incident.objects.select_related("partner").get(pk=UUID(incident_id))
    sent = 0
    if incident.state == Incident.State.OPEN:
        to = addresses_of_role(Role.COMPLIANCE, partner_id=None)
        sent += _send(incident, to, f"/mar/incidents/{incident.pk}/", "staff")
    if incident.partner_id is not None:
        to = addresses_of_role(Role.TPR_OWNER, partner_id=incident.partner_id)
        sent += _send(incident, to, f"/tpr/incidents/{incident.pk}/", "partner")
    return sent


def _send(incident: Incident, to: list[str], path: str, audience: str) -> int:
    facts = {"reference": incident.reference, "state": incident.get_state_display()}
    letter = Letter(
        subject=_("Incident %(reference)s: %(state)s") % facts,
        sentence=_("%(count)s keys are frozen: nobody can take, see or report them.")
        % {"count": incident.keys.count()}
        if incident.state == Incident.State.OPEN
        else _("The incident is closed. Its page says how it ended."),
        detail=_("To be settled by %(day)s.") % {"day": incident.due_on.isoformat()},
        button_label=_("Open the incident"),
        # The domain knows no addresses of the site; this one is part of the mail's wording.
        button_url=f"{settings.BASE_URL}{path}",
        reason=_("You get this mail because you answer for these keys."),
    )
    return send_letter(letter, to=to, identity=f"incident.{incident.pk}.{incident.state}.{audience}")
