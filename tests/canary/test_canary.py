"""Real-looking keys go through every flow of a running portal; then everything it left is searched.

A key may stand in two answers only, that of a station's claim and that of a reveal, and sealed in a file. Not in a
log, a mail, a stored or temporary file, a table, a session, the broker, a report, or any page.
"""

import json
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from core.actor import Actor
from core.periods import Period
from core.tenancy import mar_scope
from licensing.models import ProductKey
from partners.selectors.mar import mar_zone
from reporting.models import UsageReport
from reporting.services.building import begin_report, build_usage_report
from tests.canary import flows
from tests.canary.browser import Form, Page, filled
from tests.canary.canaries import Hit, Search, new_canaries
from tests.canary.custody_flows import go_all_ways
from tests.canary.portal_on_trial import Trial, on_trial

STARTS = {
    "visitor": "/",
    "tpr_owner": "/tpr/",
    "mar_admin": "/mar/",
    "mar_stock": "/mar/stock/",
    "mar_approver": "/mar/",
    "compliance": "/compliance/",
}
PLAIN = {
    "quantity": 1, "reason": "Station is down", "serial": "PF0PASTE", "manufacturer": "LENOVO",
    "model": "T490", "email": "ann@plain.example", "contact_email": "ann@plain.example", "vat_id": "DE123456789",
    "country": "DE", "daily_claims": 5, "expected_volume": 50, "lifetime": 365,
}  # fmt: skip


@pytest.fixture
def trial(cloned_db: str, settings: Any) -> Iterator[Trial]:
    with on_trial(cloned_db) as running:
        # What this process does itself (the month's report) writes to the portal's own files.
        kept = {"BACKEND": "django.core.files.storage.FileSystemStorage"}
        where = {"location": running.stack.var / "files", "file_permissions_mode": 0o600}
        settings.STORAGES = settings.STORAGES | {"default": kept | {"OPTIONS": where}}
        yield running


@pytest.mark.slow
def test_a_key_is_nowhere_but_in_its_claim_and_its_reveal(
    trial: Trial, caplog: pytest.LogCaptureFixture
) -> None:
    first, second, stray, more = new_canaries(4), new_canaries(4), new_canaries(2), new_canaries(12)
    files = _import(trial, first, second)
    doors = _take_and_report(trial, first, second)
    gone = go_all_ways(trial, more)
    doors += gone.doors
    _send_wrong_files(trial, files, [*first, *second, *stray])
    _close_the_month()
    _paste_everywhere(trial, stray[0], first[3])
    pasted = {id(page) for page in trial.pages if page.who.endswith(" pasting")}
    _visit_all(trial)

    search = Search([*first, *second, *stray, *more])
    allowed = {id(page) for page in doors}
    assert len(doors) == 7
    assert sum(key.encode() in gone.opened for key in [*first, *more]) == 2
    assert search.in_bytes(gone.file, "the file for one reader") == []
    assert all(search.in_bytes(page.body, "door") for page in doors)
    pages = [page for page in trial.pages if id(page) not in allowed | pasted]
    assert len([page for page in pages if page.status == 200]) > 60
    hits = _search_pages(search, pages) + _search_what_is_left(search, trial)
    hits += search.in_bytes(caplog.text.encode(), "this process's log")
    assert sorted({str(hit) for hit in hits}) == []
    assert _finds_what_is_planted(trial) == []


def _import(trial: Trial, first: Sequence[str], second: Sequence[str]) -> list[bytes]:
    return [
        flows.stock_up(trial, "xml", first, lpn=trial.product.lpn, first_id=71_000),
        flows.stock_up(trial, "csv", second, lpn=trial.second.lpn, first_id=72_000),
    ]


def _take_and_report(trial: Trial, first: Sequence[str], second: Sequence[str]) -> list[Page]:
    """Order, take keys through both doors, report the PCs, wait for Microsoft's answer; return the doors."""
    flows.order(trial, trial.product.code, 3)
    flows.order(trial, trial.second.code, 2)
    claimed = flows.claim(trial, trial.product.code, "PF0CLAIM")
    again = flows.claim(trial, trial.product.code, "PF0CLAIM")
    shown = flows.reveal(trial, flows.key_ids(72_000, state=11)[0], "PF0SHOWN")
    by_id = {f"33{71_000 + place:011d}": key for place, key in enumerate(first)} | {
        f"33{72_000 + place:011d}": key for place, key in enumerate(second)
    }
    owner = trial.person("tpr_owner")
    wrong = [
        ("other-key.xml", flows.oa3(claimed, first[2])),
        ("serial.xml", flows.oa3(claimed, by_id[claimed.product_key_id], serial=first[0])),
        ("info.xml", flows.oa3(claimed, by_id[claimed.product_key_id], info={"ZPC_MODEL_SKU": first[0]})),
        ("part.xml", flows.oa3(claimed, by_id[claimed.product_key_id], oem_part_number=first[0])),
    ]
    for name, content in wrong[:2]:
        _follow(owner.upload("/tpr/builds/upload/", "files", [(name, content)]), owner)
    owner.upload(
        "/tpr/builds/upload/", "files", [("OA3.xml", flows.oa3(claimed, by_id[claimed.product_key_id]))]
    )
    sent = trial.person("visitor").upload(
        "/api/v1/builds:upload", "file", [("OA3.xml", flows.oa3(shown, by_id[shown.product_key_id]))],
        Authorization=f"Bearer {trial.secret}",
    )  # fmt: skip
    assert json.loads(sent.body)["accepted"] == 1, sent.text
    for name, content in wrong:
        _follow(owner.upload("/tpr/builds/upload/", "files", [(name, content)]), owner)
    flows.wait_for("Microsoft's answers", lambda: len(flows.key_ids(71_000, state=9)) == 2)
    return [claimed.page, again.page, shown.page]


def _follow(page: Page, person: Any) -> None:
    if page.status == 302:
        person.get(page.location)


def _send_wrong_files(trial: Trial, files: Sequence[bytes], keys: Sequence[str]) -> None:
    """Send files again, files to the wrong door, and broken ones, and look at what is said about them."""
    keeper, owner, admin = (trial.person(role) for role in ("mar_stock", "tpr_owner", "mar_admin"))
    again = flows.delivery("xml", keys[:4], lpn=trial.product.lpn, first_id=73_000, number="0000073000")
    wrong = {"again.xml": files[0], "again.csv": files[1], "renamed.xml": again}
    for name, content in {**wrong, **flows.odd_files(keys[-2:], trial.product.lpn)}.items():
        _follow(keeper.upload("/mar/stock/imports/new/", "delivery", [(name, content)]), keeper)
        _follow(owner.upload("/tpr/builds/upload/", "files", [(name, content)]), owner)
        _follow(admin.upload("/mar/exchange/answers/", "file", [(name, content)]), admin)
        trial.person("visitor").upload(
            "/api/v1/builds:upload", "file", [(name, content)], Authorization=f"Bearer {trial.secret}"
        )
    flows.wait_for("the checks of all imports", _nothing_is_being_checked)


def _nothing_is_being_checked() -> bool:
    from licensing.models import KeyBatch

    with mar_scope():
        return not KeyBatch.objects.filter(state__in=["received", "validating", "releasing"]).exists()


def _close_the_month() -> None:
    """Build this month's report as it will be built after the month's end: CSV, PDF, manifest."""
    now = timezone.now()
    month = Period.containing(now, mar_zone())
    at = month.ends_before(mar_zone()) + timedelta(hours=2)
    with mar_scope():
        report_id = begin_report(month, by=Actor.system("test"), at=at)
    assert report_id is not None
    build_usage_report(report_id=report_id, by=Actor.system("test"), at=at)
    with mar_scope():
        report = UsageReport.objects.get(pk=report_id)
        assert (report.state, report.problem) == ("draft", "")
        assert {file.kind for file in report.files.all()} == {"report", "devices", "summary", "manifest"}


def _paste_everywhere(trial: Trial, stray: str, stocked: str) -> None:
    """Paste a key into the API's fields, addresses and headers, and into every text field of every form."""
    # The forms come last: one of them suspends the partner.
    visitor, owner = trial.person("visitor"), trial.person("tpr_owner")
    visitor.who, owner.who = "visitor pasting", "tpr_owner pasting"
    for key in (stray, stocked):
        for path in (
            f"/tpr/keys/{key}/",
            f"/tpr/order/{key}/",
            f"/tpr/keys/?q={key}",
            f"/join/{key}/",
            f"/{key}",
        ):
            owner.get(path)
            visitor.get(path)
        owner.get("/tpr/", X_Request_Id=key, User_Agent=key, Referer=f"http://localhost/{key}")
        owner.get("/tpr/", Accept_Language=key, X_Forwarded_For=key)
        _paste_into_the_api(trial, visitor, key)
    seen: set[tuple[str, ...]] = set()
    for role, start in STARTS.items():
        person = trial.person(role)
        for page, read in list(person.walk(start, most=60)):
            for form in read.forms:
                kind = (_shape_of(form.action), *sorted(form.texts))
                if form.texts and kind not in seen and form.action.startswith("/"):
                    seen.add(kind)
                    _paste_into(trial, role, form, page.path, stray)
    assert len(seen) > 15, seen


def _shape_of(path: str) -> str:
    return "/".join("*" if any(letter.isdigit() for letter in part) else part for part in path.split("/"))


def _paste_into(trial: Trial, role: str, form: Form, path: str, key: str) -> None:
    person = trial.person(role)
    person.who = f"{role} pasting"
    for names in [form.texts, *([name] for name in form.texts)]:
        for written in (key, key.lower().replace("-", "")):
            answers = {**filled(form, PLAIN), **dict.fromkeys(names, written)}
            if form.method == "POST":
                person.post(form.action, answers, Referer=f"http://localhost{path}")
            else:
                person.get(
                    f"{form.action.partition('?')[0]}?" + "&".join(f"{n}={v}" for n, v in answers.items())
                )


def _paste_into_the_api(trial: Trial, visitor: Any, key: str) -> None:
    device = {"manufacturer": "LENOVO", "model": "T490", "serial": "PF0API"}
    good = {"product": trial.product.code, "quantity": 1}
    bodies: list[tuple[str, dict[str, Any]]] = [
        ("orders", {**good, "reference": key}),
        ("orders", {**good, "product": key}),
    ]
    bodies += [
        ("keys:claim", {"product": good["product"], "device": {**device, name: key}}) for name in device
    ]
    bodies += [("keys:claim", {"product": key, "device": device})]
    report = {
        "product_key_id": flows.key_ids(71_000, state=9)[0],
        "hardware_hash": "A" * 600,
        "serial": "PF0API",
    }
    bodies += [("builds", {**report, name: key}) for name in report]
    bodies += [
        ("builds", {**report, "optional_info": {"ZOEM_EXT_ID": key}}),
        ("builds", {**report, key: key}),
    ]
    for place, (path, body) in enumerate(bodies):
        visitor.api("POST", path, json.dumps(body), trial.secret, Idempotency_Key=f"paste {key[:5]} {place}")
        visitor.api(
            "POST", path, json.dumps(body)[:-1], trial.secret, Idempotency_Key=f"cut {key[:5]} {place}"
        )
    visitor.api("POST", "orders", json.dumps(good), trial.secret, Idempotency_Key=key)
    visitor.api("GET", f"orders/{key}", "", trial.secret)
    visitor.api("GET", f"orders?cursor={key}", "", trial.secret)
    visitor.api("GET", "me", "", key)


def _visit_all(trial: Trial) -> None:
    """Visit every page again, as everyone, and the API's lists."""
    for role, start in STARTS.items():
        for _ in trial.person(role).walk(start, most=150):
            pass
    for path in ("me", "catalogue", "orders", "keys", "builds"):
        trial.person("visitor").api("GET", path, "", trial.secret)


def _search_pages(search: Search, pages: Sequence[Page]) -> list[Hit]:
    found = []
    for page in pages:
        place = f"answer to {page.who}: {page.method} {_shape_of(page.path)}"
        found += search.in_bytes(page.body, place) + search.in_bytes(
            repr(page.headers).encode(), f"head of {place}"
        )
    return found


def _search_what_is_left(search: Search, trial: Trial) -> list[Hit]:
    """Search logs, mails, stored and temporary files, the broker and the database."""
    found = search.in_tree(trial.folder)
    found += search.in_bytes(trial.valkey(), "valkey")
    for line in trial.dump().splitlines():
        found += [
            Hit("database", f"{hit.form} in {line[:60]!r}") for hit in search.in_bytes(line, "database")
        ]
    return found


def _finds_what_is_planted(trial: Trial) -> list[str]:
    """Plant another key in each place and return the places in which the search missed it: the control."""
    (planted,) = new_canaries(1)
    with mar_scope():
        known = ProductKey.objects.values_list("product_key_id", flat=True)[0]
    assert known.encode() in trial.dump()
    trial.person("visitor").get(f"/health/live?{planted.encode().hex()}")
    with trial.broker() as broker:
        broker.set("planted", planted)
    owner = trial.users["tpr_owner"]
    owner.name = f"Ms {planted.lower()}"
    owner.save()
    var = trial.stack.var
    for place in (var / "mail", var / "files", trial.stack.programs.logs, trial.folder / "tmp"):
        Path(place).mkdir(exist_ok=True)
        (place / "planted").write_text(planted.replace("-", ""))
    places = {hit.place for hit in _search_what_is_left(Search([planted]), trial)}
    wanted = {"valkey", "database", "var/mail/planted", "var/files/planted", "logs/planted", "tmp/planted"}
    wanted |= {"valkey-commands.log"}
    return sorted(wanted - places)
