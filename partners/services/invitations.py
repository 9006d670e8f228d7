"""Bring a person in: a link that opens once, and the account made from it."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from core import audit
from core.actor import Actor
from core.errors import DomainError, Invalid, NotFound, refuse
from core.models import User
from core.queue import enqueue
from partners import locks
from partners.models import Invitation, Membership
from partners.models.membership import Role
from partners.rules.people import roles_of_house
from partners.selectors.people import is_email_taken
from partners.services.tokens import hash_token, invitation_token

VALID_FOR = timedelta(days=7)


class RoleNotOfHouse(Invalid):
    """The role belongs to the other house."""


class EmailTaken(DomainError):
    """The address already signs in."""


class InvitationClosed(DomainError):
    """The link was used, or it is too old."""


@transaction.atomic
def invite_person(
    *, partner_id: UUID | None, email: str, name: str, role: str, by: Actor, at: datetime
) -> Invitation:
    """Send a person a link by which he joins a partner, or the MAR when no partner is given.

    The link is valid for seven days. Only the hash of its token is stored; the mail's task derives it.

    :raises RoleNotOfHouse: when the role is not one of this house.
    :raises EmailTaken: when the address already belongs to an account.
    """
    require_role_of_house(role, partner_id)
    email = email.strip().lower()
    _require_free(email)
    invitation = Invitation(
        email=email,
        name=" ".join(name.split()),
        partner_id=partner_id,
        role=role,
        invited_by=by.label[:200],
        created_at=at,
        expires_at=at + VALID_FOR,
    )
    invitation.token_hash = hash_token(invitation_token(invitation.pk))
    invitation.save(force_insert=True)
    _audit("partners.invitation.sent", invitation, by=by, at=at)
    enqueue("partners.send_invitation", at=at, invitation_id=invitation.pk)
    if partner_id is None:
        enqueue("partners.send_mar_role_given", at=at, by=by.label, invitation_id=invitation.pk)
    return invitation


@transaction.atomic
def accept_invitation(token: str, *, name: str, password: str, by: Actor, at: datetime) -> User:
    """Make the account and the membership of the person who holds the link.

    The password is checked by the caller's form. Runs as an anonymous visitor.

    :raises NotFound: when no invitation has this token.
    :raises InvitationClosed: when it was accepted before, or is too old.
    :raises EmailTaken: when the address signs in already.
    """
    invitation = locks.lock_invitation(hash_token(token))
    if invitation is None:
        raise NotFound(_("This invitation does not exist."))
    _require_open(invitation, at=at)
    _require_free(invitation.email)
    try:
        with transaction.atomic():
            user = User.objects.create_user(
                invitation.email, password, name=" ".join(name.split()), joined_at=at
            )
    except IntegrityError as error:
        raise _email_taken() from error  # two invitations of one address, accepted at once
    Membership.objects.create(
        user=user, partner_id=invitation.partner_id, role=Role(invitation.role), created_at=at
    )
    invitation.accepted_at = at
    invitation.save(update_fields=["accepted_at"])
    _audit("partners.invitation.accepted", invitation, by=by, at=at)
    return user


@transaction.atomic
def cancel_invitation(invitation_id: UUID, *, partner_id: UUID | None, by: Actor, at: datetime) -> Invitation:
    """Close an open link, so that it never opens again.

    :raises NotFound: when this house has no such invitation.
    :raises InvitationClosed: when it was accepted, cancelled, or is too old.
    """
    invitation = locks.lock_invitation_by_id(invitation_id)
    if invitation is None or invitation.partner_id != partner_id:
        raise NotFound(_("There is no such invitation."))
    _require_open(invitation, at=at)
    invitation.cancelled_at = at
    invitation.save(update_fields=["cancelled_at"])
    _audit("partners.invitation.cancelled", invitation, by=by, at=at)
    return invitation


@transaction.atomic
def resend_invitation(invitation_id: UUID, *, partner_id: UUID | None, by: Actor, at: datetime) -> Invitation:
    """Send a person a fresh link for seven days; the one before no longer opens.

    :raises NotFound: when this house has no such invitation.
    :raises InvitationClosed: when it was accepted, cancelled, or is too old.
    """
    before = cancel_invitation(invitation_id, partner_id=partner_id, by=by, at=at)
    return invite_person(
        partner_id=partner_id, email=before.email, name=before.name, role=before.role, by=by, at=at
    )


def require_role_of_house(role: str, partner_id: UUID | None) -> None:
    """Refuse a role of the other house.

    :raises RoleNotOfHouse: for a TPR role at the MAR, a MAR role at a partner, or an unknown one.
    """
    if role in roles_of_house(is_partner=partner_id is not None):
        return
    raise RoleNotOfHouse(
        refuse(
            "role_not_of_house",
            _("This role does not exist in this organisation."),
            rule="P-PEOPLE-1",
            next_step=_("Choose one of the roles offered."),
        )
    )


def _require_open(invitation: Invitation, *, at: datetime) -> None:
    if invitation.accepted_at is not None:
        raise InvitationClosed(
            refuse(
                "invitation_used",
                _("This invitation has been used."),
                rule="P-INV-1",
                facts={_("Used"): invitation.accepted_at},
                next_step=_("Sign in with the password you chose."),
                fix_path="/accounts/login/",
            )
        )
    if invitation.cancelled_at is not None:
        raise InvitationClosed(
            refuse(
                "invitation_cancelled",
                _("This invitation was taken back."),
                rule="P-INV-4",
                facts={_("Taken back"): invitation.cancelled_at},
                next_step=_("Look for a newer mail, or ask the person who invited you."),
                lifted_by=invitation.invited_by,
            )
        )
    if invitation.expires_at <= at:
        raise InvitationClosed(
            refuse(
                "invitation_expired",
                _("This invitation is too old."),
                rule="P-INV-2",
                facts={_("Valid until"): invitation.expires_at},
                next_step=_("Ask the person who invited you for a new one."),
                lifted_by=invitation.invited_by,
            )
        )


def _require_free(email: str) -> None:
    if is_email_taken(email):
        raise _email_taken()


def _email_taken() -> EmailTaken:
    return EmailTaken(
        refuse(
            "email_taken",
            _("This e-mail address already belongs to an account."),
            rule="P-INV-3",
            next_step=_("Use another address, or sign in with the account that exists."),
        )
    )


def _audit(action: str, invitation: Invitation, *, by: Actor, at: datetime) -> None:
    audit.record(
        action,
        by=by,
        at=at,
        object_type="invitation",
        object_id=invitation.pk,
        partner_id=invitation.partner_id,
        facts={"role": invitation.role},
    )
