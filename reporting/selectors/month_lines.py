"""The lines of a month's report, read from the temporary tables of `month_steps`.

Each function returns rows by the field names of the dataclass in reporting/builders/lines.py.
"""

from licensing.rules.key_states import NOT_AT_MICROSOFT, KeyState
from reporting.selectors.month_steps import AS_UUID, FAMILY, MonthBounds
from reporting.selectors.rows import Row, fetch_rows

TREND_MONTHS = 12
LISTED_AFTER_DAYS = 7
# The programme's limit at the month's last instant; what an exception lifts stands with the exception.
_CITIZENSHIP_QUOTA = """(licensing_rule('citizenship.windows', 'per_month',
      %(end)s::timestamptz - interval '1 microsecond'))::int"""

# Handed over and without a build report.
_UNREPORTED = f"""
WITH open AS (
  SELECT st.key_id, st.product_id, st.partner_id, st.state, max(s.at) AS handed_over_at
  FROM report_standings st JOIN report_steps s ON s.key_id = st.key_id
    AND s.from_state = {KeyState.ASSIGNED:d} AND s.to_state = {KeyState.RETRIEVED:d}
  WHERE st.state IN ({", ".join(str(state.value) for state in NOT_AT_MICROSOFT)})
  GROUP BY 1, 2, 3, 4
), unreported AS (
  SELECT *, floor(extract(epoch FROM %(end)s - handed_over_at) / 86400)::int AS age_days FROM open
)"""

# Decoys are in no delivery and leave the stock only with one that is undone: they are taken out on every side.
# Opening and closing come from the last step of each key, entries and exits from the steps
# themselves, so that the stock equation compares two independent counts.
_STOCK = f"""
WITH decoys AS (
  SELECT d.product_id, d.released_at, d.free + d.held + d.undone AS keys,
    CASE WHEN f.undone_at < %(end)s THEN d.undone ELSE 0 END AS went,
    CASE WHEN f.undone_at < %(start)s THEN d.undone ELSE 0 END AS went_before
  FROM licensing_decoycount d JOIN licensing_fulfilment f ON f.id = d.fulfilment_id WHERE d.released_at < %(end)s
), counted AS (
  SELECT product_id, state, count(*) AS opening, 0 AS entries, 0 AS exits, 0 AS closing FROM (
    SELECT DISTINCT ON (key_id) product_id, to_state AS state FROM report_steps
    WHERE at < %(start)s ORDER BY key_id, id DESC) before GROUP BY 1, 2
  UNION ALL
  SELECT product_id, to_state, 0, count(*), 0, 0 FROM report_steps WHERE at >= %(start)s GROUP BY 1, 2
  UNION ALL
  SELECT product_id, from_state, 0, 0, count(*), 0 FROM report_steps
  WHERE at >= %(start)s AND from_state IS NOT NULL GROUP BY 1, 2
  UNION ALL
  SELECT product_id, state, 0, 0, 0, count(*) FROM report_standings GROUP BY 1, 2
  UNION ALL
  SELECT product_id, {KeyState.FULFILLED:d},
    CASE WHEN released_at < %(start)s THEN went_before - keys ELSE 0 END,
    CASE WHEN released_at >= %(start)s THEN -keys ELSE 0 END, went_before - went, went - keys FROM decoys
  WHERE keys > went_before
  UNION ALL
  SELECT product_id, {KeyState.UNDONE:d}, -went_before, went_before - went, 0, -went FROM decoys WHERE went > 0
)
SELECT p.code AS product_code, p.name AS product_name, p.lpn, {FAMILY.format(product="p")} AS family,
  c.state AS state_code, sum(c.opening)::int AS opening, sum(c.entries)::int AS entries,
  sum(c.exits)::int AS exits, sum(c.closing)::int AS closing
FROM counted c JOIN licensing_product p ON p.id = c.product_id GROUP BY p.id, c.state ORDER BY p.code, c.state
"""
# From the deliveries themselves, not from the steps counted above: the second check is a real one.
_RECEIVED = """
SELECT p.code AS product_code, sum(f.quantity)::int AS keys FROM licensing_fulfilment f
JOIN licensing_product p ON p.id = f.product_id
WHERE f.id IN (SELECT k.fulfilment_id FROM report_steps s JOIN licensing_productkey k ON k.id = s.key_id
  WHERE s.from_state IS NULL)
GROUP BY 1 ORDER BY 1
"""
_ACKS = """
SELECT p.code AS product_code, a.code AS ack_code, count(*)::int AS keys FROM report_answers a
JOIN licensing_product p ON p.id = a.product_id GROUP BY 1, 2 ORDER BY 1, 2
"""
# Citizenship is counted as its quota is (CIT-5): a key that went back to stock in the month counts no more.
_PARTNERS = f"""{_UNREPORTED}, moved AS (
  SELECT s.partner_id,
    count(*) FILTER (WHERE s.to_state = {KeyState.ASSIGNED:d}) AS assigned,
    count(*) FILTER (WHERE s.to_state = {KeyState.RETURNED:d}) AS returned
  FROM report_steps s WHERE s.at >= %(start)s AND s.partner_id IS NOT NULL GROUP BY 1
), citizenship AS (
  SELECT s.partner_id, count(*) FILTER (WHERE p.generation NOT ILIKE 'office%%') AS windows,
    count(*) FILTER (WHERE p.generation ILIKE 'office%%') AS office
  FROM report_steps s JOIN licensing_product p ON p.id = s.product_id AND p.family = 'citizenship'
  WHERE s.at >= %(start)s AND s.to_state = {KeyState.ASSIGNED:d} AND NOT EXISTS (
    SELECT 1 FROM report_steps back
    WHERE back.key_id = s.key_id AND back.id > s.id AND back.to_state = {KeyState.FULFILLED:d})
  GROUP BY 1
), answered AS (
  SELECT partner_id, count(*) FILTER (WHERE to_state = {KeyState.ACTIVATION_ENABLED:d}) AS enabled,
    count(*) FILTER (WHERE to_state = {KeyState.ACTIVATION_DENIED:d}) AS denied
  FROM report_answers GROUP BY 1
), ordered AS (
  SELECT line.partner_id, sum(line.quantity) AS keys FROM licensing_orderline line
  WHERE line.id IN (SELECT {AS_UUID.format(column="object_id")} FROM report_steps
    WHERE at >= %(start)s AND reason = %(placed)s) GROUP BY 1
), waiting AS (
  SELECT partner_id, count(*) FILTER (WHERE age_days > 7) AS d7, count(*) FILTER (WHERE age_days > 30) AS d30,
    count(*) FILTER (WHERE age_days > 60) AS d60
  FROM unreported GROUP BY 1
)
SELECT p.code, p.name, p.country,
  coalesce(o.keys, 0)::int AS ordered, coalesce(m.assigned, 0)::int AS assigned,
  coalesce(a.enabled, 0)::int AS enabled, coalesce(a.denied, 0)::int AS denied,
  coalesce(m.returned, 0)::int AS returned, coalesce(w.d7, 0)::int AS unreported_7,
  coalesce(w.d30, 0)::int AS unreported_30, coalesce(w.d60, 0)::int AS unreported_60,
  coalesce(c.windows, 0)::int AS citizenship_windows,
  CASE WHEN EXISTS (SELECT 1 FROM licensing_familygrant g
    WHERE g.partner_id = p.id AND g.family = 'citizenship' AND g.valid_from < %(end)s
      AND (g.valid_before IS NULL OR g.valid_before > %(start)s))
    THEN {_CITIZENSHIP_QUOTA} END AS citizenship_quota,
  coalesce(c.office, 0)::int AS office
FROM partners_partner p LEFT JOIN moved m ON m.partner_id = p.id LEFT JOIN answered a ON a.partner_id = p.id
  LEFT JOIN ordered o ON o.partner_id = p.id LEFT JOIN waiting w ON w.partner_id = p.id
  LEFT JOIN citizenship c ON c.partner_id = p.id
WHERE m.partner_id IS NOT NULL OR w.partner_id IS NOT NULL ORDER BY p.code
"""
_DENIED = f"""
SELECT p.code AS partner_code, p.name AS partner_name, pr.name AS product_name, k.product_key_id,
  coalesce(d.manufacturer || ' ' || d.model, '') AS device, coalesce(d.serial, '') AS device_serial,
  a.code AS ack_code, a.at AS ack_at
FROM report_answers a JOIN licensing_productkey k ON k.id = a.key_id
  JOIN licensing_product pr ON pr.id = a.product_id
  JOIN partners_partner p ON p.id = a.partner_id LEFT JOIN licensing_build b ON b.id = a.build_id
  LEFT JOIN licensing_device d ON d.id = b.device_id
WHERE a.to_state = {KeyState.ACTIVATION_DENIED:d} ORDER BY p.code, a.at, k.product_key_id
"""
_UNREPORTED_LINES = f"""{_UNREPORTED}
SELECT p.code AS partner_code, p.name AS partner_name, pr.name AS product_name, k.product_key_id,
  u.state AS state_code, u.handed_over_at, u.age_days
FROM unreported u JOIN licensing_productkey k ON k.id = u.key_id
  JOIN licensing_product pr ON pr.id = u.product_id
  JOIN partners_partner p ON p.id = u.partner_id
WHERE u.age_days > {LISTED_AFTER_DAYS} ORDER BY p.code, u.age_days DESC, k.product_key_id
"""
_ADJUSTMENTS = """
SELECT p.code AS partner_code, p.name AS partner_name, k.product_key_id,
  to_char(a.sent_at AT TIME ZONE %(zone)s, 'YYYY-MM') AS cbr_period, a.from_state, a.to_state,
  a.code AS ack_code, a.at AS recorded_at
FROM report_answers a JOIN licensing_productkey k ON k.id = a.key_id
  JOIN partners_partner p ON p.id = a.partner_id
WHERE a.sent_at < %(start)s ORDER BY p.code, a.at, k.product_key_id
"""
_TREND = f"""
SELECT to_char(at AT TIME ZONE %(zone)s, 'YYYY-MM') AS period,
  (count(*) FILTER (WHERE to_state = {KeyState.ACTIVATION_ENABLED:d}))::int AS enabled,
  (count(*) FILTER (WHERE to_state = {KeyState.ACTIVATION_DENIED:d}))::int AS denied
FROM report_steps WHERE reason = %(answered)s AND at >= %(trend_start)s
  AND to_state IN ({KeyState.ACTIVATION_ENABLED:d}, {KeyState.ACTIVATION_DENIED:d})
GROUP BY 1 ORDER BY 1
"""


def stock_rows(bounds: MonthBounds) -> list[Row]:
    """Return keys per product and state: opening, entries, exits, closing."""
    return [_with_state_name(row) for row in fetch_rows(_STOCK, bounds.parameters())]


def received_rows(bounds: MonthBounds) -> list[Row]:
    """Return all keys delivered per product up to the month's end, as Microsoft's deliveries say."""
    return fetch_rows(_RECEIVED, bounds.parameters())


def ack_rows(bounds: MonthBounds) -> list[Row]:
    """Return Microsoft's answers of the month per product and code."""
    return fetch_rows(_ACKS, bounds.parameters())


def partner_rows(bounds: MonthBounds) -> list[Row]:
    """Return one row for each refurbisher with a step in the month or an unreported key at its end."""
    return fetch_rows(_PARTNERS, bounds.parameters())


def denied_rows(bounds: MonthBounds) -> list[Row]:
    """Return one row for each denial of the month; without the meaning of its code."""
    return fetch_rows(_DENIED, bounds.parameters())


def unreported_rows(bounds: MonthBounds) -> list[Row]:
    """Return the keys handed over more than seven days before the month's end and not reported."""
    rows = [_with_state_name(row) for row in fetch_rows(_UNREPORTED_LINES, bounds.parameters())]
    for row in rows:
        del row["state_code"]
    return rows


def adjustment_rows(bounds: MonthBounds) -> list[Row]:
    """Return the answers of the month to build reports of an earlier month."""
    rows = fetch_rows(_ADJUSTMENTS, bounds.parameters())
    for row in rows:
        row["state_before"] = KeyState(row.pop("from_state")).microsoft_name
        row["state_after"] = KeyState(row.pop("to_state")).microsoft_name
    return rows


def trend_rows(bounds: MonthBounds) -> list[Row]:
    """Return the answers of this month and up to eleven before, months without any included."""
    first = bounds.period
    for _ in range(TREND_MONTHS - 1):
        first = first.previous()
    found = {
        row["period"]: row
        for row in fetch_rows(_TREND, {**bounds.parameters(), "trend_start": first.starts_at(bounds.zone)})
    }
    if not found:
        return [{"period": str(bounds.period), "enabled": 0, "denied": 0}]
    rows, period = [], first
    while period <= bounds.period:
        rows.append(found.get(str(period), {"period": str(period), "enabled": 0, "denied": 0}))
        period = period.next()
    began = next(place for place, row in enumerate(rows) if row["enabled"] or row["denied"])
    return rows[began:]


def _with_state_name(row: Row) -> Row:
    return row | {"state_name": KeyState(row["state_code"]).microsoft_name}
