"""Which scope of an API key opens which call."""

from typing import Any

from rest_framework.exceptions import MethodNotAllowed, NotAuthenticated
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from partners.models import ApiKey
from partners.models.partner import PartnerState

PARTNER = "partner"
MAR = "mar"


class HasScope(BasePermission):
    """Let a key through that holds the view's scope and belongs to the view's side.

    A view says `required_scope` (a text, or a text per method) and `side` ("partner" or "mar"). A view
    that says nothing is closed.
    """

    def has_permission(self, request: Request, view: Any) -> bool:
        """Return whether the key holds the scope."""
        api_key: ApiKey | None = request.auth  # type: ignore[assignment]
        if api_key is None:
            raise NotAuthenticated
        wanted = view.required_scope
        if (
            isinstance(wanted, dict)
            and request.method not in wanted
            and not hasattr(view, str(request.method).lower())
        ):
            raise MethodNotAllowed(str(request.method))
        method = "GET" if request.method == "HEAD" else request.method
        scope = wanted.get(method) if isinstance(wanted, dict) else wanted
        if scope is None or (api_key.partner_id is None) != (view.side == MAR):
            return False
        # A partner whose contract has ended reads what is his until his access ends.
        is_over = api_key.partner is not None and api_key.partner.state == PartnerState.TERMINATED
        if is_over and request.method not in SAFE_METHODS:
            return False
        return scope == "" or scope in api_key.scopes
