"""Compliance: what a partner's conduct looks like, what follows from it, and how he leaves in order."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ComplianceConfig(AppConfig):
    """The app of the score, tiers, badges, rules that restrict by themselves, and the exit."""

    name = "compliance"
    verbose_name = _("Compliance")

    def ready(self) -> None:
        """Let a simulation of a rule see what the rule about unreported keys would stop."""
        from compliance.selectors.rule_outcomes import outcomes_of_reporting
        from licensing.services.rule_simulation import register_evaluator

        register_evaluator("compliance", outcomes_of_reporting)

    @staticmethod
    def database_guards() -> list[str]:
        """Return the SQL of the guards that follow from this app's rules."""
        from compliance import guards

        return guards.statements()
