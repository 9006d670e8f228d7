"""Tables of the monthly reports."""

from reporting.models.frozen import ReportDeviceLine, ReportLine
from reporting.models.usage_report import ReportFile, ReportState, UsageReport

__all__ = ["ReportDeviceLine", "ReportFile", "ReportLine", "ReportState", "UsageReport"]
