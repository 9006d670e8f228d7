"""Count what an address does in a span of time, in the cache."""

from django.core.cache import cache


class Throttle:
    """So many acts an address and span; the counters may be lost, they protect nothing that counts."""

    def __init__(self, name: str, *, limit: int, seconds: int) -> None:
        self.name = name
        self.limit = limit
        self.seconds = seconds

    def is_open(self, address: str | None) -> bool:
        """Count one act and return whether it is still within the limit."""
        key = f"throttle:{self.name}:{address or 'unknown'}"
        cache.add(key, 0, self.seconds)
        try:
            return int(cache.incr(key)) <= self.limit
        except ValueError:  # the span ended between the two calls
            return True
