"""The finder for buyers: partners who agreed to be listed, by country and by what they do."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from core.tenancy import no_scope
from partners.models import PublicProfile
from partners.rules.countries import choices as country_choices
from partners.rules.countries import country_name
from partners.selectors.public_profiles import listed_profiles
from partners.selectors.standing import public_badges
from portal.policy import public
from portal.web.standing_words import BADGES


@public
@require_safe
def finder(request: HttpRequest) -> HttpResponse:
    """List partners; what was asked for stays in the address, so it can be shared."""
    country, capability = request.GET.get("country", ""), request.GET.get("for", "")
    countries, capabilities = country_choices(), PublicProfile.Capability.choices
    # An unknown value finds nobody rather than everybody.
    is_known = country in {"", *dict(countries)} and capability in {"", *dict(capabilities)}
    with no_scope():
        found = listed_profiles(country=country, capability=capability) if is_known else []
        badges = public_badges(timezone.now())
    words = dict(capabilities)
    context = {
        "countries": [("", _("All countries")), *countries],
        "capabilities": [("", _("Everything")), *capabilities],
        "country": country,
        "capability": capability,
        "partners": [
            {
                "name": profile.partner.name,
                "home": country_name(profile.partner.country),
                "does": [words[code] for code in profile.capabilities if code in words],
                "serves": [country_name(code) for code in profile.countries],
                "website": profile.website,
                "blurb": profile.blurb,
                "badges": [BADGES[code] for code in badges.get(profile.partner_id, []) if code in BADGES],
            }
            for profile in found
        ],
    }
    return render(request, "public/finder.html", context)
