"""The mails by which compliance hears that keys are asked for too fast."""

from datetime import timedelta
from uuid import UUID

from celery import shared_task
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from core import audit
from core.actor import Actor
from core.models import AuditEvent
from core.outbox import WorkTask
from licensing.locks import serialise
from licensing.rules.alarms import VELOCITY_TASK
from partners.models import Partner
from partners.models.membership import Role
from partners.selectors.people import addresses_of_role
from partners.services.letters import Letter
from partners.services.mails import send_letter

ALARMED = "licensing.velocity.alarmed"
# A storm of refusals is one alarm an hour, not a storm of mails.
QUIET = timedelta(hours=1)


@shared_task(name=VELOCITY_TASK, base=WorkTask)  # type: ignore[untyped-decorator]
def alarm_velocity(of_partner: str, code: str, rule: str) -> int:
    """Tell compliance which partner met which limit, once an hour."""
    at, partner_id = timezone.now(), UUID(of_partner)
    serialise(f"alarm.{of_partner}")
    if AuditEvent.objects.filter(action=ALARMED, partner_id=partner_id, at__gt=at - QUIET).exists():
        return 0
    partner = Partner.objects.get(pk=partner_id)
    audit.record(
        ALARMED, by=Actor.system("velocity"), at=at, object_type="partner", object_id=partner_id,
        partner_id=partner_id, facts={"code": code, "rule": rule},
    )  # fmt: skip
    letter = Letter(
        subject=_("ALARM: %(partner)s asks for keys too fast") % {"partner": partner.name},
        sentence=_("A limit of how fast keys may leave was met (%(rule)s). The keys were refused.")
        % {"rule": rule},
        detail=_("Look at who asked. A stolen sign-in looks like this."),
        button_label=_("Open the partner"),
        button_url=f"{settings.BASE_URL}/mar/partners/{partner_id}/",
        reason=_("You get this mail because you answer for the keys."),
    )
    to = addresses_of_role(Role.COMPLIANCE, partner_id=None)
    return send_letter(letter, to=to, identity=f"velocity.{partner_id}.{at:%Y%m%d%H}")
