"""Buyers who order all the time and repeat an order, with the same key, until they get an answer."""

import http.client
import json
import random
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from licensing.models import Product
from tests.race.shops import Shop

REQUEST_SECONDS = 20
LONGEST_THOUGHT = 0.15  # seconds between two orders of one buyer


@dataclass(frozen=True)
class Wish:
    """One order to be placed, under one idempotency key."""

    shop: Shop
    product: Product
    quantity: int
    key: str


@dataclass(frozen=True)
class Outcome:
    """The answer a buyer was content with."""

    wish: Wish
    status: int
    code: str
    order_id: str
    tries: int

    @property
    def is_ordered(self) -> bool:
        """Return whether the portal said that the order stands."""
        return self.status in (200, 201)


class NoAnswer(Exception):
    """The connection broke, took too long, or the portal made a mistake: try again."""


@dataclass
class Crowd:
    """The buyers, and what they were told."""

    port: int
    shops: Sequence[Shop]
    plenty: Product
    scarce: Product
    seed: int
    until: float  # time.monotonic() after which nobody tries again
    outcomes: list[Outcome] = field(default_factory=list)
    given_up: list[Wish] = field(default_factory=list)
    is_scarce: threading.Event = field(default_factory=threading.Event)
    is_over: threading.Event = field(default_factory=threading.Event)
    threads: list[threading.Thread] = field(default_factory=list)

    def begin(self) -> None:
        """Let one buyer for each shop begin."""
        self.threads = [
            threading.Thread(target=self._buy, args=(place, shop)) for place, shop in enumerate(self.shops)
        ]
        for thread in self.threads:
            thread.start()

    def end(self) -> None:
        """Let every buyer finish the order at hand, and wait for them."""
        self.is_over.set()
        for thread in self.threads:
            thread.join(max(self.until - time.monotonic(), 0) + REQUEST_SECONDS + 5)
        assert not any(thread.is_alive() for thread in self.threads), "a buyer hangs"

    @property
    def ordered(self) -> list[Outcome]:
        """Return the orders that were answered as placed."""
        return [outcome for outcome in self.outcomes if outcome.is_ordered]

    @property
    def repeats(self) -> int:
        """Return how many orders stood already when they were sent again: the answer had been lost."""
        return sum(outcome.status == http.client.OK for outcome in self.outcomes)

    @property
    def retries(self) -> int:
        """Return how often an order was sent again."""
        return sum(outcome.tries - 1 for outcome in self.outcomes)

    def _buy(self, place: int, shop: Shop) -> None:
        chance = random.Random(self.seed * 1_000 + place)
        while not self.is_over.is_set():
            self._insist(self._wish(chance, shop), chance)
            time.sleep(chance.uniform(0, LONGEST_THOUGHT))

    def _wish(self, chance: random.Random, shop: Shop) -> Wish:
        wants_scarce = chance.random() < 0.5 and self.is_scarce.is_set()
        key = str(UUID(int=chance.getrandbits(128), version=4))
        return Wish(shop, self.scarce if wants_scarce else self.plenty, chance.randint(1, 3), key)

    def _insist(self, wish: Wish, chance: random.Random) -> None:
        tries = 0
        while time.monotonic() < self.until:
            tries += 1
            try:
                status, body = send(self.port, wish)
            except NoAnswer:
                time.sleep(chance.uniform(0.1, 0.6))
                continue
            code, order_id = str(body.get("code", "")), str(body.get("id", ""))
            self.outcomes.append(Outcome(wish, status, code, order_id, tries))
            return
        self.given_up.append(wish)


def send(port: int, wish: Wish) -> tuple[int, dict[str, object]]:
    """Send an order once and return status and body.

    :raises NoAnswer: when no whole answer came, or one that says the portal is at fault.
    """
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=REQUEST_SECONDS)
    headers = {
        "Host": "localhost",
        "Authorization": f"Bearer {wish.shop.secret}",
        "Content-Type": "application/json",
        "Idempotency-Key": wish.key,
    }
    # The reference names the key too: so orders can be counted by key without the idempotency table.
    order = {"product": wish.product.code, "quantity": wish.quantity, "reference": wish.key}
    try:
        connection.request("POST", "/api/v1/orders", body=json.dumps(order), headers=headers)
        response = connection.getresponse()
        text = response.read()
    except (OSError, http.client.HTTPException) as error:
        raise NoAnswer(type(error).__name__) from error
    finally:
        connection.close()
    if response.status >= 500:
        raise NoAnswer(str(response.status))
    return response.status, json.loads(text)
