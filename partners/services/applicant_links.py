"""The way back to an application: a mailed link together with the e-mail address it belongs to."""

import hmac
import secrets
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from core import audit
from core.actor import Actor
from core.errors import DomainError, refuse
from core.queue import enqueue
from core.tenancy import guest_scope
from partners.models import ApplicantLink, Application
from partners.models.application import ApplicationState
from partners.rules.promises import LINK_DAYS
from partners.services.tokens import hash_token

MAX_LINKS_AT_ONCE = 5
ENDED = (ApplicationState.WITHDRAWN,)


class LinkClosed(DomainError):
    """The link is unknown, too old, or the address is not the application's: all look the same."""


def make_link(application: Application, *, at: datetime) -> str:
    """Make a link valid for fourteen days and return its token, which is stored nowhere. In the MAR's scope."""
    token = secrets.token_urlsafe(32)
    ApplicantLink.objects.create(
        application_id=application.pk,
        token_hash=hash_token(token),
        created_at=at,
        expires_at=at + timedelta(days=LINK_DAYS),
    )
    return token


@transaction.atomic
def open_application(application_id: UUID, token: str, *, email: str, by: Actor, at: datetime) -> Application:
    """Return the application that a link and an address open together.

    :raises LinkClosed: without saying which of the two is wrong.
    """
    with guest_scope(application_id):
        link = ApplicantLink.objects.filter(token_hash=hash_token(token), expires_at__gt=at).first()
        application = Application.objects.filter(pk=application_id).first()
        if link is None or application is None or not _is_same(email, application.contact_email):
            raise LinkClosed(
                refuse(
                    "link_closed",
                    _("This link and this address do not open an application."),
                    rule="P-DRAFT-8",
                    next_step=_("Use the address the mail came to. After 14 days a link needs a new one."),
                    lifted_by=_("You, with a new link"),
                    fix_path="/apply/resume/",
                )
            )  # fmt: skip
        link.used_at = at
        link.save(update_fields=["used_at"])
    audit.record(
        "partners.application.opened", by=by, at=at, object_type="application", object_id=application_id,
        facts={"reference": application.reference},
    )  # fmt: skip
    return application


@transaction.atomic
def send_resume_link(email: str, *, at: datetime) -> None:
    """Have new links mailed to an address. Whether it has an application nobody learns here."""
    enqueue("partners.send_resume_links", at=at, email=email.strip().lower())


def applications_of(email: str) -> list[Application]:
    """Return the newest applications under an address that can still be opened. In the MAR's scope."""
    found = Application.objects.filter(contact_email=email).exclude(state__in=ENDED)
    return list(found.order_by("-started_at")[:MAX_LINKS_AT_ONCE])


def _is_same(typed: str, known: str) -> bool:
    return hmac.compare_digest(typed.strip().lower().encode(), known.encode())
