"""Addresses of incidents and corrections."""

from django.urls import path

from portal.web.mar import incidents_views as views

urlpatterns = [
    path("incidents/", views.incident_list, name="incident-list"),
    path("incidents/<uuid:incident_id>/", views.incident_detail, name="incident-detail"),
    path("incidents/<uuid:incident_id>/measures/", views.measures, name="incident-measures"),
    path("incidents/<uuid:incident_id>/close/", views.close, name="incident-close"),
    path("keys/<slug:product_key_id>/lost/", views.report, name="key-lost"),
    path("keys/<slug:product_key_id>/correct/", views.ask, name="key-correct"),
    path("corrections/", views.correction_list, name="correction-list"),
    path("corrections/<uuid:correction_id>/", views.correction_detail, name="correction-detail"),
    path("corrections/<uuid:correction_id>/decide/", views.decide, name="correction-decide"),
]
