"""Slow down guessing without ever locking anybody out.

Each try counts in up to four places; who passes takes his try back. Past the free tries of a place the
next one must wait, twice as long each time, up to the place's limit. A try refused for that does not
count, so hammering does not prolong the wait. Guesses at an account from elsewhere never slow down a
network from which its owner has signed in before; an unknown network waits a minute at most for them.
Source: docs/security.md, "Sign-in".
"""

import hashlib
import time
from collections.abc import Iterator
from dataclasses import dataclass

from django.core.cache import cache

from core.networks import network_of

REMEMBERED_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class Place:
    """Where tries are counted: how many are free, the first wait and the longest, in seconds."""

    name: str
    free: int
    first_wait: float
    longest_wait: float


PAIR = Place("pair", 4, 2, 900)  # one account from one network
ADDRESS = Place("address", 20, 1, 900)
NETWORK = Place("network", 60, 1, 300)
ACCOUNT = Place("account", 30, 1, 60)  # one account from networks its owner never used


@dataclass(frozen=True, slots=True)
class Try:
    """One try to prove who one is, by password or by code."""

    kind: str
    account: str
    ip: str | None
    is_known_network: bool = False

    def admit(self) -> float:
        """Count the try and return 0, or return the seconds to wait first."""
        now = time.time()
        places = list(self._places())
        wait = max(float(cache.get(f"{key}:until") or 0) - now for _place, key in places)
        if wait > 0:
            return wait
        for place, key in places:
            count = _counted(key)
            if count > place.free:
                seconds = min(place.longest_wait, place.first_wait * 2 ** min(count - place.free - 1, 20))
                cache.set(f"{key}:until", now + seconds, REMEMBERED_SECONDS)
        return 0

    def passed(self) -> None:
        """Take the try back: it was the right person. His own network begins anew."""
        for place, key in self._places():
            if place is PAIR:
                cache.delete(key)
                cache.delete(f"{key}:until")
            elif int(cache.get(key) or 0) > 0:
                _taken_back(key)

    def _places(self) -> Iterator[tuple[Place, str]]:
        network = network_of(self.ip)
        yield PAIR, _key(self.kind, PAIR, self.account, network)
        yield ADDRESS, _key(self.kind, ADDRESS, str(self.ip))
        yield NETWORK, _key(self.kind, NETWORK, network)
        if not self.is_known_network:
            yield ACCOUNT, _key(self.kind, ACCOUNT, self.account)


def _key(kind: str, place: Place, *parts: str) -> str:
    digest = hashlib.sha256("|".join(parts).encode()).hexdigest()[:32]
    return f"tries:{kind}:{place.name}:{digest}"


def _counted(key: str) -> int:
    cache.add(key, 0, REMEMBERED_SECONDS)
    try:
        count = int(cache.incr(key))
    except ValueError:  # the hour ended between the two calls
        return 1
    cache.touch(key, REMEMBERED_SECONDS)
    return count


def _taken_back(key: str) -> None:
    try:
        cache.incr(key, -1)
    except ValueError:
        return
