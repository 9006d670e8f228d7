"""Load the demo into an empty portal: deterministic, through the real services, with `at` as an argument."""

import json
import random
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path

from django.conf import settings
from django.db import connection

from core.actor import Actor
from core.periods import Period
from core.queue import left_to_the_sweep
from core.tenancy import mar_scope
from licensing.models import Product
from licensing.services.opening_prices import open_price
from partners.models import Partner
from partners.selectors.mar import mar_zone
from portal.demo import (
    cases,
    checks,
    custody,
    houses,
    labels,
    papers,
    pools,
    prices,
    privacy,
    recipients,
    returns,
    rules,
    standing,
    stock_plan,
    tenders,
    waiting,
)
from portal.demo.applicants import queue_cases
from portal.demo.history import Stage, bill_month, deliver, exchange, free_keys, work_week
from portal.demo.people import Cast, open_the_house, welcome_all
from portal.demo.profiles import show_profiles
from portal.demo.programme import PARTNERS, PRODUCTS, DemoPartner, Size
from portal.demo.reports import queue_closing
from reporting.services.reconcile import reconcile_months

Say = Callable[[str], None]
API_KEYS_FILE = "demo-api-keys.json"
WEEKS = 4
# The season of a refurbisher's year, in tenths of an even month, from January.
SEASON = (8, 8, 9, 10, 10, 9, 8, 10, 13, 12, 12, 11)
# Mails of the past would only fill the demo's mailbox.
MAIL_TASKS = (
    "partners.%",
    "licensing.send_rule_notice",
    "licensing.tell_order%",
    "licensing.tell_standing%",
    "licensing.send_quota_answer",
)
STAGED_WORK = ("licensing.validate_batch", "licensing.release_batch")


def is_empty() -> bool:
    """Return whether the portal holds no partner yet."""
    with mar_scope():
        return not Partner.objects.exists()


def load(size: Size, *, now: datetime, say: Say) -> None:
    """Make the whole demo as of now: closed months, the running one, people, cases."""
    zone = mar_zone()
    months = _months(Period.containing(now, zone), size.months)
    begin = months[0].starts_at(zone) - timedelta(days=20)
    with left_to_the_sweep():
        stage = _set_stage(begin, now, months, zone, say)
        prices.open_books(stage, at=begin + timedelta(hours=1), now=now)
        standing.begin_scoring(stage, at=begin, shadow_until=months[-2].starts_at(zone))
        standing.hand_in_papers(stage, at=begin + timedelta(days=2))
        standing.bring_over_a_tier(stage, at=begin + timedelta(days=2))
        for place, month in enumerate(months):
            _play_month(stage, size, months, month, now, say)
            if place == len(months) - 2:
                cases.suspend(stage, at=min(month.ends_before(zone) - timedelta(days=2), now))
            if month != months[-1]:
                standing.score_month(stage, at=month.ends_before(zone) - timedelta(hours=1))
        _close_the_play(stage, now, say)
    _forget_old_mail(now)
    privacy.show(stage.cast, now=now)
    with mar_scope():
        reconcile_months(at=now)
        queue_closing(at=now)
    _keep_secrets(stage.cast)


def _months(last: Period, closed: int) -> list[Period]:
    months = [last]
    for _ in range(closed):
        months.insert(0, months[0].previous())
    return months


def _set_stage(begin: datetime, now: datetime, months: list[Period], zone: object, say: Say) -> Stage:
    cast = Cast()
    say("people, terms and partners")
    terms = open_the_house(cast, at=begin)
    checks.load_sample_list(by=cast.staff("carla"), at=begin)

    def joined(wanted: DemoPartner) -> datetime:
        month = months[max(len(months) - 1 - wanted.joined, 0)]
        return max(begin, min(month.starts_at(zone) - timedelta(days=5), now - timedelta(days=4)))  # type: ignore[arg-type]

    products = _make_products(begin, months, zone)
    welcome_all(
        cast,
        terms,
        joined_at=lambda wanted: now - timedelta(days=3) if wanted.story == "new" else joined(wanted),
    )
    papers.teach(cast, now=now)
    return Stage(cast, products, random.Random("refurb-licence-portal"), count(1_000_001))  # noqa: S311


def _make_products(begin: datetime, months: list[Period], zone: object) -> dict[str, Product]:
    made = {}
    with mar_scope():
        for wanted in PRODUCTS:
            ends = wanted.ends_months_ago
            ended = months[-1 - ends].starts_at(zone) if ends and len(months) > ends else None  # type: ignore[arg-type]
            product = Product.objects.create(
                code=wanted.code, name=wanted.name, lpn=wanted.lpn, family=wanted.family, edition=wanted.edition,
                generation=wanted.generation, who_may_receive=wanted.who, order_from=begin, order_before=ended,
            )  # fmt: skip
            open_price(product, amount=wanted.price, currency="EUR", by=Actor.system("demo"), at=begin)
            made[wanted.code] = product
    return made


def _play_month(
    stage: Stage, size: Size, months: list[Period], month: Period, now: datetime, say: Say
) -> None:
    zone = mar_zone()
    starts, ends = month.starts_at(zone), min(month.ends_before(zone), now)
    is_running = month == months[-1]
    builds = _builds_of(size, months, month, (ends - starts) / (month.ends_before(zone) - starts))
    say(f"{month}: {builds} PCs")
    _restock(stage, builds, at=starts + timedelta(hours=8), seed=str(month))
    step = (ends - starts - timedelta(days=2)) / WEEKS
    for week in range(WEEKS):
        at = starts + timedelta(hours=10) + step * week
        if at > now - timedelta(hours=34) and week:
            break
        is_last = is_running and week == WEEKS - 1
        for place, partner in enumerate(PARTNERS):
            share = _share(stage, partner, builds, week, months, month)
            if share:
                work_week(
                    stage, partner, builds=share, at=at + timedelta(minutes=11 * place), is_last=is_last
                )
        if week == 0 and month in months[-2:]:
            recipients.play_month(stage, month, is_first=month == months[-2], at=at, now=now)
        if not is_last:
            cases.force_denials(stage, every=90)
            exchange(at=at + timedelta(hours=32))
    if not is_running:
        bill_month(before=month.ends_before(zone), at=month.ends_before(zone))
    if month == months[-2]:
        cases.return_keys(stage, quantity=6, at=ends - timedelta(hours=20))
        exchange(at=ends - timedelta(hours=19))


def _builds_of(size: Size, months: list[Period], month: Period, part: float) -> int:
    whole = sum(SEASON[other.month - 1] for other in months)
    return round(size.builds * SEASON[month.month - 1] / whole * min(part, 1))


def _share(
    stage: Stage, partner: DemoPartner, builds: int, week: int, months: list[Period], month: Period
) -> int:
    is_before = months.index(month) < len(months) - 1 - partner.joined
    is_out = partner.story == "suspended" and month == months[-1]
    if is_before or is_out or not partner.weight:
        return 0
    even = builds * partner.weight / 100 / WEEKS
    return round(even * stage.chance.uniform(0.8, 1.2)) or (1 if week == 0 else 0)


def _restock(stage: Stage, builds: int, *, at: datetime, seed: str) -> None:
    free = free_keys(stage)
    wanted = {}
    for product in PRODUCTS:
        need = round(builds * product.share / 100 * 1.5) + (60 if product.share else 12)
        if (stage.products[product.code].order_before or at + timedelta(days=1)) > at:
            wanted[product.code] = max(need - free[product.code], 0)
    deliver(stage, quantities=wanted, at=at, seed=seed)


def _close_the_play(stage: Stage, now: datetime, say: Say) -> None:
    say("applications in each state, and their checks")
    checks.load_sample_list(by=stage.cast.staff("carla"), at=now - timedelta(days=2))
    checks.applicants_arrive(now=now)
    queue_cases(stage.cast, now=now)
    checks.check_everybody()
    say("cases of docs/demo.md")
    show_profiles(stage.cast, at=now - timedelta(days=30))
    cases.try_second_key(stage, at=now - timedelta(hours=5))
    standing.catch_up(stage, at=now - timedelta(days=2))
    standing.show_standing(stage, at=now)
    houses.furnish(stage, now=now)
    cases.copy_a_hash(stage, at=now - timedelta(hours=3))
    labels.label_pcs(stage, now=now)
    returns.give_back(stage, now=now)
    returns.swap_and_replace(stage, now=now)
    cases.sell_denied_pc(stage, at=now - timedelta(hours=2))
    custody.play(stage, now=now)
    recipients.leave_open(stage, now=now)
    papers.announce(stage.cast, now=now)
    papers.change(stage.cast, stage.products, now=now)
    waiting.leave_waiting(stage, now=now)
    pools.keep_apart(stage, now=now)
    stock_plan.plan_stock(stage, now=now)
    rules.rules(stage.cast, now=now)
    rules.products(stage.cast, now=now)
    tenders.sell_to_tenders(stage, now=now)
    prices.show_prices(stage, now=now)


def _forget_old_mail(now: datetime) -> None:
    """Count the mails of the past as sent, and the imports' tasks as done: the loader did their work."""
    with mar_scope(), connection.cursor() as cursor:
        cursor.execute(
            """UPDATE core_outboxitem SET done_at = created_at, attempts = 1 WHERE done_at IS NULL
            AND ((task LIKE ANY(%s) AND created_at < %s) OR task = ANY(%s))""",
            [list(MAIL_TASKS), now - timedelta(days=4), list(STAGED_WORK)],
        )


def _keep_secrets(cast: Cast) -> None:
    """Keep the stations' secrets for `accounts --json`; the database holds hashes only."""
    file = Path(settings.VAR_DIR) / API_KEYS_FILE
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(cast.secrets, indent=1))
    file.chmod(0o600)
