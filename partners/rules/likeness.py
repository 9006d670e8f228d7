"""How alike two names are, from 0 to 100. Names come in as rules/company_identity.py writes them."""

from collections.abc import Sequence

from rapidfuzz import fuzz, process

EQUAL = 100
# A name that holds all words of the other is likely the same, yet less sure than an equal one.
PART_OF_THE_NAME = 0.96


def likeness(one: str, other: str) -> int:
    """Return how alike two names are; the order of the words does not count.

    A single word inside a longer name counts by its letters only: half the companies of a trade share one.
    """
    if not one or not other:
        return 0
    if one == other:
        return EQUAL
    score = fuzz.token_sort_ratio(one, other)
    if min(len(one.split()), len(other.split())) > 1:
        score = max(score, fuzz.token_set_ratio(one, other) * PART_OF_THE_NAME)
    return min(round(score), EQUAL - 1)


def most_alike(name: str, choices: Sequence[str], *, at_least: int, limit: int) -> list[tuple[int, int]]:
    """Return (place in choices, likeness) of the names alike enough, the most alike first.

    Runs over a hundred thousand names in well under a second: rapidfuzz drops the unlike ones itself.
    """
    if not name:
        return []
    near = process.extract(
        name, choices, scorer=fuzz.token_ratio, score_cutoff=at_least, limit=None, processor=None
    )
    scored = [(place, likeness(name, choice)) for choice, _score, place in near]
    found = [(place, score) for place, score in scored if score >= at_least]
    return sorted(found, key=lambda hit: (-hit[1], hit[0]))[:limit]
