"""A look at a leaving partner's page, in the browser: a band, a reason, no power."""

import pytest

from tests.e2e.browsing import Crowd, Person

pytestmark = pytest.mark.slow
LEAVING = "Herstart Antwerpen BV"  # the demo began his way out


@pytest.mark.parametrize("has_scripts", [True, False], ids=["scripts", "no-scripts"])
def test_a_look_at_his_page_has_a_band_and_no_power(crowd: Crowd, has_scripts: bool) -> None:
    carla = crowd.demo_person("carla", java_script_enabled=has_scripts)
    _open_partner(carla)
    address = carla.page.url
    carla.go(carla.path + "view-as/")
    carla.fill(reason="He asks what is still open.")
    carla.press("Look for 30 minutes")
    carla.reads("You look at the pages of Herstart Antwerpen BV")
    carla.go("/tpr/exit/")
    assert carla.heading.startswith("Your contract ends")
    with carla.refused(403):
        carla.go("/mar/partners/")
    carla.press("End the look", within="body")
    carla.page.wait_for_url(address)
    assert carla.page.get_by_text("You look at the pages of").count() == 0


def _open_partner(person: Person) -> None:
    person.go("/mar/partners/?state=winding_down")
    person.follow(LEAVING)
    person.page.wait_for_url("**/mar/partners/*-*/")
