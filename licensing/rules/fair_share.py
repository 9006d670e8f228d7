"""The fair share of scarce stock: a published formula over integers, the same result whoever computes it.

Each claimant first gets up to the floor, one key in turn; then each further key goes to the one who has
least for his weight, which is one more than what he took in the days looked back, until his demand is met.
Keys go one by one, so more stock or more demand never means fewer keys for anyone; shares rounded as wholes
(largest remainder) can take a key away when one is added. Rule: ORD-15.
"""

import hashlib
import heapq
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import Any

FORMULA = "one-by-one-1"


@dataclass(frozen=True, slots=True)
class Claim:
    """What one partner wishes and what he took; ``partner`` is his id, ``rank`` his place in the queue."""

    partner: str
    demand: int
    taken: int
    rank: int


def share_out(stock: int, claims: Sequence[Claim], *, floor: int) -> dict[str, int]:
    """Return how many keys each claimant gets; the sum is the stock or all demand, whichever is less."""
    given = {claim.partner: 0 for claim in claims}
    left = stock
    in_turn = sorted(claims, key=lambda claim: claim.rank)
    for _round in range(floor):
        for claim in in_turn:
            if left and given[claim.partner] < claim.demand:
                given[claim.partner] += 1
                left -= 1
    waiting = [_turn(claim, given) for claim in claims if given[claim.partner] < claim.demand]
    heapq.heapify(waiting)
    by_partner = {claim.partner: claim for claim in claims}
    while left and waiting:
        claim = by_partner[heapq.heappop(waiting)[2]]
        given[claim.partner] += 1
        left -= 1
        if given[claim.partner] < claim.demand:
            heapq.heappush(waiting, _turn(claim, given))
    return given


def _turn(claim: Claim, given: Mapping[str, int]) -> tuple[Fraction, int, str]:
    """Return the order in which claimants come to their next key: least for the weight, then the queue."""
    return Fraction(2 * given[claim.partner] + 1, claim.taken + 1), claim.rank, claim.partner


def inputs_of(stock: int, claims: Sequence[Claim], *, floor: int) -> dict[str, Any]:
    """Return a run's inputs as they are stored."""
    return {"stock": stock, "floor": floor, "claims": [asdict(claim) for claim in claims]}


def recompute(inputs: Mapping[str, Any]) -> dict[str, int]:
    """Return what stored inputs give by the formula."""
    claims = [Claim(**claim) for claim in inputs["claims"]]
    return share_out(inputs["stock"], claims, floor=inputs["floor"])


def digest_of(inputs: Mapping[str, Any], result: Mapping[str, int]) -> str:
    """Return the SHA-256 of a run's inputs and result."""
    text = json.dumps({"formula": FORMULA, "inputs": inputs, "result": result}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
