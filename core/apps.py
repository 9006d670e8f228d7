"""The core app: no business words, only what every other app stands on."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class CoreConfig(AppConfig):
    """Re-applies the database's access rules after every migration."""

    name = "core"
    verbose_name = "Core"

    def ready(self) -> None:
        """Register the access rules and the start-up checks."""
        from core import checks  # noqa: F401
        from core.database.apply import apply_access
        from core.services.seal import register_stream
        from core.streams import AUDIT_STREAM

        register_stream(AUDIT_STREAM)
        post_migrate.connect(apply_access, sender=self, dispatch_uid="core.apply_access")
