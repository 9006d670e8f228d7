"""Steps 5 and 6 of the road: both builds are reported, Microsoft's simulator answers, the PCs may leave."""

import re
from pathlib import Path

from tests.e2e.browsing import Person
from tests.e2e.road_shop import Station
from tests.e2e.stack import Stack

DETAILS = {
    "form_factor_cl1": "Notebook",
    "form_factor_cl2": "Standard",
    "touch_screen": "Nontouch",
    "screen_size": "14.0",
    "model_sku": "20N2S00A00",
}
ROUNDS = 80  # of half a second: relay, exchange and simulator together need some seconds


def write_utf16(stack: Stack, key_id: str, folder: Path) -> Path:
    """Write the PC's OA3.xml without device facts, in UTF-16 with its mark, as the tool does."""
    file = folder / "OA3.xml"
    stack.must("sample_oa3", key_id, "--without-details", "--out", str(file))
    text = re.sub(r"encoding=(['\"])utf-8\1", 'encoding="utf-16"', file.read_text(), flags=re.IGNORECASE)
    file.write_bytes(text.encode("utf-16"))
    return file


def upload(person: Person, file: Path) -> None:
    """Upload the file and follow its build, which waits for five facts."""
    person.go("/tpr/builds/upload/")
    person.page.locator("input[type=file]").set_input_files(file)
    person.press("Upload")
    person.page.wait_for_url("**/builds/uploads/*/")
    assert person.heading == "1 of 1 accepted"
    person.page.locator("main tbody a").click()
    person.reads("Five facts are missing")


def complete(person: Person) -> None:
    """Give the five facts; a wrong pair is refused first, with everything typed kept."""
    person.fill(**DETAILS | {"form_factor_cl1": "Desktop", "form_factor_cl2": "Convertible"})
    with person.refused(422):
        person.press("Save the details")
    assert person.page.locator("[name=model_sku]").input_value() == DETAILS["model_sku"]
    person.fill(**DETAILS)
    person.press("Save the details")
    person.reads("The details are complete.")


def report_by_api(station: Station, stack: Stack, key_id: str, serial: str, folder: Path) -> None:
    """Report the other build as a station: the hash of its OA3.xml and the five facts."""
    file = folder / "OA3-station.xml"
    stack.must("sample_oa3", key_id, "--out", str(file))
    found = re.search(r"<HardwareHash>([^<]+)</HardwareHash>", file.read_text())
    assert found is not None
    body = {
        "product_key_id": key_id,
        "hardware_hash": found.group(1),
        "serial": serial,
        "device": DETAILS,
    }
    status, build, _ = station.call("builds", body)
    assert (status, build["state"]) == (201, "ready")
    again, problem, _ = station.call("builds", body)
    assert (again, problem["status"]) == (409, 409)


def may_leave(person: Person, serial: str) -> None:
    """Look at the PC's page until Microsoft's answer is there."""
    person.go(f"/tpr/devices/?q={serial}")
    person.follow(serial)
    for _ in range(ROUNDS):
        if person.page.get_by_text("This PC may leave").count():
            return
        person.page.wait_for_timeout(500)
        person.page.reload()
    raise AssertionError(f"{serial} was not enabled: {person.page.locator('main').inner_text()}")
