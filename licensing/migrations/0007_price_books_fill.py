"""The prices so far become the standard book's, one book for each currency; order lines learn their price."""

from django.db import migrations

BOOKS = """
INSERT INTO licensing_pricebook (code, name, route, tier, currency, valid_from)
SELECT 'STANDARD-' || currency, 'Standard ' || currency, 'standard', '', currency, '2000-01-01T00:00Z'
FROM (SELECT DISTINCT currency FROM licensing_price) c"""
# The latest start won until now; each price therefore ends where the next begins, if not before.
PRICES = """
UPDATE licensing_price p SET book_id = b.id, is_opening = true, announced_at = p.valid_from, written_at = p.valid_from,
  valid_before = least(p.valid_before, (SELECT min(n.valid_from) FROM licensing_price n
    WHERE n.product_id = p.product_id AND n.currency = p.currency AND n.valid_from > p.valid_from))
FROM licensing_pricebook b WHERE b.currency = p.currency"""
LINES = """
UPDATE licensing_orderline l SET price_id = p.id
FROM licensing_order o, licensing_price p
WHERE o.id = l.order_id AND p.product_id = l.product_id AND p.currency = l.currency AND p.amount = l.unit_price
  AND p.valid_from <= o.placed_at AND (p.valid_before IS NULL OR p.valid_before > o.placed_at)"""
VOLUMES = """
INSERT INTO licensing_pricevolume (partner_id, book_id, year, quantity)
SELECT l.partner_id, p.book_id, extract(year FROM o.placed_at AT TIME ZONE
    coalesce((SELECT time_zone FROM partners_mar LIMIT 1), 'Europe/Berlin')), sum(l.quantity)
FROM licensing_orderline l JOIN licensing_order o ON o.id = l.order_id JOIN licensing_price p ON p.id = l.price_id
WHERE o.state NOT IN ('draft', 'cancelled', 'expired') GROUP BY 1, 2, 3"""


class Migration(migrations.Migration):
    dependencies = [("licensing", "0006_price_books")]
    operations = [
        migrations.RunSQL(statement, migrations.RunSQL.noop) for statement in (BOOKS, PRICES, LINES, VOLUMES)
    ]
