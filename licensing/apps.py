"""What is sold, where every key is, and what was built."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class LicensingConfig(AppConfig):
    """The app of products, keys, orders, devices, builds and the exchange with Microsoft."""

    name = "licensing"
    verbose_name = _("Licensing")

    def ready(self) -> None:
        """Put the custody ledger under seal."""
        from core.services.seal import register_stream
        from licensing.streams import CUSTODY_STREAM

        register_stream(CUSTODY_STREAM)

    @staticmethod
    def database_guards() -> list[str]:
        """Return the SQL of the guards that follow from this app's rules."""
        from licensing import (
            custody_guards,
            decoy_guards,
            delivery_guards,
            guards,
            holder_guards,
            label_guards,
            limit_guards,
            order_guards,
            pool_guards,
            price_guards,
            quota_guards,
            return_guards,
            rule_guards,
            standing_guards,
        )

        return [
            *decoy_guards.statements(),
            *custody_guards.statements(),
            *rule_guards.statements(),
            *price_guards.statements(),
            *pool_guards.statements(),
            *order_guards.statements(),
            *limit_guards.statements(),
            *guards.statements(),
            *holder_guards.statements(),
            *quota_guards.statements(),
            *return_guards.statements(),
            *label_guards.statements(),
            *delivery_guards.statements(),
            *standing_guards.statements(),
        ]
