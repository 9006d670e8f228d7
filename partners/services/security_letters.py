"""The words of mails about one's own sign-in, and about powers given at the programme office."""

from django.utils.translation import gettext as _

from core.models import SignInSession, User
from partners.models import FactorReset, OwnerReset
from partners.models.membership import Role
from partners.services.letters import Letter, address_of


def security_notice(user: User, *, what: str, where: str) -> Letter:
    """Tell a person of a change to his sign-in, and what to do when it was not he."""
    return Letter(
        subject=_("Your sign-in to the Licence Portal"),
        recipient_name=user.name,
        reason=_("You get this mail because it is about your own account."),
        sentence=_sentence(what, where),
        detail=_(
            "Was it you? Then there is nothing to do. If not, end the other sessions, change your password"
            " and tell the programme office."
        ),
        button_label=_("Look at my sessions"),
        button_url=address_of("session-list"),
    )


def factors_reset(reset: FactorReset, *, token: str) -> Letter:
    """Give a person the link by which he sets up a new second step."""
    return Letter(
        subject=_("Set up your second step anew"),
        recipient_name=reset.user.name,
        reason=_("You get this mail because a colleague reset your second step."),
        sentence=_("%(by)s took off your passkeys and your authenticator app and ended your sessions.")
        % {"by": reset.requested_by},
        detail=_(
            "Reason: %(reason)s. Open the link within seven days, sign in with your password and set up a"
            " new one. Was this not agreed with you? Then do not open it, and tell the programme office."
        )
        % {"reason": reset.reason},
        button_label=_("Set it up anew"),
        button_url=address_of("factor-reset-open", token),
    )


def owner_reset_moved(case: OwnerReset, *, act: str, day: str) -> Letter:
    """Tell everybody at a partner that his only owner is let in again, while they can still object."""
    name = {"name": case.user.name, "company": case.partner.name, "day": day}
    sentences = {
        "begun": _(
            "We were asked to take off the lost second step of %(name)s, the only owner of %(company)s."
        ),
        "confirmed": _("A second person of the programme office confirmed the reset for %(name)s."),
        "carried_out": _(
            "The second step of %(name)s was taken off. He sets up another by a link in his mail."
        ),
        "stopped": _("The reset of the second step of %(name)s was stopped. Nothing was changed."),
    }
    warns = act in ("begun", "confirmed")
    objection = _(
        "Nothing happens before %(day)s. Was this not agreed in your company? Then tell us before, by any way you know."
    )
    after = _("Was this not agreed in your company? Then tell the programme office at once.")
    return Letter(
        subject=_("Reset of an owner’s second step at %(company)s") % name,
        sentence=sentences[act] % name,
        detail=(objection if warns else after) % name,
        reason=_("You get this mail because your address is known as one of this company."),
    )


def mar_role_given(*, name: str, role: str, by: str) -> Letter:
    """Tell the MAR's administrators that somebody got, or is offered, a power at the programme office."""
    return Letter(
        subject=_("A role at the programme office was given"),
        sentence=_("%(by)s gave %(name)s the role %(role)s.")
        % {"by": by, "name": name, "role": Role(role).label},
        detail=_("Every administrator gets this mail. If nobody agreed to it, take the role away."),
        button_label=_("Look at the people"),
        button_url=address_of("people"),
    )


def _sentence(what: str, where: str) -> str:
    kinds = {
        "webauthn": _("passkey"),
        "totp": _("authenticator app"),
        "recovery_codes": _("set of recovery codes"),
    }
    kind = kinds.get(where, _("second step"))
    if what == "new_device":
        return _("You signed in from a new device or a new place: %(place)s.") % {"place": _place(where)}
    sentences = {
        "password_changed": _("Your password was changed. Your other sessions have ended."),
        "password_reset": _("Your password was set anew by a link in a mail. Your sessions have ended."),
        "password_set": _("A password was set for your account."),
        "factor_added": _("This opens your account from now on: %(kind)s.") % {"kind": kind},
        "factor_removed": _("This was taken off your account: %(kind)s.") % {"kind": kind},
        "factor_reset": _("New recovery codes were made; the old ones no longer work."),
        "role_changed": _("Your role was changed. Your sessions have ended; sign in again."),
    }
    return sentences.get(what, _("Something changed about your sign-in."))


def _place(session_id: str) -> str:
    session = SignInSession.objects.filter(pk=session_id).first()
    return f"{session.device}, {session.ip}" if session else _("unknown")
