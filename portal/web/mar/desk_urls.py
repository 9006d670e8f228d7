"""Addresses of the returns desk."""

from django.urls import path

from portal.web.mar import desk_views as views

urlpatterns = [
    path("returns/", views.desk, name="desk"),
    path("returns/send/", views.send, name="desk-send"),
    path("returns/<uuid:partner_return_id>/", views.detail, name="desk-detail"),
    path("returns/<uuid:partner_return_id>/check/", views.check, name="desk-check"),
    path("returns/<uuid:partner_return_id>/approve/", views.approve, name="desk-approve"),
    path("returns/<uuid:partner_return_id>/refuse/", views.refuse, name="desk-refuse"),
    path("returns/<uuid:partner_return_id>/close/", views.close, name="desk-close"),
]
