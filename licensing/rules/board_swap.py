"""A board was replaced: does the same licence hold, is a key replaced, or is it a new PC?

Source: docs/domain-rules.md, RET-20. The programme's words: the same motherboard as with the original
licence; any other make, model or specification makes a new PC; after the build report a large change of
hardware breaks the activation; a repair for the same owner is no refurbishment.
"""

from dataclasses import dataclass
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from licensing.rules.devices import PLACEHOLDER_SERIALS, normalise
from licensing.rules.key_states import KeyState

Text = str | Promise


class Reason(StrEnum):
    """Why the board was replaced."""

    DEFECT = "defect"
    UPGRADE = "upgrade"


class Failed(StrEnum):
    """When it failed."""

    BEFORE_SALE = "before_sale"
    AFTER_SALE = "after_sale"


class Label(StrEnum):
    """How the label of the PC is."""

    INTACT = "intact"
    DAMAGED = "damaged"
    MISSING = "missing"


class Outcome(StrEnum):
    """The three answers."""

    SAME_LICENCE = "same_licence"
    REPLACEMENT = "replacement"
    NEW_PC = "new_pc"


@dataclass(frozen=True, slots=True)
class Board:
    """A board as its firmware names it."""

    manufacturer: str
    model: str
    serial: str

    def is_like(self, other: "Board") -> bool:
        """Return whether make and model are the same, however they are written."""
        return self._kind == other._kind

    def is_same(self, other: "Board") -> bool:
        """Return whether it is the very same board."""
        return self.is_like(other) and normalise(self.serial) == normalise(other.serial)

    @property
    def is_named(self) -> bool:
        """Return whether nothing is missing and the serial is not a firmware's placeholder."""
        serial = normalise(self.serial)
        return bool(all(self._kind) and serial) and serial not in PLACEHOLDER_SERIALS and len(set(serial)) > 1

    @property
    def _kind(self) -> tuple[str, str]:
        return normalise(self.manufacturer), normalise(self.model)


@dataclass(frozen=True, slots=True)
class Swapped:
    """What happened to a PC. ``is_free`` tells whether the goodwill rule gives the next key at no charge."""

    old: Board
    new: Board
    reason: Reason
    failed: Failed
    is_in_warranty: bool
    label: Label
    state: KeyState
    is_free: bool = True


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer, the rule behind it, why, and what is to be done."""

    outcome: Outcome
    source: str
    why: Text
    steps: tuple[Text, ...]
    is_charged: bool = False


UNREPORTED = frozenset({KeyState.ASSIGNED, KeyState.RETRIEVED, KeyState.CONSUMED})
AT_MICROSOFT = frozenset({KeyState.NOTIFIED_BOUND, KeyState.REPORTED_BOUND})
GIVE_BACK = _("Give the old key back; its credit depends on Microsoft's answer.")
WAIT = _("Wait for Microsoft's answer to the report, then open this page again.")


def judge(swapped: Swapped) -> Verdict:
    """RET-20: return what a replaced board means for the licence."""
    if swapped.old.is_same(swapped.new):
        why = _("It is the same board: same make, model and serial number.")
        return Verdict(Outcome.SAME_LICENCE, "domain 1.3, motherboard rule", why, _label_steps(swapped))
    if not swapped.old.is_like(swapped.new):
        return _new_pc(swapped)
    if swapped.reason is Reason.UPGRADE:
        why = _("Only a broken board may be replaced; exchanged for another reason it makes a new PC.")
        return Verdict(Outcome.NEW_PC, "domain 1.3, motherboard rule", why, _steps_of_new_pc(swapped))
    if swapped.state in UNREPORTED:
        why = _("The board is alike and nothing was reported yet: report the PC as it is now.")
        steps = (_("Make the OA3 report on the repaired PC and upload it."), *_label_steps(swapped))
        return Verdict(Outcome.SAME_LICENCE, "domain 3.1, step 6", why, steps)
    if swapped.state is KeyState.BOUND:
        why = _("The board is alike and the report has not left yet: it is taken back and made again.")
        steps = (_("Take the report back."), _("Report the repaired PC again."), *_label_steps(swapped))
        return Verdict(Outcome.SAME_LICENCE, "domain 3.3, revert before the report", why, steps)
    if swapped.state in AT_MICROSOFT:
        why = _("The board is alike, so the licence holds; the report with the old board is on its way.")
        return Verdict(Outcome.SAME_LICENCE, "domain 3.3, not from ReportedBound", why, (WAIT,))
    return _replacement(swapped)


def _new_pc(swapped: Swapped) -> Verdict:
    if swapped.failed is Failed.AFTER_SALE and swapped.is_in_warranty:
        why = _(
            "Another make or model. In a warranty case too, only the identical board keeps the licence of a PC."
        )
    else:
        why = _("Another make or model of board makes a new PC, not a refurbished one.")
    return Verdict(Outcome.NEW_PC, "domain 1.3, motherboard rule", why, _steps_of_new_pc(swapped))


def _steps_of_new_pc(swapped: Swapped) -> tuple[Text, ...]:
    own = _("The PC needs its own proof: six months of use, an earlier licence, and then a key of its own.")
    if swapped.failed is Failed.AFTER_SALE:
        own = _(
            "It still belongs to its owner: no refurbisher's key is for it. The owner needs a new licence."
        )
    back = WAIT if swapped.state in AT_MICROSOFT else GIVE_BACK
    return (back, own, *_label_steps(swapped))


def _replacement(swapped: Swapped) -> Verdict:
    if swapped.is_free:
        why = _(
            "The board is alike, so the licence holds, but Microsoft knows the old hardware: "
            "the activation breaks and the key is replaced at no charge."
        )
    else:
        why = _(
            "The board is alike, so the licence holds, but Microsoft knows the old hardware. The free "
            "replacement is used or its days are over: the new key is charged, the old one goes back."
        )
    source = "domain 3.1, step 6 and the 90 days of goodwill"
    steps = (GIVE_BACK, _("Take the new key for the same PC and report it."), *_label_steps(swapped))
    return Verdict(Outcome.REPLACEMENT, source, why, steps, is_charged=not swapped.is_free)


def _label_steps(swapped: Swapped) -> tuple[Text, ...]:
    if swapped.label is Label.INTACT:
        return ()
    if swapped.label is Label.DAMAGED:
        return (_("Note the damaged label as spoiled and use a new one."),)
    return (_("Note the missing label as spoiled, with where it may be, and use a new one."),)
