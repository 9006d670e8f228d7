"""What the gates of an order look at, and what a gate says: plain values without a rule in them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from core.errors import Refusal
from licensing.rules.citizenship import CitizenshipFacts
from licensing.rules.programme_rules import Ruleset, published_rules


@dataclass(frozen=True, slots=True)
class Block:
    """A restriction that stops orders: its rule and facts, since when, who lifts it, how far it reaches."""

    rule: str
    reason: str
    facts: Mapping[str, Any]
    next_step: str
    since: datetime | None = None
    kind: str = "orders"
    lifter_role: str = ""
    is_by_rule: bool = False
    waits: bool = False
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class MissingAgreement:
    """An agreement that is due for this product and not accepted."""

    title: str
    version: str
    is_master: bool

    @property
    def rule(self) -> str:
        """Return the rule that asks for it."""
        return "ORD-2" if self.is_master else "ORD-10"


@dataclass(frozen=True, slots=True)
class MissingCourse:
    """A required course in which nobody of the partner has a valid pass."""

    code: str
    title: str


@dataclass(frozen=True, slots=True)
class VersionFacts:
    """What the product asks of an order by its version in force."""

    id: UUID
    product_code: str
    since: datetime
    required_fields: Mapping[str, Any] = field(default_factory=dict)
    countries: Sequence[str] = ()
    # Of a product that is ordered only beside another one: that one, and what the partner holds of either.
    # Of itself what waits counts too, or two orders that wait could pass together.
    pair: str = ""
    pair_code: str = ""
    pair_held: int = 0
    held: int = 0

    @property
    def number(self) -> str:
        """Return the version as a refusal names it: the day it began."""
        return f"{self.since:%Y-%m-%d}"


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """All that the gates look at, read in one place; amounts are net, in ``currency``."""

    at: datetime
    quantity: int
    product_name: str
    product_family: str
    is_on_sale: bool
    order_before: datetime | None
    partner_state: str
    blocks: Sequence[Block]
    missing_agreements: Sequence[MissingAgreement]
    missing_courses: Sequence[MissingCourse]
    allowed_families: frozenset[str]
    monthly_quantity: int | None
    ordered_this_month: int
    unit_price: Decimal | None
    currency: str
    credit_limit: Decimal | None
    unpaid: Decimal
    unbilled: Decimal
    free_stock: int | None = None
    citizenship: CitizenshipFacts | None = None
    graced_rules: frozenset[str] = frozenset()
    is_suspension_known: bool = True
    rules: Ruleset = field(default_factory=published_rules)
    # Where the unit price comes from, kept on the order line.
    price_id: int | None = None
    deviation_id: int | None = None
    # The threshold of that price, and the year's licences with this order: a smaller order may miss it.
    price_from: int = 1
    year_quantity: int = 0
    committed: Decimal = Decimal(0)
    queued: int = 0
    queued_orders: int = 0
    is_rationed: bool = False
    delivered: int = 0
    # What was called off at Microsoft and has not come: the expected day, and how many keys.
    arriving: tuple[tuple[date, int], ...] = ()
    lane: str = ""
    # How long the keys shall be kept for a confirmation; 0 is no reservation.
    reserve_minutes: int = 0
    is_approved: bool = False
    was_placed: bool = False
    version: VersionFacts | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    # Where the partner may sell: his own country first, then what was agreed.
    sale_countries: Sequence[str] = ()
    product_code: str = ""
    # When the month of the limit is over, in the MAR's zone.
    month_ends_on: date | None = None
    # From then on no key of the product is given out, so nobody could use what still waits.
    install_before: datetime | None = None

    @property
    def amount(self) -> Decimal:
        """Return the order's net amount, zero without a price."""
        return (self.unit_price or Decimal(0)) * self.quantity

    def again(self, *, quantity: int | None = None, lane: str = "") -> str:
        """Return the path of the order form with another quantity or lane filled in; of a placed order none."""
        if self.was_placed or not self.product_code or quantity == 0:
            return ""
        asked = {"quantity": str(quantity or self.quantity)} | ({"lane": lane} if lane else {})
        if self.citizenship is not None and self.citizenship.recipient is not None:
            asked["recipient"] = str(self.citizenship.recipient.id)
        return f"/tpr/order/{self.product_code}/?{urlencode(asked)}"

    @property
    def available(self) -> int:
        """Return how many free keys this order may take: those who wait longer come first.

        Where a fair share is in force nobody takes keys past it.
        """
        if self.is_rationed or self.free_stock is None:
            return 0
        return max(self.free_stock - self.queued, 0)

    @property
    def exposure(self) -> Decimal:
        """Return what the partner owes or has ordered: committed, not billed, not paid."""
        return self.committed + self.unbilled + self.unpaid


@dataclass(frozen=True, slots=True)
class Gate:
    """One gate with its outcome: ``refusal`` is None when the order may pass.

    ``waits_as`` is the state in which an order waits before a closed gate, empty where it is refused.
    """

    code: str
    label: str
    refusal: Refusal | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    waits_as: str = ""

    @property
    def is_open(self) -> bool:
        """Return whether the order may pass."""
        return self.refusal is None
