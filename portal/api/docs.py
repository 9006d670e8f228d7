"""The API's own description and a page to read it."""

from csp.constants import SELF, UNSAFE_INLINE
from csp.decorators import csp_update
from drf_spectacular.views import SpectacularJSONAPIView, SpectacularSwaggerSplitView

from portal.policy import public

schema = public(SpectacularJSONAPIView.as_view())
# Swagger UI sets styles in its elements; only this page is allowed to.
page = public(  # type: ignore[type-var]
    csp_update({"style-src": [SELF, UNSAFE_INLINE]})(
        SpectacularSwaggerSplitView.as_view(url_name="api-schema")
    )
)
