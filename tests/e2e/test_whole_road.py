"""One key through steps 1 to 8, in the browser, as different people, with real files."""

from pathlib import Path

import pytest

from tests.e2e import road_builds, road_joining, road_month, road_shop, road_stock
from tests.e2e.browsing import Crowd
from tests.e2e.road_joining import Applicant, Owner
from tests.e2e.road_shop import Device
from tests.e2e.road_stock import Delivery
from tests.e2e.stack import Stack
from tests.e2e.totp import AuthenticatorApp

pytestmark = pytest.mark.slow
APPLICANT = Applicant("Wieder Da GmbH", "DE123456796", "Ida Wolff", "ida@wiederda.example")
REVEALED_PC = Device("LENOVO", "ThinkPad T490", "PF2ROAD1")
STATION_PC = Device("LENOVO", "ThinkPad T490", "PF2ROAD2")


def test_one_key_goes_the_whole_road(crowd: Crowd, stack: Stack, tmp_path: Path) -> None:
    owner = _a_refurbisher_joins(crowd, stack)
    delivery = _a_delivery_comes(crowd, stack, tmp_path)
    serials = _two_pcs_are_licensed(owner, stack, delivery, tmp_path)
    for serial in serials:
        road_builds.may_leave(owner.person, serial)
    _the_month_is_closed(crowd, tmp_path)
    road_month.everything_adds_up(stack)


def _a_refurbisher_joins(crowd: Crowd, stack: Stack) -> Owner:
    visitor, marta = crowd.newcomer(), crowd.newcomer()
    reference = road_joining.apply(visitor, APPLICANT)
    account = road_joining.account_of(stack, "marta")
    code = AuthenticatorApp(account["totp_secret"]).code()
    road_joining.sign_in(marta, account["email"], account["password"], code)
    road_joining.review(marta, reference)
    road_joining.try_to_decide(marta)
    partner_code = road_joining.approve(crowd.demo_person("jonas"), reference)
    return road_joining.join(visitor, APPLICANT, partner_code)


def _a_delivery_comes(crowd: Crowd, stack: Stack, folder: Path) -> Delivery:
    road_stock.put_on_sale(stack)
    delivery = road_stock.make_delivery(stack, folder, keys=5)
    stefan = crowd.demo_person("stefan")
    path = road_stock.upload(stefan, delivery)
    road_stock.try_again(stefan, delivery)
    road_stock.release(crowd.demo_person("jonas"), path, delivery)
    return delivery


def _two_pcs_are_licensed(owner: Owner, stack: Stack, delivery: Delivery, folder: Path) -> list[str]:
    person = owner.person
    ordered = road_shop.order(person, quantity=2)
    assert set(ordered) <= set(delivery.keys)
    assert len(ordered) == 2
    shown = road_shop.reveal(owner, ordered[0], REVEALED_PC)
    assert shown == delivery.keys[ordered[0]]
    road_shop.nothing_is_left(person, shown)
    station = road_shop.make_station(owner, stack)
    key_id, text = road_shop.claim(station, STATION_PC)
    assert (key_id, text) == (ordered[1], delivery.keys[ordered[1]])
    road_shop.refused_for_same_device(station, STATION_PC)
    road_builds.upload(person, road_builds.write_utf16(stack, ordered[0], folder))
    road_builds.complete(person)
    road_builds.report_by_api(station, stack, key_id, STATION_PC.serial, folder)
    return [REVEALED_PC.serial, STATION_PC.serial]


def _the_month_is_closed(crowd: Crowd, folder: Path) -> None:
    carla, jonas = crowd.demo_person("carla"), crowd.demo_person("jonas")
    path, number = road_month.latest_draft(carla)
    road_month.review(carla, path)
    road_month.approve(jonas, path)
    files = road_month.download(carla, path, folder)
    text = road_month.read_pdf(files["pdf"], number, files["devices.csv"])
    assert "Carla Nowak" in text
    assert "Jonas Weber" in text
    road_month.compare(carla, path)
    road_month.chains_are_sound(carla, APPLICANT.name)
