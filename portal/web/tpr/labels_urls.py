"""Addresses of a partner's labels."""

from django.urls import path

from portal.web.tpr import labels

urlpatterns = [
    path("labels/", labels.label_list, name="label-list"),
    path("labels/spoil/", labels.spoil, name="label-spoil"),
    path("devices/<uuid:device_id>/label/", labels.use, name="label-use"),
]
