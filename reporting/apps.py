"""Documents: the monthly report, frozen, reviewed, issued."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ReportingConfig(AppConfig):
    """The app of monthly reports."""

    name = "reporting"
    verbose_name = _("Reporting")

    @staticmethod
    def database_guards() -> list[str]:
        """Return the SQL of the guards that follow from this app's rules."""
        from reporting.guards import statements

        return statements()
