"""Balanced, made-up months for the tests of builders and renderers; the same for the same arguments."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from reporting.builders.lines import (
    AckTotal,
    AdjustmentLine,
    DeltaLine,
    DeniedLine,
    DeviceFile,
    PartnerLine,
    ReportHeader,
    StockLine,
    TrendPoint,
    UnreportedLine,
)
from reporting.builders.usage_report import UsageReport, build_report
from reporting.renderers.device_csv import write_device_csv
from reporting.rules.device_columns import DeviceLine
from reporting.rules.key_states import KeyStateCode, microsoft_name

MICROSOFTS = [state for state in KeyStateCode if state is not KeyStateCode.UNDONE]
MADE_AT = datetime(2026, 11, 1, 2, 15, tzinfo=UTC)

PRODUCTS = (
    ("W11P-COM", "Windows 11 Pro, Commercial", "FQC-10001", "Commercial", 40),
    ("W11H-COM", "Windows 11 Home, Commercial", "KW9-10002", "Commercial", 25),
    ("W11P-CIT", "Windows 11 Pro, Citizenship", "FQC-20003", "Citizenship Windows", 20),
    ("O19-CIT", "Office 2019, Citizenship", "79G-20004", "Citizenship Office", 10),
    ("W10P-COM", "Windows 10 Pro, Commercial", "FQC-30005", "Commercial", 5),
)

NAMES = (
    ("Rechnerwerk Leipzig GmbH", "DE"),
    ("Gdańsk Komputery Sp. z o.o.", "PL"),
    ("Groene Machine B.V.", "NL"),
    ("Atelier Réemploi Lyon", "FR"),
    ("Second Byte Ltd", "IE"),
    ("Ústav pro počítače s.r.o.", "CZ"),
    ("Übermorgen Technik & Söhne", "AT"),
    ("Kringloop Computers Gent", "BE"),
)

ANSWER_SHARES = (("01", 4), ("03", 1), ("04", 1), ("06", 1), ("08", 3))


def header(**changes: object) -> ReportHeader:
    """Return the header of an approved original for October 2026."""
    facts = ReportHeader(
        mar_name="Nordlicht Refurb Europe GmbH",
        sold_to_id="0001234567",
        period="2026-10",
        period_start_utc=datetime(2026, 9, 30, 22, tzinfo=UTC),
        period_end_utc=datetime(2026, 10, 31, 23, tzinfo=UTC),
        time_zone="Europe/Berlin",
        number="UR-2026-10",
        revision=1,
        kind="original",
        previous_number=None,
        previous_sha256=None,
        correction_reason=None,
        generated_at=MADE_AT,
        generated_by="monthly run",
        reviewed_by="Marta Kowalska",
        approved_by="Jonas Weber",
        is_draft=False,
    )
    return replace(facts, **changes)  # type: ignore[arg-type]


def correction_header(**changes: object) -> ReportHeader:
    """Return the header of revision 2."""
    facts: dict[str, object] = {
        "number": "UR-2026-10-R2",
        "revision": 2,
        "kind": "correction",
        "previous_number": "UR-2026-10",
        "previous_sha256": hashlib.sha256(b"previous").hexdigest(),
        "correction_reason": "Fourteen devices were booked to the wrong refurbisher by a manual import.",
    }
    return header(**(facts | changes))


def key_id(position: int) -> str:
    """Return a made-up product key id of 13 digits."""
    return f"{3300000000000 + position * 7919:013d}"


def partner_lines(count: int, *, denied_keys: int, unreported_keys: int) -> list[PartnerLine]:
    """Return partners whose denied and unreported keys add up to the numbers asked for."""
    lines = []
    for place in range(count):
        name, country = NAMES[place % len(NAMES)]
        suffix = f" {place // len(NAMES) + 1}" if place >= len(NAMES) else ""
        enabled = 12 + (place * 37) % 190
        denied = _share(denied_keys, place, count)
        late = _share(unreported_keys, place, count)
        lines.append(
            PartnerLine(
                code=f"TPR-{place + 1:04d}",
                name=name + suffix,
                country=country,
                ordered=enabled + denied + late + 20,
                assigned=enabled + denied + late + 15,
                enabled=enabled,
                denied=denied,
                returned=place % 3,
                unreported_7=late,
                unreported_30=late // 2,
                unreported_60=late // 4,
                citizenship_windows=(place * 11) % 240 if place % 3 == 0 else 0,
                citizenship_quota=250 if place % 3 == 0 else None,
                office=(place * 7) % 100 if place % 3 == 0 else 0,
            )
        )
    return lines


def _share(total: int, place: int, count: int) -> int:
    """Return the part of a total that falls to one of `count` places; the first take what is over."""
    return total // count + (1 if place < total % count else 0)


def ack_totals(enabled: int, denied: int) -> list[AckTotal]:
    """Spread answers over products and codes so that they add up."""
    totals = [
        AckTotal(code, "00", _weighted(enabled, place)) for place, (code, *_rest) in enumerate(PRODUCTS)
    ]
    totals[0] = replace(totals[0], keys=totals[0].keys - min(2, totals[0].keys))
    totals.append(AckTotal(PRODUCTS[0][0], "02", enabled - sum(total.keys for total in totals)))
    shares = sum(weight for _code, weight in ANSWER_SHARES)
    spread = [(code, denied * weight // shares) for code, weight in ANSWER_SHARES]
    rest = denied - sum(keys for _code, keys in spread)
    return totals + [
        AckTotal(PRODUCTS[place % 3][0], code, keys + (rest if place == 0 else 0))
        for place, (code, keys) in enumerate(spread)
    ]


def _weighted(total: int, place: int) -> int:
    weights = [product[4] for product in PRODUCTS]
    if place == 0:
        return total - sum(total * weight // 100 for weight in weights[1:])
    return total * weights[place] // 100


def stock_lines(
    totals: list[AckTotal], *, assigned: int, returned: int
) -> tuple[list[StockLine], dict[str, int]]:
    """Return balanced stock lines of a month that fits the answers, and all keys received so far."""
    lines: list[StockLine] = []
    received_so_far: dict[str, int] = {}
    for place, (code, name, lpn, family, _weight) in enumerate(PRODUCTS):
        answered = {total.ack_code: total.keys for total in totals if total.product_code == code}
        enabled = answered.get("00", 0) + answered.get("02", 0)
        denied = sum(answered.values()) - enabled
        moves = _moves(_weighted(assigned, place), enabled, denied, _weighted(returned, place))
        opening = _openings(moves, place)
        for state in MICROSOFTS:
            entries = sum(keys for (_before, after), keys in moves.items() if after == state)
            exits = sum(keys for (before, _after), keys in moves.items() if before == state)
            start = opening[state]
            lines.append(
                StockLine(
                    code, name, lpn, family, int(state), microsoft_name(state),
                    start, entries, exits, start + entries - exits,
                )
            )  # fmt: skip
        received_so_far[code] = sum(line.closing for line in lines if line.product_code == code)
    return lines, received_so_far


Moves = dict[tuple[KeyStateCode | None, KeyStateCode], int]


def _moves(assigned: int, enabled: int, denied: int, returned: int) -> Moves:
    state = KeyStateCode
    sent = enabled + denied + 9
    return {
        (None, state.FULFILLED): assigned + 60,
        (state.FULFILLED, state.ASSIGNED): assigned,
        (state.ASSIGNED, state.FULFILLED): 4,
        (state.RETRIEVED, state.FULFILLED): 3,
        (state.ASSIGNED, state.RETRIEVED): max(assigned - 10, 0),
        (state.RETRIEVED, state.CONSUMED): sent + 2,
        (state.CONSUMED, state.BOUND): sent + 1,
        (state.BOUND, state.REPORTED_BOUND): sent,
        (state.REPORTED_BOUND, state.ACTIVATION_ENABLED): enabled,
        (state.REPORTED_BOUND, state.ACTIVATION_DENIED): denied,
        (state.FULFILLED, state.REPORTED_RETURN): returned,
        (state.REPORTED_RETURN, state.RETURNED): returned,
    }


def _openings(moves: Moves, place: int) -> dict[KeyStateCode, int]:
    """Return opening stock that never runs below zero, whatever the month took."""
    return {
        state: sum(keys for (before, _after), keys in moves.items() if before == state) // 3 + 50 + 5 * place
        if state != KeyStateCode.ACTIVATION_ENABLED
        else 20_000 + 1_000 * place
        for state in MICROSOFTS
    }


def denied_lines(count: int, partners: list[PartnerLine]) -> list[DeniedLine]:
    """Return that many refused keys, spread over the partners as their figures say."""
    owners = [partner for partner in partners for _key in range(partner.denied)]
    return [
        DeniedLine(
            partner_code=owner.code,
            partner_name=owner.name,
            product_name=PRODUCTS[place % 3][1],
            product_key_id=key_id(place),
            device=("Lenovo ThinkPad T480", "HP EliteBook 840 G5", "Dell Latitude 5490")[place % 3],
            device_serial=f"PF{100000 + place * 13:06d}",
            ack_code="01",
            ack_meaning="Duplicate product key id",
            ack_at=datetime(2026, 10, 2, 8, tzinfo=UTC) + timedelta(hours=place % 600),
        )
        for place, owner in enumerate(owners[:count])
    ]


def unreported_lines(partners: list[PartnerLine]) -> list[UnreportedLine]:
    """Return one key for each that the partners' figures call unreported."""
    owners = [
        (partner, place, partner.unreported_7)
        for partner in partners
        for place in range(partner.unreported_7)
    ]
    return [
        UnreportedLine(
            partner_code=owner.code,
            partner_name=owner.name,
            product_name=PRODUCTS[number % 3][1],
            product_key_id=key_id(50_000 + number),
            state_name=("Retrieved", "Consumed", "Bound")[number % 3],
            handed_over_at=MADE_AT - timedelta(days=8 + 9 * place),
            age_days=8 + 9 * place,
        )
        for number, (owner, place, _count) in enumerate(owners)
    ]


def adjustment_lines(count: int, partners: list[PartnerLine]) -> list[AdjustmentLine]:
    """Return late answers for September."""
    return [
        AdjustmentLine(
            partner_code=partners[place % len(partners)].code,
            partner_name=partners[place % len(partners)].name,
            product_key_id=key_id(90_000 + place),
            cbr_period="2026-09",
            state_before="ReportedBound",
            state_after="ActivationEnabled",
            ack_code="00",
            recorded_at=datetime(2026, 10, 1, 6, tzinfo=UTC) + timedelta(hours=place),
        )
        for place in range(count)
    ]


def delta_lines() -> list[DeltaLine]:
    """Return what revision 2 changes."""
    cause = "Manual import of 14 October booked to the wrong refurbisher"
    return [
        DeltaLine("TPR-0002 Gdańsk Komputery Sp. z o.o.", "Enabled", "49", "63", cause),
        DeltaLine("TPR-0003 Groene Machine B.V.", "Enabled", "100", "86", cause),
    ]


def trend(enabled: int, denied: int) -> list[TrendPoint]:
    """Return twelve months that end with the report's own."""
    months = [*(f"2025-{month:02d}" for month in (11, 12)), *(f"2026-{month:02d}" for month in range(1, 10))]
    points = [
        TrendPoint(
            period, enabled * (62 + (place * 29) % 45) // 100, denied * (40 + (place * 31) % 70) // 100
        )
        for place, period in enumerate(months)
    ]
    return [*points, TrendPoint("2026-10", enabled, denied)]


def device_lines(count: int) -> list[DeviceLine]:
    """Return that many devices."""
    return [
        DeviceLine(
            report_month="2026-10",
            tpr_code=f"TPR-{place % 12 + 1:04d}",
            tpr_name=NAMES[place % len(NAMES)][0],
            tpr_country=NAMES[place % len(NAMES)][1],
            order_number=f"O-2026-{place // 20 + 1:05d}",
            licensable_part_number="FQC-10001",
            product_name="Windows 11 Pro, Commercial",
            licence_family="Commercial",
            product_key_id=key_id(place),
            hardware_hash_sha256=hashlib.sha256(str(place).encode()).hexdigest(),
            device_manufacturer="Lenovo",
            device_model="ThinkPad T480",
            device_serial=f"PF{100000 + place:06d}",
            form_factor="Notebook",
            previous_licence_type="COA",
            previous_coa_serial=f"00180-{place:05d}",
            refurb_completed_on="2026-10-12",
            wipe_standard="NIST SP 800-88 Rev. 2",
            wipe_certificate_no=f"W-{place:06d}",
            key_state="ActivationEnabled",
            cbr_report_id=f"CBR-{place // 500:04d}",
            ms_report_id=f"MS-{place // 500:04d}",
            cbr_sent_utc="2026-10-12T14:05:00Z",
            ack_utc="2026-10-12T15:05:00Z",
            ack_code="00",
            gmrl_serial="",
            sold_on="",
            sale_country="",
            channel="",
            recipient_class="",
            recipient_org="",
            recipient_proof_ref="",
        )
        for place in range(count)
    ]


def device_file(content: bytes, *, rows: int, name: str = "UR-2026-10-devices.csv") -> DeviceFile:
    """Return the facts of a device CSV."""
    return DeviceFile(name, rows, len(content), hashlib.sha256(content).hexdigest())


def make_report(
    *,
    partners: int = 12,
    denied: int = 7,
    unreported: int = 30,
    adjustments: int = 3,
    has_trend: bool = True,
    head: ReportHeader | None = None,
    devices: int = 40,
) -> tuple[UsageReport, bytes]:
    """Return a balanced report and its device CSV."""
    rows = partner_lines(partners, denied_keys=denied, unreported_keys=unreported)
    enabled = sum(row.enabled for row in rows)
    answers = ack_totals(enabled, denied)
    stock, received_so_far = stock_lines(
        answers, assigned=sum(row.assigned for row in rows), returned=sum(row.returned for row in rows)
    )
    csv = write_device_csv(device_lines(devices))
    head = head or header()
    report = build_report(
        head,
        stock_lines=stock,
        received_so_far=received_so_far,
        ack_totals=answers,
        partner_lines=rows,
        denied=denied_lines(denied, rows),
        unreported=unreported_lines(rows),
        adjustments=adjustment_lines(adjustments, rows),
        delta=delta_lines() if head.kind == "correction" else (),
        trend=trend(enabled, denied) if has_trend else (),
        device_file=device_file(csv, rows=devices),
    )
    return report, csv
