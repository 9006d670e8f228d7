"""Ends of the hash chains, written into reports and daily checkpoints, and looked for when a chain is verified.

A chain whose newest blocks and rows were cut off together still holds in itself. The report's signed
manifest says how long it was on the day of the freeze, also in the copies that have left the house.
"""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from core.models.seal import SealBlock
from core.services.seal import TAIL_MAY_BE, Stream, Verdict, streams, verify_stream
from reporting.models import Checkpoint, UsageReport
from reporting.selectors.chains import chain_end

ANCHORS = "chains"


def anchors() -> dict[str, dict[str, Any]]:
    """Return where each stream's chain ends now, as plain JSON. Streams without a block are left out."""
    ends = [chain_end(stream.name) for stream in streams()]
    return {
        end.stream: {"block": end.blocks, "links": end.links, "head": end.head} for end in ends if end.blocks
    }


def verify_anchored(stream: Stream, *, at: datetime, tail_may_be: timedelta = TAIL_MAY_BE) -> Verdict:
    """Verify a chain in itself, and against what the frozen reports say of it. In the MAR's scope."""
    verdict = verify_stream(stream, at=at, tail_may_be=tail_may_be)
    if not verdict.is_sound:
        return verdict
    problem = _first_missing_end(stream)
    return Verdict(verdict.stream, verdict.links, verdict.blocks, verdict.unsealed_rows, problem)


def _first_missing_end(stream: Stream) -> str:
    reports = UsageReport.objects.filter(frozen_at__isnull=False).order_by("frozen_at")
    for number, header in reports.values_list("number", "header"):
        anchor = header.get("snapshot", {}).get(ANCHORS, {}).get(stream.name)
        if anchor is None:
            continue
        if problem := missing_end(stream, anchor, f"report {number}"):
            return problem
    for made in Checkpoint.objects.order_by("day"):
        anchor = json.loads(made.statement)[ANCHORS].get(stream.name)
        if anchor and (problem := missing_end(stream, anchor, str(made))):
            return problem
    return ""


def missing_end(stream: Stream, anchor: Mapping[str, Any], source: str) -> str:
    """Return what is wrong when a chain does not end, or pass, where a report or checkpoint saw it end."""
    block = SealBlock.objects.filter(stream=stream.name, number=anchor["block"]).first()
    if block is None or bytes(block.head).hex() != anchor["head"]:
        return f"block {anchor['block']} is not the one that {source} was frozen with"
    return ""
