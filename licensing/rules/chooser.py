"""Which licence fits one PC and its receiver: answers and the rules in force in, one product with its reasons out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from licensing.rules.hardware import missing_hardware
from licensing.rules.programme_rules import Ruleset
from licensing.rules.quota import OFFICE, kind_of

ANYONE = "anyone"
HARDWARE = (
    (
        "windows_11",
        gettext_lazy(
            "Runs Windows 11: TPM 2.0, UEFI with Secure Boot, 4 GB of memory, 64 GB of storage, a supported processor"
        ),
    ),
    ("older", gettext_lazy("Does not, or nobody knows")),
)
LABELS = (
    ("readable", gettext_lazy("Yes, readable")),
    ("illegible", gettext_lazy("Yes, but illegible")),
    ("none", gettext_lazy("No")),
)
USES = (
    ("pro", gettext_lazy("At work or at school")),
    ("home", gettext_lazy("At home")),
    ("office", gettext_lazy("Office to go with it")),
)
# What a PC of either class has; a product's least hardware is held against it.
PCS: dict[str, dict[str, Any]] = {
    "windows_11": {"ram_gb": 4, "storage_gb": 64, "cores": 2, "is_64_bit": True, "uefi": True, "tpm_2": True},
    "older": {"ram_gb": 2, "storage_gb": 32, "cores": 1, "is_64_bit": True},
}


@dataclass(frozen=True, slots=True)
class Answers:
    """The six answers; ``receiver`` is anyone or the code of a recipient class, ``language`` is empty for any."""

    months: int
    hardware: str
    label: str
    receiver: str
    use: str
    quantity: int
    language: str = ""
    country: str = ""


@dataclass(frozen=True, slots=True)
class Offer:
    """A product on sale as the chooser sees it."""

    code: str
    name: str
    family: str
    edition: str
    generation: str
    languages: Sequence[str] = ()
    countries: Sequence[str] = ()
    min_hardware: Mapping[str, Any] = field(default_factory=dict)
    pairs_with: str = ""
    needs_windows_11: bool = False

    @property
    def kind(self) -> str:
        """Return windows or office."""
        return kind_of(self.generation)


@dataclass(frozen=True, slots=True)
class ReceiverClass:
    """A class of Citizenship recipients in force, with what proves it."""

    code: str
    name: str
    products: Sequence[str]
    evidence: Sequence[str]


@dataclass(frozen=True, slots=True)
class Reason:
    """One sentence why, and the rule with its version behind it."""

    text: str
    rule: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """What fits, why, in which lane, with which papers; ``offer`` is None when nothing does."""

    offer: Offer | None
    reasons: Sequence[Reason]
    needs_approval: bool = False
    documents: Sequence[str] = ()
    beside: str = ""


def choose(
    answers: Answers, offers: Sequence[Offer], classes: Sequence[ReceiverClass], rules: Ruleset
) -> Choice:
    """Return the product that fits best: Citizenship before Commercial where the receiver may have it."""
    against = _against_the_pc(answers, rules)
    if against:
        return Choice(None, [against])
    receiver = next((one for one in classes if one.code == answers.receiver), None)
    kept, dropped = [], []
    for offer in offers:
        reason = _against(offer, answers, receiver, rules)
        if reason is None:
            kept.append(offer)
        else:
            dropped.append((offer, reason))
    if not kept:
        wanted = [one for one in dropped if _is_wanted(one[0], answers)]
        # A Citizenship product is no answer to somebody whose receiver is anyone, unless there is nothing else.
        near = [one for one in wanted if (one[0].family == "citizenship") == (receiver is not None)]
        closest = [reason for _offer, reason in near or wanted or dropped]
        return Choice(None, _different(closest) or [Reason(_("No product is on sale today."))])
    best = min(
        kept, key=lambda offer: (offer.family != "citizenship", not offer.needs_windows_11, offer.code)
    )
    return Choice(
        offer=best,
        reasons=_reasons(best, answers, receiver, rules),
        needs_approval=answers.quantity >= rules.number("order.special_lane", "quantity"),
        documents=_documents(best, answers, receiver, rules),
        beside=best.pairs_with,
    )


def _against_the_pc(answers: Answers, rules: Ruleset) -> Reason | None:
    least = rules.number("device.age", "months")
    if answers.months >= least:
        return None
    text = _("The PC was in use for %(months)s months; it needs at least %(least)s.")
    return Reason(
        text % {"months": answers.months, "least": least}, "device.age", rules.version("device.age")
    )


def _against(offer: Offer, answers: Answers, receiver: ReceiverClass | None, rules: Ruleset) -> Reason | None:
    """Return why a product is out, None when it fits."""
    if not _is_wanted(offer, answers):
        return Reason(_("It is another edition."))
    if offer.family == "citizenship" and receiver is None:
        return Reason(_("A Citizenship licence is for an approved recipient."), "ORD-5")
    if offer.family == "citizenship" and receiver is not None and offer.kind not in receiver.products:
        return Reason(_("%(name)s may not receive it.") % {"name": receiver.name}, "CIT-4")
    # What can no longer be read was accepted for Citizenship only.
    shows_none = answers.label == "none" or (answers.label == "illegible" and offer.family == "commercial")
    if shows_none and rules.flag("device.prior_licence", offer.family):
        version = rules.version("device.prior_licence")
        text = _("The PC shows no earlier Windows licence that counts for it.")
        return Reason(text, "device.prior_licence", version)
    pc = PCS.get(answers.hardware, {})
    if not _runs(offer, pc, answers.hardware):
        return Reason(_("The PC does not run %(name)s.") % {"name": offer.name})
    if offer.languages and answers.language and answers.language not in offer.languages:
        return Reason(_("It does not come in this language."))
    if offer.countries and answers.country and answers.country not in offer.countries:
        return Reason(_("It is not for this country."))
    return None


def _is_wanted(offer: Offer, answers: Answers) -> bool:
    if answers.use == OFFICE or offer.kind == OFFICE:
        return answers.use == OFFICE and offer.kind == OFFICE
    # Citizenship has Pro alone, so who asks for Home is served by it too.
    return offer.family == "citizenship" or offer.edition.casefold() == answers.use


def _runs(offer: Offer, pc: Mapping[str, Any], hardware: str) -> bool:
    if offer.needs_windows_11 and hardware != "windows_11":
        return False
    return not missing_hardware(offer.min_hardware, pc)


def _reasons(offer: Offer, answers: Answers, receiver: ReceiverClass | None, rules: Ruleset) -> list[Reason]:
    found = [
        Reason(
            _("The PC was in use for %(months)s months; %(least)s are needed.")
            % {"months": answers.months, "least": rules.number("device.age", "months")},
            "device.age",
            rules.version("device.age"),
        )
    ]
    if offer.family == "citizenship" and receiver is not None:
        text = _("%(name)s may receive Citizenship licences, which cost less.") % {"name": receiver.name}
        found.append(Reason(text, "CIT-4"))
        rule = "citizenship.office" if offer.kind == OFFICE else "citizenship.windows"
        most = rules.number(rule, "per_month")
        found.append(
            Reason(_("Up to %(most)s a month for each partner.") % {"most": most}, rule, rules.version(rule))
        )
    else:
        found.append(Reason(_("A Commercial licence is for any buyer.")))
    if rules.flag("device.prior_licence", offer.family):
        text = _("It carried a Windows licence before.")
        found.append(Reason(text, "device.prior_licence", rules.version("device.prior_licence")))
    if offer.needs_windows_11:
        found.append(Reason(_("The PC runs Windows 11, which is supported longest.")))
    if answers.quantity >= (least := rules.number("order.special_lane", "quantity")):
        text = _("From %(least)s licences on a person of the MAR approves the order.") % {"least": least}
        found.append(Reason(text, "order.special_lane", rules.version("order.special_lane")))
    return found


def _documents(offer: Offer, answers: Answers, receiver: ReceiverClass | None, rules: Ruleset) -> list[str]:
    found = []
    if rules.flag("device.prior_licence", offer.family):
        found.append(_("A photo of the earlier licence label on the PC"))
    found.append(_("The wiping record of its disk"))
    if offer.family == "citizenship" and receiver is not None:
        found += [str(one) for one in receiver.evidence]
    return found


def _different(reasons: Sequence[Reason]) -> list[Reason]:
    return list({one.text: one for one in reasons}.values())
