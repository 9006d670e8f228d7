"""The mail that a decoy was opened, and the freeze once more, should the first have met a lock."""

from uuid import UUID

from celery import shared_task
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from core.actor import Actor, ActorKind
from core.outbox import WorkTask
from licensing.models import Incident
from licensing.services.decoy_alarm import TELL, freeze
from partners.models.membership import Role
from partners.selectors.people import addresses_of_role
from partners.services.letters import Letter
from partners.services.mails import send_letter


@shared_task(name=TELL, base=WorkTask)  # type: ignore[untyped-decorator]
def tell_decoy(incident_id: str, actor_kind: str, actor_id: str, label: str) -> int:
    """Freeze who opened a decoy, and tell compliance and every administrator."""
    incident = Incident.objects.get(pk=UUID(incident_id))
    actor = Actor(ActorKind(actor_kind), actor_id, label)
    freeze(incident, actor, at=timezone.now())
    letter = Letter(
        subject=_("ALARM: a guarded key was opened (%(reference)s)") % {"reference": incident.reference},
        sentence=_("%(who)s asked for a key in clear that no way of the portal leads to. It was refused.")
        % {"who": actor.name},
        detail=_("A person or station is frozen. After a shell nobody is: find out at once who used it."),
        button_label=_("Open the incident"),
        button_url=f"{settings.BASE_URL}/mar/incidents/{incident.pk}/",
        reason=_("You get this mail because you answer for the keys."),
    )
    to = {
        *addresses_of_role(Role.COMPLIANCE, partner_id=None),
        *addresses_of_role(Role.MAR_ADMIN, partner_id=None),
    }
    return send_letter(letter, to=sorted(to), identity=f"decoy.{incident.pk}")
