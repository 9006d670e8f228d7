"""Whose data a transaction may touch: one partner's, the MAR's, one guest's, or nobody's.

The login role has no right on any tenant table. Inside a scope the transaction switches to the role
``portal_tpr`` (one partner's rows) or ``portal_mar`` (all rows) with SET LOCAL, so a query outside
every scope raises, and a forgotten scope can never leak. Source: docs/architecture.md, "Tenancy".
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from uuid import UUID

from django.db import connection, transaction

TPR_ROLE = "portal_tpr"
MAR_ROLE = "portal_mar"


@dataclass(frozen=True, slots=True)
class Scope:
    """The role of the running transaction, and the partner or the guest's object it is held to."""

    role: str
    partner_id: UUID | None = None
    guest_id: UUID | None = None


_current: ContextVar[Scope | None] = ContextVar("tenant_scope", default=None)
_person: ContextVar[UUID | None] = ContextVar("acting_person", default=None)


class ActsAsAnother(RuntimeError):
    """Code tried to write in the name of somebody else than the person who is acting."""


def current_scope() -> Scope | None:
    """Return the scope in force, None outside every scope."""
    return _current.get()


def current_partner_id() -> UUID | None:
    """Return the partner the scope is held to, None for the MAR and outside every scope."""
    scope = _current.get()
    return scope.partner_id if scope else None


def acting_person() -> UUID | None:
    """Return who is acting, None where nobody is named."""
    return _person.get()


@contextmanager
def partner_scope(partner_id: UUID) -> Iterator[None]:
    """Open a transaction that sees one partner's rows only."""
    with _scope(Scope(TPR_ROLE, partner_id)):
        yield


@contextmanager
def mar_scope(*, acting_for: UUID | None = None) -> Iterator[None]:
    """Open a transaction that sees every partner's rows.

    ``acting_for`` names the partner for whom stock may be allocated inside it.
    """
    with _scope(Scope(MAR_ROLE, acting_for)):
        yield


@contextmanager
def guest_scope(object_id: UUID) -> Iterator[None]:
    """Open a transaction of an outsider who may meet this one object and what hangs on it."""
    with _scope(Scope("none", guest_id=object_id)):
        yield


@contextmanager
def no_scope() -> Iterator[None]:
    """Step out of every scope for a while: for what belongs to the sign-in itself, not to a house."""
    with _scope(None):
        yield


@contextmanager
def acting_as(person_id: UUID | None) -> Iterator[None]:
    """Tell the database which person acts; where two people are needed it lets him name himself only.

    :raises ActsAsAnother: inside the act of a different person.
    """
    before = _person.get()
    if before is not None and person_id != before:
        raise ActsAsAnother(f"{before} is acting, not {person_id}")
    token = _person.set(person_id)
    try:
        _set_person(person_id)
        yield
    finally:
        _person.reset(token)
        _set_person(before)


def _set_person(person_id: UUID | None) -> None:
    if connection.in_atomic_block and not connection.needs_rollback:
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('app.person', %s, true)", [str(person_id or "")])


@contextmanager
def _scope(scope: Scope | None) -> Iterator[None]:
    # SET LOCAL outlives a released savepoint, so the scope before is set again on the way out;
    # after an error the rollback to the savepoint restores it by itself.
    before = _current.get()
    with transaction.atomic():
        _set_local(scope)
        token = _current.set(scope)
        try:
            yield
        finally:
            _current.reset(token)
        if connection.in_atomic_block and not connection.needs_rollback:
            _set_local(before)


def _set_local(scope: Scope | None) -> None:
    role = scope.role if scope else "none"
    partner = str(scope.partner_id) if scope and scope.partner_id else ""
    guest = str(scope.guest_id) if scope and scope.guest_id else ""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT set_config('role', %s, true), set_config('app.partner', %s, true),
            set_config('app.guest', %s, true), set_config('app.person', %s, true)""",
            [role, partner, guest, str(_person.get() or "")],
        )
