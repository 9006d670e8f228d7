"""Find text shaped like a product key in a report's frozen lines, before they are frozen for good."""

from uuid import UUID

from django.db import connection

from reporting.rules.device_columns import DEVICE_COLUMNS

_CHARACTER = "[BCDFGHJKMPQRTVWXY2346789N]"
_DASH = "[-\u2010-\u2015\u2212 ]"
_KEY = f"(^|[^A-Z0-9])({_CHARACTER}{{5}}({_DASH}{_CHARACTER}{{5}}){{4}}|{_CHARACTER}{{25}})($|[^A-Z0-9])"
_CELLS = ", ".join(f'"{column}"' for column in DEVICE_COLUMNS)


def place_of_key(report_id: UUID) -> str | None:
    """Return where a report's lines hold text shaped like a key, None when none does; never the text."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT 'device line ' || position FROM reporting_reportdeviceline
            WHERE report_id = %(report)s AND concat_ws(E'\\n', {_CELLS}) ~* %(key)s
            UNION ALL
            SELECT kind || ' line ' || position FROM reporting_reportline
            WHERE report_id = %(report)s AND facts::text ~* %(key)s LIMIT 1""",
            {"report": report_id, "key": _KEY},
        )
        row = cursor.fetchone()
    return str(row[0]) if row else None
