"""The owners' names out of the answers of the page "owners"."""

from collections.abc import Mapping
from typing import Any

MOST_OWNERS = 25
_NAME_LENGTH = 160


def owner_names(answers: Mapping[str, Any]) -> tuple[str, ...]:
    """Return every owner that the page names, each once, in its order.

    An owner is a line of a text, an item of a list, or the value of a field called like a name; dates,
    shares and statements on the same page are no names.
    """
    found: dict[str, None] = {}
    for key, value in answers.items():
        if key in ("owners", "beneficial_owners", "directors") or "name" in key:
            for name in _names_in(value):
                found[name] = None
    return tuple(found)[:MOST_OWNERS]


def _names_in(value: Any) -> list[str]:
    if isinstance(value, str):
        # "Eva Brandt, 60 %; born 1970" is Eva Brandt.
        lines = (line.split(",")[0].split(";")[0].split("(")[0] for line in value.splitlines())
        return [name for line in lines if (name := " ".join(line.split())[:_NAME_LENGTH])]
    if isinstance(value, Mapping):
        return [name for key, inner in value.items() if "name" in key for name in _names_in(inner)]
    if isinstance(value, list | tuple):
        return [name for inner in value for name in _names_in(inner)]
    return []
