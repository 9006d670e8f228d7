"""Python and SQL give a key the same account, for every state, hold and owner."""

from itertools import product
from uuid import UUID

import pytest
from django.db import connection

from licensing.rules.accounts import account_of, account_sql
from licensing.rules.key_states import Hold, KeyState

PARTNER = UUID("11111111-0000-4000-8000-000000000001")


@pytest.mark.django_db
def test_sql_and_python_name_the_same_account_for_every_combination():
    cases = list(product([None, *KeyState], Hold))
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT {account_sql("s.state", "s.hold", "s.partner")}
            FROM unnest(%s::int[], %s::text[]) WITH ORDINALITY AS t(state, hold, n),
              LATERAL (SELECT t.state, t.hold, %s::uuid AS partner) s ORDER BY t.n""",
            [[state and state.value for state, _ in cases], [hold.value for _, hold in cases], PARTNER],
        )
        found = [row[0] for row in cursor.fetchall()]
    assert found == [account_of(state, hold, PARTNER) for state, hold in cases]
    assert None not in found
