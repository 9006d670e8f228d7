"""Which PCs a partner sold outside the countries that were agreed on the day of the sale (DEV-5)."""

from uuid import UUID

from django.db import connection

from partners.selectors.mar import mar_zone

# His own country is always agreed; the others from their day to their last, in the MAR's zone.
_OUTSIDE = """
SELECT d.sale_country, count(*) FROM licensing_device d JOIN partners_partner p ON p.id = d.partner_id
WHERE d.partner_id = %(partner)s AND (%(device)s::uuid IS NULL OR d.id = %(device)s) AND d.sold_on IS NOT NULL
  AND d.sale_country NOT IN ('', p.country) AND NOT EXISTS (
    SELECT 1 FROM licensing_salecountry s WHERE s.partner_id = d.partner_id AND s.country = d.sale_country
      AND (s.valid_from AT TIME ZONE %(zone)s)::date <= d.sold_on
      AND (s.valid_before IS NULL OR (s.valid_before AT TIME ZONE %(zone)s)::date > d.sold_on))
GROUP BY 1 ORDER BY 1
"""


def sold_outside(partner_id: UUID, *, device_id: UUID | None = None) -> list[tuple[str, int]]:
    """Return country and number of the PCs sold outside what was agreed, of one PC alone when it is named."""
    with connection.cursor() as cursor:
        cursor.execute(_OUTSIDE, {"partner": partner_id, "device": device_id, "zone": mar_zone().key})
        return [(str(country), int(count)) for country, count in cursor.fetchall()]
