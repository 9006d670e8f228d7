"""Who: partners, their people and papers."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PartnersConfig(AppConfig):
    """The app of partners, memberships, applications and terms."""

    name = "partners"
    verbose_name = _("Partners")

    @staticmethod
    def database_guards() -> list[str]:
        """Return the SQL of the guards that follow from this app's rules."""
        from partners import guards, paper_guards, privacy_guards, recipient_guards

        return [
            *guards.statements(),
            *recipient_guards.statements(),
            *paper_guards.statements(),
            *privacy_guards.statements(),
        ]
