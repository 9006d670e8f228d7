"""Addresses of stock and imports."""

from django.conf import settings
from django.urls import path

from portal.web.mar import import_views, stock_views

urlpatterns = [
    path("stock/", stock_views.stock, name="stock"),
    path("stock/imports/new/", import_views.new, name="import-new"),
    path("stock/imports/<uuid:batch_id>/", import_views.detail, name="import-detail"),
    path("stock/imports/<uuid:batch_id>/progress/", import_views.progress, name="import-progress"),
    path("stock/imports/<uuid:batch_id>/errors.csv", import_views.errors_csv, name="import-errors"),
    path("stock/imports/<uuid:batch_id>/release/", import_views.release, name="import-release"),
    path("stock/imports/<uuid:batch_id>/reject/", import_views.reject, name="import-reject"),
]

if settings.DEMO_ENABLED:
    urlpatterns += [path("stock/sample/", import_views.sample, name="sample-fulfilment")]
