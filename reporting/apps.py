"""Documents: the monthly report, frozen, reviewed, issued."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ReportingConfig(AppConfig):
    """The app of monthly reports."""

    name = "reporting"
    verbose_name = _("Reporting")
