"""Name the person to ask, for one area, on one side."""

from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from core import audit
from core.actor import Actor
from core.errors import Invalid, NotFound, refuse
from core.keyring import destroy
from core.sealed import found_by
from partners import locks
from partners.models import NamedContact


class ContactRefused(Invalid):
    """The area does not exist, or the person has no name or address."""


@transaction.atomic
def name_contact(
    partner_id: UUID | None, *, area: str, name: str, email: str, phone: str, by: Actor, at: datetime
) -> NamedContact:
    """Say whom to ask about an area: at a partner, or at the MAR when no partner is given.

    The audit row names the area, never the person.

    :raises NotFound: for an unknown partner.
    :raises ContactRefused: for an unknown area, or without name or address.
    """
    name, email = " ".join(name.split()), email.strip().lower()
    if area not in NamedContact.Area.values or not name or not email:
        raise ContactRefused(
            refuse(
                "contact_incomplete",
                _("A contact has an area, a name and an e-mail address."),
                rule="P-CONT-1",
                next_step=_("Fill in what is missing."),
                lifted_by=_("You"),
            )
        )
    if partner_id is None:
        locks.lock_mar_contacts()
    elif locks.lock_partner(partner_id) is None:
        raise NotFound(_("There is no such partner."))
    side = NamedContact.Side.TPR if partner_id else NamedContact.Side.MAR
    facts: dict[str, Any] = {"name": name, "email": email, "phone": " ".join(phone.split()), "changed_at": at}
    facts["email_index"] = found_by(email)
    own = Q(partner_id=partner_id) if partner_id else Q(partner__isnull=True)
    contact = NamedContact.objects.filter(own, side=side, area=area).first()
    if contact is None:
        contact = NamedContact.objects.create(partner_id=partner_id, side=side, area=area, **facts)
    else:
        if bytes(contact.email_index) != facts["email_index"]:  # another person: the former one's key dies
            transaction.on_commit(partial(destroy, contact.subject))
            facts["subject"] = uuid4()
        for field, value in facts.items():
            setattr(contact, field, value)
        contact.save(update_fields=sorted(facts))
    audit.record(
        "partners.contact.named",
        by=by,
        at=at,
        object_type="partner" if partner_id else "mar",
        object_id=partner_id or "",
        partner_id=partner_id,
        facts={"area": area, "side": side.value},
    )
    return contact
