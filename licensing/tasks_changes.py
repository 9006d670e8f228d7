"""The mails about programme changes and new versions of rules."""

from uuid import UUID

from celery import shared_task
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from core.outbox import WorkTask
from licensing.models import ProgrammeChange, RuleState, RuleVersion
from licensing.rules.programme_rules import RULES, sentence_of
from partners.models.membership import Role
from partners.selectors.mar import mar_zone
from partners.selectors.people import addresses_of_role
from partners.services.letters import Letter, portal_address
from partners.services.mails import send_letter

READERS = (Role.TPR_OWNER, Role.TPR_BUYER)


@shared_task(name="licensing.send_change_notice", base=WorkTask)  # type: ignore[untyped-decorator]
def send_change_notice(partner_id: str, change_id: str) -> int:
    """Tell one partner's owners and buyers of a published change."""
    change = ProgrammeChange.objects.select_related("product").get(pk=UUID(change_id))
    readers = {
        address for role in READERS for address in addresses_of_role(role, partner_id=UUID(partner_id))
    }
    return send_letter(_letter(change), to=sorted(readers), identity=f"change.{change_id}.{partner_id}")


@shared_task(name="licensing.send_rule_notice", base=WorkTask)  # type: ignore[untyped-decorator]
def send_rule_notice(partner_id: str, version_id: int) -> int:
    """Tell one partner's owners and buyers of a version that was announced, or taken back before it began."""
    version = RuleVersion.objects.get(pk=version_id)
    readers = {
        address for role in READERS for address in addresses_of_role(role, partner_id=UUID(partner_id))
    }
    identity = f"rule.{version_id}.{version.state}.{partner_id}"
    return send_letter(_rule_letter(version), to=sorted(readers), identity=identity)


def _rule_letter(version: RuleVersion) -> Letter:
    title = RULES[version.code].title
    day = date_format(version.valid_from.astimezone(mar_zone()), "j F Y, H:i")
    is_withdrawn = version.state == RuleState.WITHDRAWN
    subject = _("Taken back: %(rule)s") if is_withdrawn else _("New from %(day)s: %(rule)s")
    detail = _("It was announced for %(day)s and does not come. The rule stays as it is.") % {"day": day}
    return Letter(
        subject=subject % {"day": day, "rule": title},
        sentence=sentence_of(version.sentences, version.parameters, "en"),
        detail=detail if is_withdrawn else version.reason,
        button_label=_("Read it and see what it changes for you"),
        button_url=portal_address(f"/tpr/rules/programme/{version.pk}/"),
        reason=_("You get this mail because your company orders licences by these rules."),
    )


def _letter(change: ProgrammeChange) -> Letter:
    words = change.texts.get("en") or next(iter(change.texts.values()))
    zone = mar_zone()
    dates = [
        sentence % {"day": date_format(moment.astimezone(zone), "j F Y")}
        for sentence, moment in (
            (_("No orders from %(day)s."), change.order_stop_at),
            (_("No keys for PCs from %(day)s."), change.install_stop_at),
            (_("No sales from %(day)s."), change.sell_through_stop_at),
        )
        if moment is not None
    ]
    return Letter(
        subject=_("%(product)s: %(title)s") % {"product": change.product.name, "title": words["title"]},
        sentence=" ".join(dates),
        detail=words["text"],
        button_label=_("Read it and see what it touches"),
        button_url=portal_address(f"/tpr/rules/changes/{change.pk}/"),
        reason=_("You get this mail because your company may order this product."),
    )
