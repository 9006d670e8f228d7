"""Who may do what with each table, declared on the model and applied after every migration.

A model says ``access = TENANT_ADD`` (or another rule of this file). ``core.database.apply`` turns the
declarations into grants, row-level security policies and append-only triggers, as the owner. A
model without a declaration fails a system check, so a new table cannot be forgotten.
"""

from dataclasses import dataclass, field
from enum import StrEnum

APP_ROLE = "portal_app"
TPR_ROLE = "portal_tpr"
MAR_ROLE = "portal_mar"
ALLOCATOR_ROLE = "portal_alloc"
REQUEST_ROLES = (APP_ROLE, TPR_ROLE, MAR_ROLE)

# Wrapped in a sub-select so that Postgres computes it once a statement, not once a row.
CURRENT_PARTNER = "(SELECT nullif(current_setting('app.partner', true), '')::uuid)"

# The one object an outsider without an account may meet: his own application, opened by its link.
CURRENT_GUEST = "(SELECT nullif(current_setting('app.guest', true), '')::uuid)"


class Rows(StrEnum):
    """Which rows a role meets."""

    ALL = "true"
    OWN = f"partner_id = {CURRENT_PARTNER}"
    OWN_OR_SHARED = f"(partner_id IS NULL OR partner_id = {CURRENT_PARTNER})"


@dataclass(frozen=True, slots=True)
class Right:
    """One role's verbs on a table, the rows they reach, and columns where UPDATE or SELECT is narrowed.

    ``written`` narrows what a row may be after a write, where a role reads more rows than it writes.
    """

    verbs: str
    rows: str = Rows.ALL
    update_columns: tuple[str, ...] = ()
    written: str = ""
    select_columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Access:
    """The rights of each role on a table."""

    rights: dict[str, Right] = field(default_factory=dict)
    is_row_secured: bool = True
    is_append_only: bool = False


_ALL = "SELECT, INSERT, UPDATE, DELETE"
_WRITE = "SELECT, INSERT, UPDATE"
_ADD = "SELECT, INSERT"

# Sign-in, sessions and other tables that hold no partner's business.
SHARED = Access({role: Right(_ALL) for role in REQUEST_ROLES}, is_row_secured=False)

# Facts that everyone reads and the MAR writes: products, prices, terms.
REFERENCE = Access(
    {APP_ROLE: Right("SELECT"), TPR_ROLE: Right("SELECT"), MAR_ROLE: Right(_WRITE)}, is_row_secured=False
)

# One partner's rows, by the column partner_id. What a partner may change he changes column by column.
TENANT_READ = Access({TPR_ROLE: Right("SELECT", Rows.OWN), MAR_ROLE: Right(_WRITE)})
TENANT_ADD = Access({TPR_ROLE: Right(_ADD, Rows.OWN), MAR_ROLE: Right(_WRITE)})
TENANT_APPEND = Access({TPR_ROLE: Right(_ADD, Rows.OWN), MAR_ROLE: Right(_ADD)}, is_append_only=True)


def tenant_changes(*columns: str) -> Access:
    """Return the access to a table to which a partner adds rows and then changes these columns only."""
    return Access({TPR_ROLE: Right(_WRITE, Rows.OWN, columns), MAR_ROLE: Right(_WRITE)})


# The MAR's own rows; a partner has no right at all.
MAR_ONLY = Access({MAR_ROLE: Right(_ALL)})
# What is changed step by step and never goes away.
MAR_KEPT = Access({MAR_ROLE: Right(_WRITE)})
MAR_APPEND = Access({MAR_ROLE: Right(_ADD)}, is_append_only=True)

THIRD_PARTY: dict[str, Access] = {
    "auth": SHARED,
    "contenttypes": SHARED,
    "sessions": SHARED,
    "account": SHARED,
    "mfa": SHARED,
}
