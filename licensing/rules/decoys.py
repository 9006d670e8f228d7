"""Decoy keys: how many a delivery gets, and how an invented key looks. Source: docs/security.md, "Decoy keys"."""

from random import Random

from licensing.rules.key_syntax import KEY_ALPHABET, is_placeholder

ONE_IN = 500
GROUPS, GROUP_LENGTH = 5, 5
# A key of today's Windows carries one N; Random of the operating system, so no seed tells the next one.
_LETTERS = KEY_ALPHABET.replace("N", "")
FIRST_TAIL, LONGEST_TAIL = 4, 13


def how_many(keys: int, random: Random) -> int:
    """Return the number of decoys for a delivery of so many keys: at least one, one in 500 on average.

    It is drawn, so that nobody can count whether he has met them all.
    """
    return random.randint(1, max(2, 2 * keys // ONE_IN))


def invented_key(random: Random) -> str:
    """Return a key of valid syntax that nobody sold: shaped like a real one, with a single N."""
    while True:
        letters = random.choices(_LETTERS, k=GROUPS * GROUP_LENGTH)
        letters[random.randrange(len(letters))] = "N"
        text = "".join(letters)
        key = "-".join(text[start : start + GROUP_LENGTH] for start in range(0, len(text), GROUP_LENGTH))
        if not is_placeholder(key):
            return key


def invented_id(neighbour: str, tail: int, random: Random) -> str:
    """Return a product key id near a real one: its head, and a drawn tail of so many digits."""
    drawn = "".join(random.choices("0123456789", k=tail))
    return neighbour[: len(neighbour) - tail] + drawn
