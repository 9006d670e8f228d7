"""The ledger as double entry: balances of the accounts, and where they differ from the keys themselves.

Runs in the MAR's scope and only reads.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from licensing.rules.accounts import account_sql

EXAMPLES = 20
# Decoys stand in the ledger like any key, and in no delivery: both sides leave out the same number.
_DECOYS = """
decoys AS (
  SELECT product_id, 'stock' AS account, sum(free) AS n FROM licensing_decoycount GROUP BY 1
  UNION ALL SELECT product_id, 'quarantine', sum(held) FROM licensing_decoycount GROUP BY 1
  UNION ALL SELECT product_id, 'undone', sum(undone) FROM licensing_decoycount GROUP BY 1
)"""
# A row's account before follows from its own state and partner and from the hold the row before left behind.
_STEPS = f"""
steps AS (
  SELECT id, key_id, product_id, {account_sql("from_state", "hold_before", "partner_id")} AS leaves,
    {account_sql("to_state", "hold", "partner_id")} AS enters, is_last
  FROM (SELECT l.*, coalesce(lag(hold) OVER path, 'none') AS hold_before, lead(id) OVER path IS NULL AS is_last
    FROM licensing_ledgerentry l WINDOW path AS (PARTITION BY key_id ORDER BY id)) l
)"""
_KEYS = f"""
held AS (
  SELECT k.id, k.product_key_id, k.product_id, {account_sql("k.state", "k.hold", "k.partner_id")} AS account
  FROM licensing_productkey k
)"""
_BALANCES = f"""
WITH {_STEPS}, {_KEYS}, {_DECOYS},
ledger AS (
  SELECT product_id, account, sum(n) AS n FROM (
    SELECT product_id, enters AS account, count(*) AS n FROM steps GROUP BY 1, 2
    UNION ALL SELECT product_id, leaves, -count(*) FROM steps GROUP BY 1, 2
    UNION ALL SELECT product_id, account, -n FROM decoys
    UNION ALL SELECT product_id, 'supplier', sum(n) FROM decoys GROUP BY 1) moves GROUP BY 1, 2
), counted AS (
  SELECT product_id, account, sum(n) AS n FROM (
    SELECT product_id, account, count(*) AS n FROM held GROUP BY 1, 2
    UNION ALL SELECT product_id, account, -n FROM decoys) there GROUP BY 1, 2
  UNION ALL SELECT product_id, 'supplier', -sum(quantity) FROM licensing_fulfilment GROUP BY 1
)
SELECT p.code, coalesce(l.account, c.account), coalesce(l.n, 0), coalesce(c.n, 0)
FROM ledger l FULL JOIN counted c ON c.product_id = l.product_id AND c.account = l.account
JOIN licensing_product p ON p.id = coalesce(l.product_id, c.product_id)
WHERE coalesce(l.n, 0) <> 0 OR coalesce(c.n, 0) <> 0
ORDER BY p.code, 2
"""
_ONE_SIDED = f"""
WITH {_STEPS}, {_KEYS}, path AS (
  SELECT *, lag(enters) OVER (PARTITION BY key_id ORDER BY id) AS stood FROM steps
)
SELECT problem FROM (
  SELECT s.id, 'row ' || s.id || ' of key ' || coalesce(k.product_key_id, s.key_id::text) || ' leaves '
    || coalesce(s.leaves, 'no account') || ', but the key stood in ' || coalesce(s.stood, 'supplier') AS problem
  FROM path s LEFT JOIN held k ON k.id = s.key_id
  WHERE s.leaves IS DISTINCT FROM coalesce(s.stood, 'supplier')
  UNION ALL
  SELECT s.id, 'row ' || s.id || ' of key ' || coalesce(k.product_key_id, s.key_id::text) || ' enters no account'
  FROM steps s LEFT JOIN held k ON k.id = s.key_id WHERE s.enters IS NULL
  UNION ALL
  SELECT s.id, 'key ' || k.product_key_id || ' stands in ' || coalesce(k.account, 'no account')
    || ', by its last row ' || s.id || ' it is in ' || coalesce(s.enters, 'no account')
  FROM held k JOIN steps s ON s.key_id = k.id AND s.is_last WHERE k.account IS DISTINCT FROM s.enters
  UNION ALL
  SELECT 0, 'key ' || k.product_key_id || ' stands in ' || coalesce(k.account, 'no account') || ' without any row'
  FROM held k WHERE NOT EXISTS (SELECT 1 FROM licensing_ledgerentry l WHERE l.key_id = k.id)
) found ORDER BY id LIMIT {EXAMPLES}
"""


@dataclass(frozen=True, slots=True)
class Balance:
    """One account of one product: keys by the ledger, and keys that are there.

    The supplier's balance is negative: what he delivered, held against the quantities of the fulfilments.
    """

    product: str
    account: str
    by_ledger: int
    by_keys: int

    @property
    def agrees(self) -> bool:
        """Return whether both sides say the same."""
        return self.by_ledger == self.by_keys


@dataclass(frozen=True, slots=True)
class Books:
    """All balances, and what is wrong, each located at a ledger row or a key."""

    balances: tuple[Balance, ...]
    problems: tuple[str, ...]

    @property
    def is_balanced(self) -> bool:
        """Return True when nothing differs."""
        return not self.problems


def read_books() -> Books:
    """Return the balances of every account, and what differs from the keys and the deliveries."""
    balances = tuple(Balance(row[0], row[1], int(row[2]), int(row[3])) for row in _rows(_BALANCES))
    problems = [str(row[0]) for row in _rows(_ONE_SIDED)]
    problems += [
        f"{each.product}, account {each.account}: {each.by_ledger} by the ledger, {each.by_keys} there"
        for each in balances
        if not each.agrees
    ]
    problems += _sums(balances)
    return Books(balances, tuple(problems))


def _sums(balances: Sequence[Balance]) -> list[str]:
    """Hold the sum over all accounts against nought: what the supplier gave stands somewhere."""
    sums: dict[str, int] = {}
    for each in balances:
        sums[each.product] = sums.get(each.product, 0) + each.by_keys
    return [
        f"{product}: accounts and deliveries differ by {rest}"
        for product, rest in sorted(sums.items())
        if rest
    ]


def _rows(statement: str) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall())
