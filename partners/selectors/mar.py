"""The MAR's own facts."""

from zoneinfo import ZoneInfo

from partners.models import Mar

DEFAULT_ZONE = "Europe/Berlin"


def the_mar() -> Mar | None:
    """Return the MAR's row, None before it is set up."""
    return Mar.objects.first()


def mar_zone() -> ZoneInfo:
    """Return the zone in which the MAR's months begin and end."""
    name = Mar.objects.values_list("time_zone", flat=True).first()
    return ZoneInfo(name or DEFAULT_ZONE)
