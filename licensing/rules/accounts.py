"""The accounts of the custody ledger: where a key is, as a pure function of state, hold and partner.

Every ledger row takes a key out of one account and puts it into one. Source: docs/states.md, "Accounts".
"""

from enum import StrEnum
from uuid import UUID

from licensing.rules.key_states import Hold, KeyState


class Account(StrEnum):
    """Who answers for a key. Balances are kept for each product apart."""

    SUPPLIER = "supplier"
    STOCK = "stock"
    RESERVED = "reserved"
    QUARANTINE = "quarantine"
    PARTNER = "partner"
    DEVICE = "device"
    MICROSOFT = "microsoft"
    RETURNED = "returned"
    UNDONE = "undone"


# A key in stock stands in the account of its hold; lost or disputed ones are kept apart like quarantined ones.
STOCK_ACCOUNTS: dict[Hold, Account] = {
    Hold.NONE: Account.STOCK,
    Hold.RESERVED: Account.RESERVED,
    Hold.QUARANTINED: Account.QUARANTINE,
    Hold.LOST_OR_STOLEN: Account.QUARANTINE,
    Hold.DISPUTED: Account.QUARANTINE,
}
STATE_ACCOUNTS: dict[KeyState, Account] = {
    KeyState.ASSIGNED: Account.PARTNER,
    KeyState.RETRIEVED: Account.PARTNER,
    KeyState.CONSUMED: Account.DEVICE,
    KeyState.BOUND: Account.DEVICE,
    KeyState.NOTIFIED_BOUND: Account.DEVICE,
    KeyState.REPORTED_BOUND: Account.MICROSOFT,
    KeyState.ACTIVATION_ENABLED: Account.MICROSOFT,
    KeyState.ACTIVATION_DENIED: Account.MICROSOFT,
    KeyState.ACTIVATION_ENABLED_PENDING_UPDATE: Account.MICROSOFT,
    KeyState.REPORTED_RETURN: Account.MICROSOFT,
    KeyState.RETURNED: Account.RETURNED,
    KeyState.UNDONE: Account.UNDONE,
}


def account_of(state: KeyState | None, hold: Hold = Hold.NONE, partner_id: UUID | None = None) -> str:
    """Return the account's name; a partner's own account carries his id, the supplier's has no state."""
    if state is None:
        return Account.SUPPLIER.value
    if state is KeyState.FULFILLED:
        return STOCK_ACCOUNTS[hold].value
    account = STATE_ACCOUNTS[state]
    return f"{account}:{partner_id}" if account is Account.PARTNER else account.value


def account_sql(state: str, hold: str, partner: str) -> str:
    """Return the same function as an SQL expression over three columns."""
    by_hold = " ".join(f"WHEN '{known}' THEN '{account}'" for known, account in STOCK_ACCOUNTS.items())
    by_state = " ".join(
        f"WHEN {known:d} THEN "
        + (f"'{account}:' || {partner}" if account is Account.PARTNER else f"'{account}'")
        for known, account in STATE_ACCOUNTS.items()
    )
    return (
        f"CASE WHEN {state} IS NULL THEN '{Account.SUPPLIER}'"
        f" WHEN {state} = {KeyState.FULFILLED:d} THEN CASE {hold} {by_hold} END ELSE CASE {state} {by_state} END END"
    )
