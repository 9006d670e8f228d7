"""Addresses of applications and partners."""

from django.urls import path

from portal.web.mar import applications_views, partners_views

urlpatterns = [
    path("applications/", applications_views.application_list, name="application-list"),
    path(
        "applications/<uuid:application_id>/",
        applications_views.application_detail,
        name="application-detail",
    ),
    path("applications/<uuid:application_id>/review/", applications_views.review, name="application-review"),
    path(
        "applications/<uuid:application_id>/approve/", applications_views.approve, name="application-approve"
    ),
    path("applications/<uuid:application_id>/reject/", applications_views.reject, name="application-reject"),
    path("partners/", partners_views.partner_list, name="partner-list"),
    path("partners/<uuid:partner_id>/", partners_views.partner_detail, name="partner-detail"),
    path("partners/<uuid:partner_id>/suspend/", partners_views.suspend, name="partner-suspend"),
    path("partners/<uuid:partner_id>/lift/", partners_views.lift, name="partner-lift"),
]
