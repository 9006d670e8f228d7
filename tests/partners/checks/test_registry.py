"""The settings choose the sources; as installed, none of them leaves this machine."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from partners.checks.registry import provider_of, providers
from partners.models import CheckResult


def test_there_is_one_source_for_each_kind_in_the_order_of_the_kinds():
    assert [provider.kind for provider in providers()] == CheckResult.Kind.values


def test_as_installed_nobody_outside_is_asked():
    names = {provider.kind: provider.name for provider in providers()}
    assert names == {
        "vat": "python-stdnum",
        "email_domain": "own lists",
        "duplicate": "own records",
        "sanctions": "loaded lists",
        "website": "no look-up",
    }


@pytest.mark.parametrize(
    ("setting", "name", "address"),
    [
        ("vies_rest", "VIES (REST)", "https://ec.europa.eu/taxation_customs/vies/rest-api/check-vat-number"),
        ("vies_soap", "VIES (SOAP)", "https://ec.europa.eu/taxation_customs/vies/services/checkVatService"),
    ],
)
def test_vies_is_asked_in_the_form_of_the_setting(settings, setting, name, address):
    settings.VAT_PROVIDER = setting
    assert (provider_of("vat").name, provider_of("vat")._url) == (name, address)
    settings.VIES_URL = "http://relay.example/vies"
    assert provider_of("vat")._url == "http://relay.example/vies"


def test_an_unknown_name_is_refused(settings):
    settings.VAT_PROVIDER = "nobody"
    with pytest.raises(ImproperlyConfigured):
        providers()


def test_web_sites_are_called_only_where_it_is_switched_on(settings):
    settings.CHECK_WEBSITES = True
    assert provider_of("website").name == "HTTP"


def test_the_thresholds_are_settings(settings):
    settings.SANCTIONS_THRESHOLD, settings.DUPLICATE_THRESHOLD = 91, 77
    assert (provider_of("sanctions")._threshold, provider_of("duplicate")._threshold) == (91, 77)
