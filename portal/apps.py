"""The site itself."""

from django.apps import AppConfig


class PortalConfig(AppConfig):
    """Registers the start-up checks of the site."""

    name = "portal"
    verbose_name = "Portal"

    def ready(self) -> None:
        """Register the checks."""
        from portal import checks  # noqa: F401
