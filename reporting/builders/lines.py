"""The lines a usage report is built from; counts are keys, codes and names are already frozen."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

ReportKind = Literal["original", "correction"]


@dataclass(frozen=True, slots=True)
class ReportHeader:
    """Who reports which month, and who made, reviewed and approved the report.

    `period` is 'YYYY-MM'; `period_end_utc` is exclusive; `time_zone` is an IANA name and decides
    where the month begins and ends; people are named as they are printed.
    """

    mar_name: str
    sold_to_id: str
    period: str
    period_start_utc: datetime
    period_end_utc: datetime
    time_zone: str
    number: str
    revision: int
    kind: ReportKind
    previous_number: str | None
    previous_sha256: str | None
    correction_reason: str | None
    generated_at: datetime
    generated_by: str
    reviewed_by: str | None
    approved_by: str | None
    is_draft: bool


@dataclass(frozen=True, slots=True)
class StockLine:
    """Keys of one product in one state over the month."""

    product_code: str
    product_name: str
    lpn: str
    family: str
    state_code: int
    state_name: str
    opening: int
    entries: int
    exits: int
    closing: int


@dataclass(frozen=True, slots=True)
class PartnerLine:
    """One refurbisher's month.

    `ordered` counts keys of orders submitted in the month; `assigned` moves into Assigned; `enabled`
    and `denied` Microsoft's answers; `returned` returns Microsoft accepted. `unreported_7`, `_30` and
    `_60` count keys handed over, without a computer build report, for more than that many days at
    month end, each including the next. `citizenship_quota` is the month's limit, None without one.
    """

    code: str
    name: str
    country: str
    ordered: int
    assigned: int
    enabled: int
    denied: int
    returned: int
    unreported_7: int
    unreported_30: int
    unreported_60: int
    citizenship_windows: int
    citizenship_quota: int | None
    office: int


@dataclass(frozen=True, slots=True)
class AckTotal:
    """How many answers of one code Microsoft gave for one product in the month."""

    product_code: str
    ack_code: str
    keys: int


@dataclass(frozen=True, slots=True)
class DeniedLine:
    """One key Microsoft refused to activate."""

    partner_code: str
    partner_name: str
    product_name: str
    product_key_id: str
    device: str
    device_serial: str
    ack_code: str
    ack_meaning: str
    ack_at: datetime


@dataclass(frozen=True, slots=True)
class UnreportedLine:
    """One key that was handed over and has no computer build report at month end; age in days."""

    partner_code: str
    partner_name: str
    product_name: str
    product_key_id: str
    state_name: str
    handed_over_at: datetime
    age_days: int


@dataclass(frozen=True, slots=True)
class AdjustmentLine:
    """An answer of this month to a computer build report of an earlier month ('YYYY-MM')."""

    partner_code: str
    partner_name: str
    product_key_id: str
    cbr_period: str
    state_before: str
    state_after: str
    ack_code: str
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class DeltaLine:
    """One figure that differs from the previous revision, with the cause; values as printed."""

    subject: str
    field: str
    before: str
    after: str
    cause: str


@dataclass(frozen=True, slots=True)
class TrendPoint:
    """Microsoft's answers of one month ('YYYY-MM'), for the trend chart."""

    period: str
    enabled: int
    denied: int


@dataclass(frozen=True, slots=True)
class DeviceFile:
    """The complete device CSV of the month: rows without the header, size in bytes."""

    name: str
    rows: int
    size: int
    sha256: str
