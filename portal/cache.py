"""The cache, which may be away: then each process counts and remembers for itself.

Sign-in must work without the cache server. What stands in it (counters of tries, used codes) is then
kept in this process; after a few seconds the server is asked again.
"""

import time
from collections.abc import Callable
from typing import Any

import structlog
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

log = structlog.get_logger(__name__)
ASK_AGAIN_SECONDS = 5.0
_METHODS = (
    "add", "get", "set", "touch", "delete", "get_many", "set_many", "delete_many", "has_key", "incr", "clear",
)  # fmt: skip


class SturdyRedisCache(RedisCache):
    """Redis or Valkey, and this process's memory while it is away."""

    _away_until = 0.0

    def __init__(self, server: Any, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._own = LocMemCache("sturdy", {**params, "OPTIONS": {}})

    def _tried(self, name: str, call: Callable[..., Any], *args: Any, **options: Any) -> Any:
        if time.monotonic() >= SturdyRedisCache._away_until:
            try:
                return call(*args, **options)
            except (RedisError, OSError) as error:
                SturdyRedisCache._away_until = time.monotonic() + ASK_AGAIN_SECONDS
                log.warning("cache.away", error=type(error).__name__)
        return getattr(self._own, name)(*args, **options)


def _sturdy(name: str) -> Callable[..., Any]:
    original = getattr(RedisCache, name)

    def method(self: SturdyRedisCache, *args: Any, **options: Any) -> Any:
        return self._tried(name, lambda *a, **o: original(self, *a, **o), *args, **options)

    method.__name__ = name
    return method


for _name in _METHODS:
    setattr(SturdyRedisCache, _name, _sturdy(_name))
