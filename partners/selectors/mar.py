"""Facts about the MAR itself."""

from zoneinfo import ZoneInfo

from partners.models import Mar

DEFAULT_ZONE = "Europe/Berlin"
DEFAULT_CURRENCY = "EUR"


def the_mar() -> Mar | None:
    """Return the MAR's row, None before it is set up."""
    return Mar.objects.first()


def mar_zone() -> ZoneInfo:
    """Return the zone in which the MAR's months begin and end."""
    name = Mar.objects.values_list("time_zone", flat=True).first()
    return ZoneInfo(name or DEFAULT_ZONE)


def mar_currency() -> str:
    """Return the currency in which the MAR keeps its partners' accounts."""
    return Mar.objects.values_list("currency", flat=True).first() or DEFAULT_CURRENCY


def mar_name() -> str:
    """Return the MAR's legal name, empty before it is set up."""
    return Mar.objects.values_list("legal_name", flat=True).first() or ""
