"""Rules of the programme for the demo: one with a history, one that is announced, and a draft with its simulation."""

from datetime import datetime, time, timedelta
from typing import Any

from core.tenancy import mar_scope, partner_scope
from licensing.models import RuleVersion
from licensing.rules.programme_rules import RULES
from licensing.services.products import WrittenProduct, write_product
from licensing.services.programme_rules import WrittenRule, publish_rule, read_rule, write_rule
from licensing.services.rule_simulation import simulate
from partners.selectors.mar import mar_zone
from portal.demo.people import Cast
from portal.demo.programme import PARTNERS


def rules(cast: Cast, *, now: datetime) -> None:
    """Change the labels' rule in the past, announce a longer time for second keys, and draft shorter reporting."""
    zone = mar_zone()

    def day(days: int) -> datetime:
        return datetime.combine((now + timedelta(days=days)).astimezone(zone).date(), time(), zone)

    with mar_scope():
        older = _write(cast, "label.use", day(-40), at=now - timedelta(days=70), spoilage_percent=3,
                       reason="Printers spoil fewer labels than they did; three percent is enough.")  # fmt: skip
        _publish(cast, older, at=now - timedelta(days=68))
        announced = _write(cast, "device.second_key", day(24), at=now - timedelta(days=6), days=120,
                           reason="Too many PCs came back for a second licence within four months.")  # fmt: skip
        _publish(cast, announced, at=now - timedelta(days=5))
        draft = _write(cast, "order.special_lane", day(20), at=now - timedelta(hours=21), quantity=60, amount=3_000,
                       reason="A second look at large orders while deliveries are late.")  # fmt: skip
        simulate(draft.pk, by=cast.staff("marta"), at=now - timedelta(hours=20))
    for place, wanted in enumerate(PARTNERS):
        if place % 2 == 0 and wanted.story != "new":
            with partner_scope(cast.partners[wanted.code].pk):
                read_rule(
                    announced.pk, partner_id=cast.partners[wanted.code].pk, by=cast.owner(wanted.code),
                    at=now - timedelta(days=4) + timedelta(hours=2 * place),
                )  # fmt: skip


def products(cast: Cast, *, now: datetime) -> None:
    """Write a product that comes next month, with the fields its order lines must say, for a second person."""
    fields = {
        "type": "object", "additionalProperties": False, "required": ["school_number"],
        "properties": {
            "school_number": {
                "type": "string", "minLength": 1, "maxLength": 20,
                "x-labels": {"en": "Number of the school", "de": "Schulnummer"},
            },
            "is_library": {"type": "boolean", "x-labels": {"en": "For a library?", "de": "Für eine Bücherei?"}},
        },
    }  # fmt: skip
    identity = {
        "code": "WIN11-EDU-REF-COM", "name": "Windows 11 Education (refurbished)", "lpn": "EDU-10572",
        "family": "commercial", "edition": "Education", "generation": "Windows 11",
        "who_may_receive": "Schools and libraries",
    }  # fmt: skip
    with mar_scope():
        write_product(
            WrittenProduct(
                now + timedelta(days=30), identity=identity, languages=["de", "en"], countries=["AT", "DE"],
                min_hardware={"ram_gb": 4, "storage_gb": 64, "tpm_2": True, "uefi": True}, required_fields=fields,
            ),
            by=cast.staff("marta"), at=now - timedelta(hours=18),
        )  # fmt: skip


def _write(
    cast: Cast, code: str, valid_from: datetime, *, at: datetime, reason: str, **numbers: Any
) -> RuleVersion:
    rule = RULES[code]
    written = WrittenRule(code, {**rule.defaults, **numbers}, rule.sentences, valid_from, reason=reason)
    return write_rule(written, by=cast.staff("marta"), at=at)


def _publish(cast: Cast, draft: RuleVersion, *, at: datetime) -> None:
    simulate(draft.pk, by=cast.staff("marta"), at=at - timedelta(hours=1))
    publish_rule(draft.pk, by=cast.staff("jonas"), at=at)
