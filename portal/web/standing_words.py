"""The words of standing and score, the same in every wing."""

from collections.abc import Sequence
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from compliance.models import ScoreSnapshot
from compliance.rules.badges import Badge
from compliance.rules.coach import Plan
from compliance.rules.conduct import Action
from compliance.rules.score import Line, Score
from compliance.rules.score_model import ScoreRules
from core.charts import Chart, ScoreRow, score_bars, score_line
from partners.models import OrderBlock
from partners.rules.partner_states import left_by, lifter_of
from partners.selectors.standing import Standing
from portal.rule_titles import rule_title

AREAS: dict[str, Promise] = {
    "reporting": gettext_lazy("Reporting discipline"),
    "hygiene": gettext_lazy("Key hygiene"),
    "payment": gettext_lazy("Payment"),
    "training": gettext_lazy("Training"),
    "evidence": gettext_lazy("Evidence"),
}

# Each fact: what is counted, and of what whole.
LINES: dict[str, tuple[Promise, Promise | str]] = {
    "reporting.late": (gettext_lazy("Reported after %(days)s days or later"), gettext_lazy("builds")),
    "reporting.aged_1": (gettext_lazy("Not reported after %(days)s days"), ""),
    "reporting.aged_2": (gettext_lazy("Not reported after %(days)s days"), ""),
    "reporting.aged_3": (gettext_lazy("Not reported after %(days)s days"), ""),
    "hygiene.denied": (gettext_lazy("Activation denied"), gettext_lazy("answered")),
    "hygiene.duplicates": (gettext_lazy("Seen before or stolen, by Microsoft’s answer"), ""),
    "hygiene.revealed": (gettext_lazy("Looked at on a screen"), gettext_lazy("taken")),
    "hygiene.returned": (gettext_lazy("Returned after activation"), gettext_lazy("activated")),
    "payment.unpaid": (gettext_lazy("Unpaid, of your credit limit"), ""),
    "training.missing": (gettext_lazy("Required courses without a valid pass"), gettext_lazy("required")),
    "evidence.missing": (gettext_lazy("Required papers missing or expired"), gettext_lazy("required")),
    "evidence.expired": (gettext_lazy("Other papers expired"), ""),
    "evidence.recipients": (gettext_lazy("Recipients whose evidence expired"), gettext_lazy("recipients")),
}

BADGES: dict[str, Promise] = {
    Badge.GOOD_STANDING: gettext_lazy("In good standing"),
    Badge.CITIZENSHIP_READY: gettext_lazy("Citizenship-ready"),
    Badge.HIGH_VOLUME: gettext_lazy("High volume"),
    Badge.API_INTEGRATED: gettext_lazy("API-integrated"),
}

BADGE_PROOFS: dict[str, Promise] = {
    Badge.GOOD_STANDING: gettext_lazy("Score of the mark or more, account without a restriction"),
    Badge.CITIZENSHIP_READY: gettext_lazy("Approved recipients, all with valid evidence"),
    Badge.HIGH_VOLUME: gettext_lazy("Builds reported in 90 days"),
    Badge.API_INTEGRATED: gettext_lazy("Builds reported by API"),
}

ACTION_LABELS: dict[str, Promise] = {
    Action.REPORT: gettext_lazy("Report builds"),
    Action.RETURN_DENIED: gettext_lazy("See refused keys"),
    Action.PAY: gettext_lazy("See your credit"),
    Action.TRAIN: gettext_lazy("Open training"),
    Action.RENEW: gettext_lazy("Hand in papers"),
}


def action_words(action: str, count: int) -> str:
    """Return one step of the coach as a sentence."""
    sentences = {
        Action.REPORT: ngettext("Report the oldest build.", "Report the %(count)s oldest builds.", count),
        Action.RETURN_DENIED: ngettext(
            "Have the key that Microsoft refused returned.",
            "Have %(count)s keys that Microsoft refused returned.",
            count,
        ),
        Action.PAY: _("Pay the open invoices."),
        Action.TRAIN: ngettext("Pass a required course.", "Pass %(count)s required courses.", count),
        Action.RENEW: ngettext("Hand in a valid paper.", "Hand in %(count)s valid papers.", count),
    }
    return sentences[Action(action)] % {"count": count}


def minutes_words(minutes: int) -> str:
    """Return a time as people say it."""
    if minutes < 90:
        return _("about %(count)s minutes") % {"count": minutes}
    return _("about %(count)s hours") % {"count": -(-minutes // 60)}


def truth_of(standing: Standing, score: Score, *, is_shadow: bool) -> tuple[str, str]:
    """Return the one sentence of truth about a partner, and its tone."""
    stopping = standing.stopping
    if standing.partner.state == "terminated":
        return _("The contract has ended."), "neutral"
    if standing.partner.state == "winding_down":
        return _("The contract is ending: no new orders; finish what is open."), "warning"
    if any(block.is_suspension for block in stopping):
        kinds = {block.kind for block in stopping if block.is_suspension}
        return _("Suspended: %(what)s.") % {"what": _stopped(kinds)}, "danger"
    if stopping:
        return _("Restricted: %(what)s.") % {"what": _stopped({block.kind for block in stopping})}, "warning"
    if score.total is None:
        return _("Nothing stands against you; it is too early for a score."), "success"
    if score.is_passed:
        return _("In good standing: %(total)s of 100 points.") % {"total": score.total}, "success"
    gap = score.pass_mark - score.total
    words = ngettext("%(gap)s point is missing to the mark.", "%(gap)s points are missing to the mark.", gap)
    tail = _(" The score is in trial and has no effect yet.") if is_shadow else ""
    return words % {"gap": gap} + tail, "warning"


def _stopped(kinds: set[str]) -> str:
    if kinds == {"orders"}:
        return _("no new orders")
    return _("no keys") if kinds == {"hand_over"} else _("no new orders and no keys")


def block_facts(block: OrderBlock) -> dict[str, Any]:
    """Return what a restriction says of itself: rule, facts, since, what stays allowed, who lifts it."""
    shown: dict[str, Any] = {
        _("Rule"): f"{rule_title(block.rule)} ({block.rule})",
        _("Stopped"): block.get_kind_display(),
        **block.facts,
    }
    shown[_("Since")] = block.since
    if block.until:
        shown[_("Until")] = block.until
    elif block.review_at:
        shown[_("Looked at again by")] = block.review_at
    shown[_("Still allowed")] = left_by(block.kind)
    shown[_("Lifted by")] = lifter_of(block.lifter_role, is_by_rule=block.is_by_rule)
    shown[_("What to do")] = block.next_step
    return shown


def area_table(score: Score, rules: ScoreRules) -> list[dict[str, Any]]:
    """Return each area with its facts and what each cost, for reading."""
    return [
        {
            "label": AREAS[area.code],
            "points": area.points,
            "weight": area.weight,
            "lines": [_line(line, rules) for line in area.lines],
        }
        for area in score.areas
    ]


def line_label(code: str, rules: ScoreRules) -> str:
    """Return what a line counts, with the model's ages in it."""
    label = str(LINES[code][0])
    if not code.startswith("reporting."):
        return label
    place = int(code[-1]) - 1 if code[-1].isdigit() else 0
    return label % {"days": rules.age_days[place]}


def _line(line: Line, rules: ScoreRules) -> dict[str, Any]:
    label, whole_label = line_label(line.code, rules), LINES[line.code][1]
    # Payment is counted in cents and read in whole units of the currency.
    unit = 100 if line.code == "payment.unpaid" else 1
    whole = None if line.whole is None else line.whole // unit
    return {
        "label": label,
        "count": line.count // unit,
        "whole": whole,
        "whole_label": whole_label,
        "cost": line.cost,
    }


def area_chart(score: Score) -> Chart:
    """Return the gauge of the five areas."""
    return score_bars(
        [ScoreRow(str(AREAS[area.code]), area.points) for area in score.areas],
        mark=score.pass_mark,
        mark_label=_("mark %(mark)s") % {"mark": score.pass_mark},
        headline=_("Points by area"),
        unit=_("points of 100, each area by its own facts"),
        chart_id="score-areas",
        columns=(_("Area"), _("Points")),
        none_label=_("not measured"),
    )


def history_chart(snapshots: Sequence[ScoreSnapshot], *, mark: int) -> Chart:
    """Return the score month by month."""
    return score_line(
        [(f"{row.taken_on:%m/%y}", row.total) for row in snapshots],
        mark=mark,
        mark_label=_("mark %(mark)s") % {"mark": mark},
        headline=_("Score by month"),
        unit=_("points of 100, the last day recorded in each month"),
        chart_id="score-history",
        columns=(_("Month"), _("Points")),
        none_label=_("too early"),
    )


def plan_minutes(plan: Plan) -> str:
    """Return how long a whole plan takes."""
    return minutes_words(plan.minutes)


def model_table(rules: ScoreRules) -> list[dict[str, Any]]:
    """Return a model's costs in words, area by area."""
    costs: dict[str, str] = {}
    for code, share in rules.shares.items():
        costs[code] = _("up to %(cap)s points, from %(free)s %% to %(full)s %%") % {
            "cap": share.cap, "free": f"{share.free / 10:g}", "full": f"{share.full / 10:g}",
        }  # fmt: skip
    for code, each in rules.each.items():
        costs[code] = ngettext(
            "%(points)s point each, up to %(cap)s", "%(points)s points each, up to %(cap)s", each.points
        ) % {"points": each.points, "cap": each.cap}
    return [
        {
            "label": label,
            "weight": rules.weights[area],
            "lines": [
                (line_label(code, rules), costs[code]) for code in LINES if code.startswith(f"{area}.")
            ],
        }
        for area, label in AREAS.items()
    ]
