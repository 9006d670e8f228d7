"""Every address of the portal."""

from django.conf import settings
from django.urls import include, path

from portal import health
from portal.api import docs as api_docs
from portal.metrics import metrics
from portal.web.public import joining, terms
from portal.web.public import views as public_views

handler400 = "portal.errors.bad_request"
handler403 = "portal.errors.forbidden"
handler404 = "portal.errors.not_found"
handler500 = "portal.errors.server_error"

urlpatterns = [
    path("", include("portal.web.public.urls")),
    path("start/", public_views.after_sign_in, name="after-sign-in"),
    path("theme/", public_views.set_theme, name="theme-set"),
    path("join/<str:token>/", joining.join, name="join"),
    path("join/<str:token>/leave/", joining.leave_and_join, name="join-leave"),
    path("terms/", terms.terms, name="terms"),
    path("terms/accept/", terms.accept, name="terms-accept"),
    path("", include("portal.web.house.urls")),
    path("mar/", include("portal.web.mar.urls")),
    path("compliance/", include("portal.web.compliance.urls")),
    path("accounts/", include("portal.web.account.urls")),
    path("tpr/", include("portal.web.tpr.urls")),
    path("api/v1/", include("portal.api.urls")),
    path("api/openapi.json", api_docs.schema, name="api-schema"),
    path("api/docs", api_docs.page, name="api-docs"),
    path("health/live", health.live, name="health-live"),
    path("metrics", metrics, name="metrics"),
    path("health/ready", health.ready, name="health-ready"),
]

if settings.DEMO_ENABLED:
    urlpatterns += [path("demo/", include("portal.web.demo.urls"))]
