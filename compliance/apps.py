"""Compliance: what a partner's conduct looks like, what follows from it, and how he leaves in order."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ComplianceConfig(AppConfig):
    """The app of the score, tiers, badges, rules that restrict by themselves, and the exit."""

    name = "compliance"
    verbose_name = _("Compliance")

    @staticmethod
    def database_guards() -> list[str]:
        """Return the SQL of the guards that follow from this app's rules."""
        from compliance import guards

        return guards.statements()
