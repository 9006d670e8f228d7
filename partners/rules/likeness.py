"""How alike two names are, from 0 to 100. Names come in as rules/company_identity.py writes them."""

from collections.abc import Sequence

from rapidfuzz import fuzz, process

EQUAL = 100
# A name that holds all words of the other is likely the same, yet less sure than an equal one.
PART_OF_THE_NAME = 0.96


def likeness(one: str, other: str) -> int:
    """Return how alike two names are; neither the order of the words counts nor where they are parted.

    A single word inside a longer name counts by its letters only: half the companies of a trade share one.
    """
    if not one or not other:
        return 0
    if one == other:
        return EQUAL
    score = max(fuzz.token_sort_ratio(one, other), fuzz.ratio(_joined(one), _joined(other)))
    if min(len(one.split()), len(other.split())) > 1:
        score = max(score, fuzz.token_set_ratio(one, other) * PART_OF_THE_NAME)
    return min(round(score), EQUAL - 1)


def most_alike(name: str, choices: Sequence[str], *, at_least: int, limit: int) -> list[tuple[int, int]]:
    """Return (place in choices, likeness) of the names alike enough, the most alike first.

    Runs over a hundred thousand names in well under a second: rapidfuzz drops the unlike ones itself.
    """
    if not name:
        return []
    # Both scorers are never below the likeness; a point less, for the likeness is rounded.
    least = at_least - 1
    by_words = process.extract(name, choices, scorer=fuzz.token_ratio, score_cutoff=least, limit=None)
    by_letters = process.extract(
        _joined(name),
        [_joined(choice) for choice in choices],
        scorer=fuzz.ratio,
        score_cutoff=least,
        limit=None,
    )
    near = {place for _choice, _score, place in (*by_words, *by_letters)}
    scored = [(place, likeness(name, choices[place])) for place in near]
    found = [(place, score) for place, score in scored if score >= at_least]
    return sorted(found, key=lambda hit: (-hit[1], hit[0]))[:limit]


def _joined(name: str) -> str:
    return name.replace(" ", "")
