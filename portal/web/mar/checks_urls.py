"""Addresses of automatic checks and sanctions lists."""

from django.urls import path

from portal.web.mar import check_views, sanctions_views

urlpatterns = [
    path("applications/<uuid:application_id>/checks/", check_views.run_all, name="checks-run"),
    path(
        "applications/<uuid:application_id>/checks/<uuid:check_id>/repeat/",
        check_views.repeat,
        name="check-repeat",
    ),
    path("sanctions/", sanctions_views.sanctions, name="sanctions"),
    path("sanctions/new/", sanctions_views.new, name="sanctions-new"),
    path("sanctions/<uuid:list_id>/", sanctions_views.detail, name="sanctions-detail"),
]
