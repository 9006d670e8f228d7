"""Who may join: dated rules over six answers, each with an id, ending in yes, no or ask us."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from partners.rules.countries import NAMES

ELSEWHERE = "XX"
Words = Promise | str


class Outcome(StrEnum):
    """What the checker says."""

    YES = "yes"
    ASK = "ask"
    NO = "no"


# The questions' answers: code and words, in the order shown.
ACTIVITIES = (
    ("shop", _("I run a computer or repair shop and prepare used PCs")),
    ("itad", _("We take back, wipe and resell company devices")),
    ("charity", _("We are a charity or association that prepares PCs")),
    ("school", _("We are a school or training workshop that prepares PCs")),
    ("broker", _("We trade used devices and have some of them prepared")),
    ("buyer", _("I want to buy a PC or a licence for myself or my company")),
)
VOLUMES = (
    ("1", _("Up to 10")),
    ("50", _("11 to 100")),
    ("300", _("101 to 500")),
    ("1000", _("More than 500")),
)
RECEIVERS = (
    ("consumers", _("People at home")),
    ("business", _("Companies")),
    ("education", _("Schools and universities")),
    ("charity", _("Charities")),
    ("authorities", _("Authorities")),
    ("tap", _("People with little money, through a programme")),
    ("refurbishers", _("Other refurbishers, who sell on")),
)
WIPING = (
    ("standard", _("By a named standard, with a record for each disk")),
    ("tool", _("With a tool, without records yet")),
    ("none", _("We do not wipe yet")),
)
DEVICES = (
    ("windows", _("They had Windows before and are at least six months old")),
    ("mixed", _("Some of them, not all")),
    ("other", _("They are new, or never had Windows")),
)


@dataclass(frozen=True, slots=True)
class Answers:
    """What a visitor said about himself. ``volume`` is PCs a month, the middle of the range chosen."""

    activity: str
    country: str
    volume: int
    receivers: frozenset[str]
    wiping: str
    devices: str

    @classmethod
    def of(cls, kept: dict[str, Any]) -> "Answers":
        """Return the answers from what was kept in a session."""
        return cls(
            activity=kept["activity"],
            country=kept["country"],
            volume=int(kept["volume"]),
            receivers=frozenset(kept["receivers"]),
            wiping=kept["wiping"],
            devices=kept["devices"],
        )

    def kept(self) -> dict[str, Any]:
        """Return the answers as a session and an application keep them."""
        return {
            "activity": self.activity,
            "country": self.country,
            "volume": str(self.volume),
            "receivers": sorted(self.receivers),
            "wiping": self.wiping,
            "devices": self.devices,
        }


@dataclass(frozen=True, slots=True)
class Rule:
    """One reason for an outcome other than yes, in force from a day, and until another if it ends."""

    id: str
    outcome: Outcome
    since: date
    applies: Callable[[Answers], bool]
    words: Words
    until: date | None = None

    def is_in_force(self, on: date) -> bool:
        """Return whether the rule holds on a day; ``until`` is the first day without it."""
        return self.since <= on and (self.until is None or on < self.until)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer: outcome, what stands against it, families that fit, papers needed."""

    outcome: Outcome
    reasons: tuple[Rule, ...]
    families: tuple[str, ...]
    documents: tuple[Words, ...]
    is_end_buyer: bool


_ALWAYS = date(2014, 1, 1)
# The Registered Refurbisher Programme was closed to mainland China only; new bars come here with their day.
BARRED_COUNTRIES = frozenset({"CN"})
CITIZENSHIP_RECEIVERS = frozenset({"education", "charity", "tap"})
COMMERCIAL_RECEIVERS = frozenset({"consumers", "business", "education", "charity", "authorities"})

RULES = (
    Rule(
        "P-ELI-1", Outcome.NO, _ALWAYS, lambda a: a.activity == "buyer",
        _("Licences go to those who prepare PCs, not to buyers. Our partners sell you a prepared PC with its licence."),
    ),
    Rule(
        "P-ELI-2", Outcome.NO, _ALWAYS, lambda a: a.country in BARRED_COUNTRIES,
        _("The programme is not open in this country."),
    ),
    Rule(
        "P-ELI-3", Outcome.ASK, _ALWAYS, lambda a: a.country not in NAMES and a.country not in BARRED_COUNTRIES,
        _("Your country is not on our list yet. Write to us: we say whether and when."),
    ),
    Rule(
        "P-ELI-4", Outcome.NO, _ALWAYS, lambda a: a.devices == "other",
        _("A licence is for a PC that is at least six months old and had a genuine Windows before."),
    ),
    Rule(
        "P-ELI-5", Outcome.ASK, _ALWAYS, lambda a: a.wiping == "none",
        _("Every disk has to be wiped by a recognised standard. We show you tools that do it, then you apply."),
    ),
    Rule(
        "P-ELI-6", Outcome.NO, _ALWAYS, lambda a: a.receivers == frozenset({"refurbishers"}),
        _("A licence may not be passed to another refurbisher. Each one applies for himself."),
    ),
    Rule(
        "P-ELI-7", Outcome.ASK, _ALWAYS, lambda a: "refurbishers" in a.receivers and len(a.receivers) > 1,
        _("Devices that go to other refurbishers leave without our licence. Tell us how you keep them apart."),
    ),
    Rule(
        "P-ELI-8", Outcome.ASK, date(2025, 9, 1), lambda a: a.activity == "broker" and a.wiping != "standard",
        _("Who has devices prepared by others shows how each disk was wiped. Tell us who does it for you."),
    ),
)  # fmt: skip
_WORST_FIRST = (Outcome.NO, Outcome.ASK)


def judge(answers: Answers, *, on: date) -> Verdict:
    """Return what the rules of that day say to the answers."""
    reasons = tuple(rule for rule in RULES if rule.is_in_force(on) and rule.applies(answers))
    outcome = next(
        (worst for worst in _WORST_FIRST if any(rule.outcome == worst for rule in reasons)), Outcome.YES
    )
    is_refused = outcome == Outcome.NO
    return Verdict(
        outcome=outcome,
        reasons=tuple(rule for rule in reasons if rule.outcome == outcome),
        families=() if is_refused else families_for(answers),
        documents=() if is_refused else documents_for(answers),
        is_end_buyer=answers.activity == "buyer",
    )


def families_for(answers: Answers) -> tuple[str, ...]:
    """Return the licence families that fit those who receive the devices."""
    found = []
    if answers.receivers & COMMERCIAL_RECEIVERS:
        found.append("commercial")
    if answers.receivers & CITIZENSHIP_RECEIVERS:
        found.append("citizenship")
    return tuple(found)


def documents_for(answers: Answers) -> tuple[Words, ...]:
    """Return the papers and numbers to have at hand."""
    papers: list[Words] = [_("Your register number and, if you have one, your VAT number")]
    if answers.activity in {"charity", "school"}:
        papers.append(_("Your statutes, accreditation or the tax office's notice of charitable status"))
    papers.append(_("The wiping standard with its revision, the tool and its version, and one sample record"))
    papers.append(
        _("Certificates you hold (R2, e-Stewards, ISO 9001/14001/27001, ADISA), with their expiry dates")
    )
    if "tap" in answers.receivers:
        papers.append(_("A page or brochure of the programme that says who may receive a PC"))
    papers.append(_("The names of those who own 25 % or more of your company"))
    return tuple(papers)
