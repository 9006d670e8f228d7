"""What some partners of the demo let buyers read about them."""

from datetime import datetime

from core.tenancy import partner_scope
from partners.services.public_profiles import save_profile
from portal.demo.people import Cast

PROFILES = {
    "TPR-0001": (
        ("advise", "sell", "build", "run"), ("DE", "AT"),
        "Business notebooks with a year's warranty, from one to five hundred.",
    ),
    "TPR-0002": (("sell", "build"), ("NL", "BE"), "A repair shop in Utrecht: tested, cleaned, ready for school."),
    "TPR-0003": (
        ("sell", "build", "collect"), ("FR", "BE", "LU"),
        "We collect, wipe and prepare, and tell you what became of each PC.",
    ),
    "TPR-0005": (("sell", "build", "schools"), ("DE",), "A co-operative: rooms full of equal PCs for schools."),
    "TPR-0007": (
        ("collect", "build", "charities"), ("NL",),
        "Old devices in, working ones out, much of it for neighbours in need.",
    ),
    "TPR-0008": (
        ("build", "schools", "charities"), ("DE",), "Computers for everybody who cannot pay a shop's price.",
    ),
    "TPR-0010": (("sell", "build"), ("FR",), "Desktop PCs from one region, for the same region."),
}  # fmt: skip


def show_profiles(cast: Cast, *, at: datetime) -> None:
    """List those who agreed; the others have no entry."""
    for code, (capabilities, countries, blurb) in PROFILES.items():
        partner = cast.partners[code]
        host = partner.contact_email.partition("@")[2]
        with partner_scope(partner.pk):
            save_profile(
                partner.pk, is_listed=True, capabilities=capabilities, countries=countries, website=f"https://{host}",
                blurb=blurb, by=cast.owner(code), at=at,
            )  # fmt: skip
