"""Tables of the monthly reports and other papers."""

from reporting.models.acceptance_paper import AcceptancePaper
from reporting.models.checkpoint import Checkpoint, CheckpointDelivery
from reporting.models.frozen import ReportDeviceLine, ReportLine
from reporting.models.usage_report import ReportFile, ReportState, UsageReport

__all__ = [
    "AcceptancePaper",
    "Checkpoint",
    "CheckpointDelivery",
    "ReportDeviceLine",
    "ReportFile",
    "ReportLine",
    "ReportState",
    "UsageReport",
]
