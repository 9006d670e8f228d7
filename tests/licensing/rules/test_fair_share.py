"""The fair share: the whole stock or the whole demand, never less for more, the same result again."""

import json
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from licensing.rules.fair_share import Claim, digest_of, inputs_of, recompute, share_out

CLAIMS = st.lists(
    st.tuples(st.integers(1, 60), st.integers(0, 200)), min_size=1, max_size=8
).map(lambda rows: [Claim(f"p{n}", demand, taken, n + 1) for n, (demand, taken) in enumerate(rows)])  # fmt: skip
STOCK, FLOOR = st.integers(0, 300), st.integers(0, 10)


@given(STOCK, CLAIMS, FLOOR)
def test_the_sum_is_the_stock_or_the_demand_and_nobody_gets_more_than_he_wished(
    stock: int, claims: list[Claim], floor: int
) -> None:
    given_out = share_out(stock, claims, floor=floor)
    assert sum(given_out.values()) == min(stock, sum(claim.demand for claim in claims))
    assert all(0 <= given_out[claim.partner] <= claim.demand for claim in claims)


@given(STOCK, CLAIMS, FLOOR)
def test_everyone_gets_the_floor_while_the_stock_bears_it(
    stock: int, claims: list[Claim], floor: int
) -> None:
    given_out = share_out(stock, claims, floor=floor)
    if stock >= sum(min(claim.demand, floor) for claim in claims):
        assert all(given_out[claim.partner] >= min(claim.demand, floor) for claim in claims)


@given(STOCK, CLAIMS, FLOOR)
def test_one_key_more_takes_none_from_anybody(stock: int, claims: list[Claim], floor: int) -> None:
    before, after = share_out(stock, claims, floor=floor), share_out(stock + 1, claims, floor=floor)
    assert all(after[partner] >= before[partner] for partner in before)


@given(STOCK, CLAIMS, FLOOR)
def test_who_wishes_more_gets_no_less(stock: int, claims: list[Claim], floor: int) -> None:
    more = [replace(claims[0], demand=claims[0].demand + 5), *claims[1:]]
    partner = claims[0].partner
    assert share_out(stock, more, floor=floor)[partner] >= share_out(stock, claims, floor=floor)[partner]


@given(STOCK, CLAIMS, FLOOR)
def test_stored_inputs_recompute_in_any_order(stock: int, claims: list[Claim], floor: int) -> None:
    result = share_out(stock, claims, floor=floor)
    inputs = inputs_of(stock, claims, floor=floor)
    stored = json.loads(json.dumps(inputs))
    assert recompute(stored) == recompute({**stored, "claims": stored["claims"][::-1]}) == result
    assert digest_of(stored, result) == digest_of(inputs, result)


def test_the_formula_by_hand() -> None:
    claims = [Claim("big", 100, 89, 1), Claim("small", 100, 9, 2), Claim("new", 3, 0, 3)]
    assert share_out(25, claims, floor=2) == {"big": 21, "small": 2, "new": 2}
