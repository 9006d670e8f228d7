"""The database's answer to what a licence costs, for the order under lock: rule PRC-1 to PRC-4 in SQL."""

SIGNATURE = "licensing_unit_price(uuid, bigint, integer, timestamptz)"
COLUMNS = (
    ("amount", "numeric"), ("currency", "varchar"), ("price_id", "bigint"), ("book", "varchar"),
    ("deviation_id", "bigint"), ("list_amount", "numeric"), ("basis", "bigint"), ("min_quantity", "integer"),
)  # fmt: skip
_HOLDS = "{0}.valid_from <= p_at AND ({0}.valid_before IS NULL OR {0}.valid_before > p_at)"

# A price counts from its announcement by its dates alone: it is never announced after it begins.
_UNIT_PRICE = f"""
WITH payer AS (
  SELECT p.tier, coalesce(c.currency, m.currency) AS currency,
    extract(year FROM p_at AT TIME ZONE m.time_zone)::smallint AS year
  FROM partners_partner p
  CROSS JOIN (SELECT r.currency, r.time_zone FROM partners_mar r
    UNION ALL SELECT 'EUR', 'Europe/Berlin' LIMIT 1) m
  LEFT JOIN partners_creditposition c ON c.partner_id = p.id
  WHERE p.id = p_partner),
listed AS (
  SELECT x.amount, y.currency, x.id, b.code,
    coalesce(v.quantity, 0)::bigint + p_quantity AS basis, x.min_quantity
  FROM payer y
  JOIN licensing_pricebook b ON b.currency = y.currency AND {_HOLDS.format("b")}
  LEFT JOIN licensing_partnerpricing g ON g.book_id = b.id AND g.partner_id = p_partner
    AND g.approved_at IS NOT NULL AND {_HOLDS.format("g")}
  LEFT JOIN licensing_pricevolume v ON v.partner_id = p_partner AND v.book_id = b.id AND v.year = y.year
  JOIN licensing_price x ON x.book_id = b.id AND x.product_id = p_product
    AND x.announced_at IS NOT NULL AND x.withdrawn_at IS NULL AND {_HOLDS.format("x")}
    AND x.min_quantity <= coalesce(v.quantity, 0) + p_quantity
  WHERE g.id IS NOT NULL OR b.route = 'standard' OR (b.route = 'tier' AND b.tier = y.tier)
  ORDER BY CASE WHEN g.id IS NOT NULL THEN 1 WHEN b.route = 'tier' THEN 2 ELSE 3 END, b.code, x.min_quantity DESC
  LIMIT 1)
SELECT coalesce(d.amount, l.amount), l.currency, l.id, l.code, d.id, l.amount, l.basis, l.min_quantity
FROM listed l
LEFT JOIN LATERAL (
  SELECT n.id, n.amount FROM licensing_pricedeviation n
  WHERE n.partner_id = p_partner AND n.product_id = p_product AND n.currency = l.currency
    AND n.approved_at IS NOT NULL AND {_HOLDS.format("n")}
    AND n.quantity - n.used_quantity >= p_quantity AND n.amount < l.amount
  ORDER BY n.amount, n.id LIMIT 1) d ON true"""


def unit_price_function() -> str:
    """Return the SQL of the function; it sees what its caller may see."""
    columns = ", ".join(f"{name} {kind}" for name, kind in COLUMNS)
    return f"""
CREATE OR REPLACE FUNCTION licensing_unit_price(p_partner uuid, p_product bigint, p_quantity integer, p_at timestamptz)
RETURNS TABLE ({columns}) LANGUAGE plpgsql STABLE ROWS 1 AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY {_UNIT_PRICE};
END $$"""
