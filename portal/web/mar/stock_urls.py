"""Addresses of stock and imports."""

from django.conf import settings
from django.urls import path

from portal.web.mar import batch_stop_views, import_views, pool_views, stock_views

urlpatterns = [
    path("stock/", stock_views.stock, name="stock"),
    path("stock/imports/new/", import_views.new, name="import-new"),
    path("stock/imports/<uuid:batch_id>/", import_views.detail, name="import-detail"),
    path("stock/imports/<uuid:batch_id>/progress/", import_views.progress, name="import-progress"),
    path("stock/imports/<uuid:batch_id>/errors.csv", import_views.errors_csv, name="import-errors"),
    path("stock/imports/<uuid:batch_id>/release/", import_views.release, name="import-release"),
    path("stock/imports/<uuid:batch_id>/reject/", import_views.reject, name="import-reject"),
    path("stock/imports/<uuid:batch_id>/stop/", batch_stop_views.stop, name="import-stop"),
    path("stock/imports/<uuid:batch_id>/undo/", batch_stop_views.undo, name="import-undo"),
    path("stock/imports/<uuid:batch_id>/give-back/", batch_stop_views.give_back, name="import-give-back"),
    path("stock/pools/", pool_views.pool_list, name="pools"),
    path("stock/pools/new/", pool_views.pool_new, name="pool-new"),
    path("stock/pools/<slug:pool_code>/", pool_views.pool_detail, name="pool-detail"),
    path("stock/pools/<slug:pool_code>/open/", pool_views.pool_open, name="pool-open"),
    *(
        path(
            f"stock/pools/<slug:pool_code>/{step}/", pool_views.pool_step, {"step": step}, name=f"pool-{step}"
        )
        for step in pool_views.STEPS
    ),
]

if settings.DEMO_ENABLED:
    urlpatterns += [path("stock/sample/", import_views.sample, name="sample-fulfilment")]
