"""Addresses of the forecast of stock, its alarms and the call-offs."""

from django.urls import path

from portal.web.mar import alert_views, call_off_views, forecast_views

urlpatterns = [
    path("stock/forecast/<slug:code>/", forecast_views.forecast_detail, name="stock-forecast"),
    path("stock/forecast/<slug:code>/threshold/", alert_views.threshold, name="stock-threshold"),
    path("stock/forecast/<slug:code>/test/", alert_views.try_alarm, name="stock-alert-test"),
    path("stock/forecast/<slug:code>/call-off/", call_off_views.call_off_product, name="call-off-product"),
    path("stock/forecast/<slug:code>/call-off/mark/", call_off_views.call_off_mark, name="call-off-mark"),
    path("stock/forecast/<slug:code>/terms/", call_off_views.supply_terms, name="supply-terms"),
    path("stock/call-offs/", call_off_views.call_off_list, name="call-off-list"),
    path("stock/call-offs/proposal.csv", call_off_views.call_off_file, name="call-off-file"),
    path("stock/call-offs/<uuid:call_off_id>/", call_off_views.call_off_detail, name="call-off"),
    path("stock/call-offs/<uuid:call_off_id>/move/", call_off_views.call_off_move, name="call-off-move"),
    path("stock/call-offs/<uuid:call_off_id>/close/", call_off_views.call_off_close, name="call-off-close"),
    path(
        "stock/call-offs/<uuid:call_off_id>/delivery/",
        call_off_views.call_off_delivery,
        name="call-off-delivery",
    ),
    path("stock/alarms/", alert_views.alert_list, name="stock-alerts"),
    path("stock/alarms/<uuid:stock_alert_id>/", alert_views.alert_detail, name="stock-alert"),
]
