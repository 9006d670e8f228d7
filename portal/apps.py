"""The site itself."""

from django.apps import AppConfig


class PortalConfig(AppConfig):
    """Registers the start-up checks of the site."""

    name = "portal"
    verbose_name = "Portal"

    def ready(self) -> None:
        """Register the checks, and have sign-ins audited."""
        from portal import checks  # noqa: F401
        from portal.sign_in_audit import connect

        connect()
