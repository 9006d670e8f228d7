"""The site itself."""

from django.apps import AppConfig


class PortalConfig(AppConfig):
    """Registers the start-up checks of the site."""

    name = "portal"
    verbose_name = "Portal"

    def ready(self) -> None:
        """Register the checks, and have sign-ins audited."""
        from portal import checks, factor_secrets, sign_in_audit

        assert checks  # noqa: S101  (imported for its registrations)
        factor_secrets.connect()
        sign_in_audit.connect()
