"""Somebody opened a key that nobody may open: an incident, a mail, an audit row, and the actor is frozen.

The alarm must outlive the transaction in which the key was asked for, whose refusal rolls it back. So it is
written by a thread of its own, which has a connection of its own, before the refusal is raised.
"""

import getpass
import secrets
import socket
from datetime import datetime, timedelta
from threading import Thread

import structlog
from django.db import connection, transaction
from django.utils.translation import gettext as _

from core import audit
from core.actor import Actor, ActorKind
from core.queue import enqueue
from core.tenancy import acting_person, mar_scope
from licensing.locks import serialise
from licensing.models import Incident
from licensing.services.incidents import SYMBOLS
from partners.services.freezing import freeze_actor

log = structlog.get_logger(__name__)
WATCH = Actor.system("decoy watch")
OPENED = "licensing.decoy.opened"
TELL = "licensing.tell_decoy"
SETTLE_WITHIN = timedelta(days=1)
QUIET = timedelta(hours=1)
# The caller waits so long for the alarm; a lock that he holds himself must not hold it up.
PATIENCE_SECONDS = 20
LOCK_TIMEOUT = "5s"


def sound_alarm(*, by: Actor | None, at: datetime) -> None:
    """Sound the alarm at once and wait until it is written, whatever becomes of the caller's transaction."""
    actor = by or _whoever()
    thread = Thread(target=_sound, args=(actor, at), name="decoy-alarm")
    thread.start()
    thread.join(PATIENCE_SECONDS)


def _whoever() -> Actor:
    """Return the person who acts, or else the account of the machine in whose shell this runs."""
    person = acting_person()
    if person is not None:
        return Actor(ActorKind.USER, str(person), "", user_id=person)
    return Actor.system(f"shell {getpass.getuser()} on {socket.gethostname()}")


def _sound(actor: Actor, at: datetime) -> None:
    try:
        with mar_scope():
            _be_quick()
            incident = _report(actor, at)
        log.critical("decoy.opened", incident=incident.reference, actor=actor.label, request=actor.request_id)
        with mar_scope():
            _be_quick()
            freeze(incident, actor, at=at)
    except Exception:
        log.critical("decoy.alarm_broke_off", actor=actor.label, request=actor.request_id, exc_info=True)
        raise
    finally:
        connection.close()


@transaction.atomic
def freeze(incident: Incident, actor: Actor, *, at: datetime) -> bool:
    """Freeze who did it; safe to do twice."""
    return freeze_actor(actor, by=WATCH, at=at, reason=f"incident {incident.reference}")


def _report(actor: Actor, at: datetime) -> Incident:
    """Write the audit row, and an incident with its mail unless this actor's last one is fresh and open.

    Who walks through the whole table opens many; compliance needs one case of him.
    """
    serialise("decoy.alarm")
    fresh = Incident.objects.filter(
        kind=Incident.Kind.OPENED,
        state=Incident.State.OPEN,
        reported_at__gt=at - QUIET,
        facts__contains=actor.label,
    )
    incident = fresh.first() or _open_case(actor, at)
    audit.record(
        OPENED, by=actor, at=at, object_type="incident", object_id=incident.pk,
        facts={"reference": incident.reference},
    )  # fmt: skip
    return incident


def _open_case(actor: Actor, at: datetime) -> Incident:
    incident = Incident.objects.create(
        reference="IN-" + "".join(secrets.choice(SYMBOLS) for _n in range(6)),
        partner_id=None,
        kind=Incident.Kind.OPENED,
        facts=_(
            "A guarded key was asked for in clear, by %(kind)s %(who)s, address %(ip)s, request %(request)s. It was"
            " refused. No way of the portal leads to such a key: somebody chose it from the tables."
        )
        % {
            "kind": actor.kind.value,
            "who": actor.label,
            "ip": actor.ip or "–",
            "request": actor.request_id or "–",
        },
        due_on=(at + SETTLE_WITHIN).date(),
        reported_by=WATCH.label,
        reported_at=at,
    )
    enqueue(
        TELL,
        at=at,
        incident_id=incident.pk,
        actor_kind=actor.kind.value,
        actor_id=actor.id,
        label=actor.label,
    )
    return incident


def _be_quick() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [LOCK_TIMEOUT])
