"""The programme's rules as dated data: what each rule's numbers are, and the set in force at an instant.

A rule's numbers stand in the table of rule versions; this file says which rules there are, which numbers
they have, between which bounds, and the plain sentence they come with. Adding a rule here is enough: the
database gets its first version, with the numbers below, on the next migration.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _

from core.errors import FIRST_RULES
from licensing.rules.programme_rule_texts import SENTENCES

BEGIN = FIRST_RULES
PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")

Value = int | bool


@dataclass(frozen=True, slots=True)
class Parameter:
    """One number (or yes/no) of a rule, with its unit and the bounds no version may leave."""

    name: str
    label: Any
    default: Value
    unit: Any = ""
    least: int = 0
    most: int = 100_000

    @property
    def is_flag(self) -> bool:
        """Return whether it is a yes or no."""
        return isinstance(self.default, bool)


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of the programme: its numbers, and the numbered refusals and steps it acts in.

    ``rising`` names parameters each of which is larger than the one before.
    """

    code: str
    title: Any
    group: str
    parameters: tuple[Parameter, ...]
    acts_in: tuple[str, ...] = ()
    source: str = "Programme guide"
    rising: tuple[str, ...] = ()

    @property
    def defaults(self) -> dict[str, Value]:
        """Return the published numbers."""
        return {one.name: one.default for one in self.parameters}

    @property
    def sentences(self) -> dict[str, str]:
        """Return the published sentence by language, with places for the numbers."""
        return dict(SENTENCES[self.code])

    def parameter(self, name: str) -> Parameter:
        """Return one of the rule's parameters.

        :raises KeyError: for a name it does not have.
        """
        return {one.name: one for one in self.parameters}[name]


GROUPS: dict[str, Any] = {
    "device": _("The PC"),
    "citizenship": _("Citizenship licences"),
    "order": _("Orders"),
    "key": _("Taking keys"),
    "report": _("Reporting"),
    "return": _("Returns"),
    "label": _("Labels"),
    "programme": _("The rules themselves"),
}

_DAYS, _HOURS, _MONTHS = _("days"), _("hours"), _("months")
_LICENCES, _KEYS, _PERCENT = _("licences"), _("keys"), _("percent")
HOUSE = "House rule"


def _days(name: str, label: Any, default: int, least: int = 1, most: int = 3650) -> Parameter:
    return Parameter(name, label, default, _DAYS, least, most)


_ALL = (
    Rule("device.age", _("Age of the PC"), "device",
         (Parameter("months", _("In use for at least"), 6, _MONTHS, 0, 120),), ("T2",)),
    Rule("device.prior_licence", _("Earlier Windows licence"), "device",
         (Parameter("commercial", _("Needed for Commercial licences"), default=True),
          Parameter("citizenship", _("Needed for Citizenship licences"), default=True)), ("T2",)),
    Rule("device.second_key", _("Second key for one PC"), "device",
         (_days("days", _("No second key within"), 90),), ("DEV-2",)),
    Rule("citizenship.windows", _("Citizenship Windows a month"), "citizenship",
         (Parameter("per_month", _("A partner and month"), 250, _LICENCES),), ("CIT-5",)),
    Rule("citizenship.office", _("Citizenship Office a month"), "citizenship",
         (Parameter("per_month", _("A partner and month"), 250, _LICENCES),), ("CIT-5",)),
    Rule("citizenship.office_share", _("Office beside Windows"), "citizenship",
         (Parameter("percent", _("Office, of the month’s Windows"), 100, _PERCENT, 0, 1000),), ("CIT-6",)),
    Rule("citizenship.exception", _("Length of a quota exception"), "citizenship",
         (_days("longest_days", _("At most"), 366),), ("CIT-7",), HOUSE),
    Rule("order.size", _("Size of an order"), "order",
         (Parameter("most", _("Licences in one order, at most"), 5_000, _LICENCES, 1, 5_000),), ("ORD-0",),
         "Microsoft’s batch limit"),
    Rule("order.special_lane", _("Orders that a person approves"), "order",
         (Parameter("quantity", _("From"), 2_400, _LICENCES, 1, 5_000),
          Parameter("amount", _("Or from a net amount of"), 100_000, _("in the order’s currency"), 1, 10_000_000)),
         ("ORD-11", "ORD-12"), HOUSE),
    Rule("order.reservation", _("Reserved stock"), "order",
         (Parameter("hours", _("Kept for"), 48, _HOURS, 1, 720),), ("ORD-11",), HOUSE),
    Rule("order.station", _("Keys kept for a station"), "order",
         (Parameter("minutes", _("Until it confirms, at most"), 120, _("minutes"), 1, 1_440),), ("ORD-13",), HOUSE),
    Rule("order.waiting", _("Orders that wait"), "order",
         (_days("held_days", _("On hold or for an approval, at most"), 14),
          _days("queued_days", _("For stock, at most"), 90)),
         ("ORD-7", "ORD-8", "ORD-11"), HOUSE),
    Rule("order.fair_share", _("Fair share of scarce stock"), "order",
         (Parameter("floor", _("Each partner first"), 5, _KEYS, 0, 1_000), _days("days", _("Days looked back"), 90)),
         ("ORD-15",), HOUSE),
    Rule("reveal.person", _("Keys a person looks at"), "key",
         (Parameter("per_hour", _("In an hour"), 30, _KEYS, 1, 1_000),), ("HND-5",), HOUSE),
    Rule("reveal.new_partner", _("Keys a new partner takes"), "key",
         (Parameter("per_day", _("A day"), 10, _KEYS, 1, 5_000),
          _days("for_days", _("For the first"), 30, 0)), (), HOUSE),
    Rule("report.ageing", _("Keys taken and not reported"), "report",
         (_days("remind_days", _("Reminder after"), 7), _days("stop_orders_days", _("No new orders after"), 30),
          _days("stop_keys_days", _("No keys after"), 60)), ("CMP-11",), HOUSE,
         rising=("remind_days", "stop_orders_days", "stop_keys_days")),
    Rule("return.window", _("Time for a return"), "return",
         (_days("days", _("From the delivery by Microsoft"), 365),), (), "Microsoft’s return codes PI and QI"),
    Rule("return.goodwill", _("Goodwill after activation"), "return",
         (_days("days", _("From the activation"), 90),), (), HOUSE),
    Rule("label.use", _("Labels used and spoilt"), "label",
         (Parameter("spoilage_percent", _("Spoilage without a question, up to"), 5, _PERCENT, 0, 100),),
         (), HOUSE),
    Rule("programme.notice", _("Notice of a new rule"), "programme",
         (_days("days", _("Announced ahead by at least"), 14, 0, 365),), ("P-RULE-4",), HOUSE),
)  # fmt: skip

RULES: dict[str, Rule] = {rule.code: rule for rule in _ALL}
# The dated rule behind a numbered refusal that a fact of its own carries, such as a block.
BEHIND = {act: rule.code for rule in _ALL for act in rule.acts_in}


@dataclass(frozen=True, slots=True)
class RuleInForce:
    """One rule as it is in force: its version's number and numbers, and since when; the first since BEGIN."""

    code: str
    number: int
    parameters: Mapping[str, Value]
    since: str = ""


@dataclass(frozen=True, slots=True)
class Ruleset:
    """Every rule in force at one instant."""

    rules: Mapping[str, RuleInForce] = field(default_factory=dict)

    def number(self, code: str, name: str) -> int:
        """Return a number of a rule.

        :raises KeyError: for a rule or number that does not exist: a fault of ours, never an open gate.
        """
        return int(self.rules[code].parameters[name])

    def flag(self, code: str, name: str) -> bool:
        """Return a yes or no of a rule."""
        return bool(self.rules[code].parameters[name])

    def amount(self, code: str, name: str) -> Decimal:
        """Return a number that is money."""
        return Decimal(self.number(code, name))

    def days(self, code: str, name: str = "days") -> timedelta:
        """Return a number of days as a length of time."""
        return timedelta(days=self.number(code, name))

    def version(self, code: str) -> str:
        """Return the number of the version in force, as a refusal names it."""
        return str(self.rules[code].number)

    def since(self, code: str) -> datetime:
        """Return when the version in force began."""
        since = self.rules[code].since
        return datetime.fromisoformat(since) if since else BEGIN

    def replaced(self, code: str, number: int, parameters: Mapping[str, Value]) -> "Ruleset":
        """Return the same set with another version of one rule."""
        return Ruleset({**self.rules, code: RuleInForce(code, number, dict(parameters))})

    @property
    def sha256(self) -> str:
        """Return the hash of every code, version and number."""
        rows = {code: [one.number, dict(one.parameters)] for code, one in self.rules.items()}
        return hashlib.sha256(json.dumps(rows, sort_keys=True).encode()).hexdigest()


def ruleset_of(rows: Mapping[str, Mapping[str, Any]]) -> Ruleset:
    """Return the set from what the database's function answers: number and parameters by code."""
    return Ruleset(
        {
            code: RuleInForce(code, int(row["number"]), row["parameters"], row.get("since", ""))
            for code, row in rows.items()
        }
    )


def published_rules() -> Ruleset:
    """Return the rules as the programme began: version 1 of each."""
    return Ruleset({code: RuleInForce(code, 1, rule.defaults) for code, rule in RULES.items()})


def sentence_of(sentences: Mapping[str, str], parameters: Mapping[str, Value], language: str) -> str:
    """Return a version's sentence with its numbers filled in, in a language or else in English."""
    text = sentences.get(language) or sentences.get("en") or next(iter(sentences.values()), "")
    return PLACEHOLDER.sub(lambda found: _shown(parameters.get(found[1], found[0]), language), text)


def faults_of(
    code: str, parameters: Mapping[str, Any], sentences: Mapping[str, str], *, languages: Sequence[str]
) -> list[tuple[str, str]]:
    """Return what is wrong with a version as (field, words), nothing when it can stand."""
    rule = RULES.get(code)
    if rule is None:
        return [("code", str(_("There is no such rule.")))]
    faults = [fault for one in rule.parameters if (fault := _value_fault(one, parameters.get(one.name)))]
    if set(parameters) - set(rule.defaults):
        faults.append(("parameters", str(_("This rule has no such number."))))
    if not faults and any(
        not parameters[low] < parameters[high]
        for low, high in zip(rule.rising, rule.rising[1:], strict=False)
    ):
        faults.append((rule.rising[0], str(_("Each number is larger than the one before."))))
    return faults + [
        fault for one in languages if (fault := _sentence_fault(rule, one, sentences.get(one, "")))
    ]


def _value_fault(parameter: Parameter, value: Any) -> tuple[str, str] | None:
    if parameter.is_flag:
        return None if isinstance(value, bool) else (parameter.name, str(_("Yes or no.")))
    if isinstance(value, int) and not isinstance(value, bool) and parameter.least <= value <= parameter.most:
        return None
    words = _("A whole number from %(least)s to %(most)s.")
    return parameter.name, str(words) % {"least": parameter.least, "most": parameter.most}


def _sentence_fault(rule: Rule, language: str, text: str) -> tuple[str, str] | None:
    field_name = f"sentence_{language}"
    if not text.strip():
        return field_name, str(_("Say it in one plain sentence."))
    unknown = set(PLACEHOLDER.findall(text)) - set(rule.defaults)
    if unknown:
        words = str(_("{%(name)s} is no number of this rule.")) % {"name": sorted(unknown)[0]}
        return field_name, words
    return None


_THOUSANDS = {"de": ".", "nl": ".", "fr": "\u00a0", "pl": "\u00a0"}
_YES_NO = {"de": ("ja", "nein"), "fr": ("oui", "non"), "nl": ("ja", "nee"), "pl": ("tak", "nie")}


def _shown(value: Any, language: str) -> str:
    if isinstance(value, bool):
        return _YES_NO.get(language, ("yes", "no"))[not value]
    if isinstance(value, int):
        return f"{value:,}".replace(",", _THOUSANDS.get(language, ","))
    return str(value)
