"""The words of the mails about standing: suspended, restricted, given time, at the end."""

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from partners.models import Grace, OrderBlock, Partner
from partners.models.partner import PartnerState
from partners.rules.partner_states import left_by, lifter_of
from partners.services.letters import Letter


def partner_state(partner: Partner) -> Letter:
    """Tell a partner's owners that he is suspended, may work again, or that the contract ends."""
    subject, sentence = _STATE_WORDS.get(
        partner.state, (_("%(partner)s is active again"), _("%(partner)s may order and take keys again."))
    )
    return Letter(
        subject=str(subject) % {"partner": partner.name},
        sentence=str(sentence) % {"partner": partner.name},
        detail=_("Reason: %(reason)s") % {"reason": partner.state_reason} if partner.state_reason else "",
        button_label=_("Open your standing"),
        button_url=_standing_page(),
    )


def restriction(block: OrderBlock) -> Letter:
    """Tell a partner's owners of a restriction, or that it has ended."""
    named = {"partner": block.partner.name, "what": block.get_kind_display()}
    if block.lifted_at:
        return Letter(
            subject=_("A restriction of %(partner)s has ended") % named,
            sentence=_("Ended: %(what)s.") % named,
            detail=block.lift_reason,
            button_label=_("Open your standing"),
            button_url=_standing_page(),
        )
    return Letter(
        subject=_("%(partner)s is restricted") % named,
        sentence=_("Stopped for now: %(what)s. %(reason)s") % {**named, "reason": block.reason},
        detail=_("Still allowed: %(allowed)s. What to do: %(next)s Lifted by: %(lifter)s. Rule %(rule)s.")
        % {
            "allowed": left_by(block.kind),
            "next": block.next_step,
            "lifter": lifter_of(block.lifter_role, is_by_rule=block.is_by_rule),
            "rule": block.rule,
        },
        button_label=_("Open your standing"),
        button_url=_standing_page(),
    )


def grace(given: Grace) -> Letter:
    """Tell a partner's owners how much time he was given, for what."""
    until = f"{given.valid_before:%Y-%m-%d %H:%M} UTC"
    return Letter(
        subject=_("%(partner)s has time until %(until)s") % {"partner": given.partner.name, "until": until},
        sentence=_("Until %(until)s rule %(rule)s does not stop you. %(allows)s")
        % {"until": until, "rule": given.rule, "allows": given.allows},
        detail=_("Reason: %(reason)s") % {"reason": given.reason},
        button_label=_("Open your standing"),
        button_url=_standing_page(),
    )


_STATE_WORDS = {
    PartnerState.SUSPENDED.value: (
        gettext_lazy("%(partner)s is suspended"),
        gettext_lazy(
            "%(partner)s is suspended. You can still report, return, pay, export and read; what is stopped "
            "stands on the page of your standing."
        ),
    ),
    PartnerState.RESTRICTED.value: (
        gettext_lazy("The suspension of %(partner)s is lifted"),
        gettext_lazy("The suspension of %(partner)s is lifted; a restriction goes on."),
    ),
    PartnerState.WINDING_DOWN.value: (
        gettext_lazy("The contract of %(partner)s is ending"),
        gettext_lazy(
            "%(partner)s places no new orders from today. What is open is still taken, reported, returned and paid."
        ),
    ),
    PartnerState.TERMINATED.value: (
        gettext_lazy("The contract of %(partner)s has ended"),
        gettext_lazy("The contract of %(partner)s has ended."),
    ),
}


def _standing_page() -> str:
    # The domain knows no addresses of the site; this one is part of the mail's wording.
    return f"{settings.BASE_URL}/tpr/standing/"
