"""A portal for partners starts without the demo's doors and says when its Microsoft is a stand-in."""

from typing import Any

import pytest

from portal.checks import no_demo_in_production, no_simulator_in_production, vat_provider_is_known


def _ids(settings: Any, **changed: Any) -> list[str]:
    for name, value in changed.items():
        setattr(settings, name, value)
    return [str(found.id) for found in (*no_demo_in_production(), *no_simulator_in_production())]


def test_demo_and_simulator_under_production_are_told(settings: Any) -> None:
    assert _ids(settings, ENVIRONMENT_NAME="local", DEMO_ENABLED=True, EXCHANGE_CONNECTOR="simulator") == []
    assert _ids(settings, ENVIRONMENT_NAME="production") == ["portal.E001", "portal.W001"]
    assert _ids(settings, DEMO_ENABLED=False, EXCHANGE_CONNECTOR="file") == []


@pytest.mark.parametrize(
    ("name", "found"), [("offline", []), ("vies_rest", []), ("vies_soap", []), ("vies", ["portal.E004"])]
)
def test_an_unknown_source_of_vat_numbers_does_not_start(settings, name, found):
    settings.VAT_PROVIDER = name
    assert [message.id for message in vat_provider_is_known()] == found
