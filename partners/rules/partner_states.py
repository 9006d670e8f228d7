"""The one table of a partner's standing: which step leads where, who takes it, and what stays allowed.

Read by the gates of licensing, the screens, docs/states.md and the database's guard. What may never be
stopped is ALWAYS: whoever is suspended can still report, return, pay, export and read, because the
duties towards Microsoft outlive the right to order. Source: docs/states.md.
"""

from collections.abc import Iterable
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from partners.models.membership import Role
from partners.models.partner import PartnerState as State


class Act(StrEnum):
    """What a partner does with the portal, as far as standing decides it."""

    ORDER = "order"
    TAKE_KEYS = "take_keys"
    REPORT = "report"
    RETURN = "return"
    PAY = "pay"
    EXPORT = "export"
    READ = "read"


class Extent(StrEnum):
    """How far a restriction or a suspension reaches; stored in OrderBlock.kind."""

    ORDERS = "orders"
    HAND_OVER = "hand_over"
    ALL = "all"


_KEEPERS = frozenset({Role.MAR_ADMIN.value, Role.COMPLIANCE.value})

# From, to: the roles that take the step. Restrictions by rule are opened and ended by the portal itself.
STEPS: dict[tuple[str, str], frozenset[str]] = {
    (State.AGREEMENT_PENDING, State.ACTIVE): frozenset({Role.TPR_OWNER.value}),
    (State.AGREEMENT_PENDING, State.WINDING_DOWN): frozenset({Role.MAR_ADMIN.value}),
    (State.AGREEMENT_PENDING, State.TERMINATED): frozenset({Role.MAR_ADMIN.value}),  # the offer is taken back
    (State.ACTIVE, State.RESTRICTED): _KEEPERS,
    (State.ACTIVE, State.SUSPENDED): _KEEPERS,
    (State.ACTIVE, State.WINDING_DOWN): frozenset({Role.MAR_ADMIN.value}),
    (State.RESTRICTED, State.ACTIVE): _KEEPERS,
    (State.RESTRICTED, State.SUSPENDED): _KEEPERS,
    (State.RESTRICTED, State.WINDING_DOWN): frozenset({Role.MAR_ADMIN.value}),
    (State.SUSPENDED, State.ACTIVE): _KEEPERS,
    (State.SUSPENDED, State.RESTRICTED): _KEEPERS,
    (State.SUSPENDED, State.WINDING_DOWN): frozenset({Role.MAR_ADMIN.value}),
    (State.WINDING_DOWN, State.TERMINATED): frozenset({Role.MAR_ADMIN.value, Role.MAR_APPROVER.value}),
}

TRANSITIONS: dict[str, frozenset[str]] = {
    state.value: frozenset(str(after) for before, after in STEPS if before == state) for state in State
}

ALWAYS = frozenset({Act.REPORT, Act.RETURN, Act.PAY, Act.EXPORT, Act.READ})

ALLOWS: dict[str, frozenset[Act]] = {
    State.AGREEMENT_PENDING: frozenset({Act.PAY, Act.EXPORT, Act.READ}),
    State.ACTIVE: frozenset(Act),
    State.RESTRICTED: frozenset(Act),  # less what its restrictions stop
    State.SUSPENDED: frozenset(Act),  # less what the suspension stops
    State.WINDING_DOWN: ALWAYS | {Act.TAKE_KEYS},
    State.TERMINATED: frozenset({Act.PAY, Act.EXPORT, Act.READ}),
}

STOPS: dict[str, frozenset[Act]] = {
    Extent.ORDERS: frozenset({Act.ORDER}),
    Extent.HAND_OVER: frozenset({Act.TAKE_KEYS}),
    Extent.ALL: frozenset({Act.ORDER, Act.TAKE_KEYS}),
}

ACT_WORDS: dict[str, Promise] = {
    Act.ORDER: _("order"),
    Act.TAKE_KEYS: _("take keys"),
    Act.REPORT: _("report"),
    Act.RETURN: _("return"),
    Act.PAY: _("pay"),
    Act.EXPORT: _("export"),
    Act.READ: _("read"),
}

_LIFTERS: dict[str, Promise] = {
    Role.COMPLIANCE: _("The MAR's compliance officer"),
    Role.MAR_ADMIN: _("The MAR's partner desk"),
    Role.MAR_FINANCE: _("The MAR's finance desk"),
}

# The states whose holder stands somewhere between full rights and none.
IN_STANDING = frozenset({State.ACTIVE.value, State.RESTRICTED.value, State.SUSPENDED.value})


def may_move(before: str, after: str) -> bool:
    """Return whether a partner may go from one state to another."""
    return after in TRANSITIONS.get(before, frozenset())


def may_act(state: str, act: Act, *, extents: Iterable[str] = (), is_suspension_known: bool = True) -> bool:
    """Return whether a partner may do something now.

    ``extents`` are those of the restrictions in force. A suspended partner whose suspension cannot be
    found is held to the widest one: a missing row never opens a door.
    """
    return act in allowed_acts(state, extents, is_suspension_known=is_suspension_known)


def allowed_acts(
    state: str, extents: Iterable[str] = (), *, is_suspension_known: bool = True
) -> frozenset[Act]:
    """Return all that a partner may do in a state under restrictions of these extents."""
    stopped = set(extents)
    if state == State.SUSPENDED and not is_suspension_known:
        stopped.add(Extent.ALL)
    acts = ALLOWS.get(state, frozenset({Act.READ}))
    for extent in stopped:
        acts -= STOPS[extent]
    return acts


def state_by_rows(*, is_suspended: bool, is_restricted: bool) -> State:
    """Return the state that follows from the restrictions in force."""
    if is_suspended:
        return State.SUSPENDED
    return State.RESTRICTED if is_restricted else State.ACTIVE


def words_of(acts: Iterable[Act]) -> str:
    """Return acts as words, in the table's order: report, return, pay."""
    known = set(acts)
    return ", ".join(str(ACT_WORDS[act]) for act in Act if act in known)


def left_by(extent: str) -> str:
    """Return in words what a restriction of this extent still allows."""
    return words_of(frozenset(Act) - STOPS[extent])


def lifter_of(role: str, *, is_by_rule: bool) -> str:
    """Return in words who ends a restriction; what a rule opened ends with its cause."""
    if is_by_rule:
        return str(_("The end of its cause: the portal lifts it by itself"))
    return str(_LIFTERS.get(role, _("The MAR")))


def format_code(number: int) -> str:
    """Return a partner's code such as TPR-0007."""
    return f"TPR-{number:04d}"
