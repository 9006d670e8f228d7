"""Addresses of the forecast of stock, its alarms and the call-offs."""

from django.urls import path

from portal.web.mar import alert_views, forecast_views

urlpatterns = [
    path("stock/forecast/<slug:code>/", forecast_views.forecast_detail, name="stock-forecast"),
    path("stock/forecast/<slug:code>/threshold/", alert_views.threshold, name="stock-threshold"),
    path("stock/forecast/<slug:code>/test/", alert_views.try_alarm, name="stock-alert-test"),
    path("stock/alarms/", alert_views.alert_list, name="stock-alerts"),
    path("stock/alarms/<uuid:stock_alert_id>/", alert_views.alert_detail, name="stock-alert"),
]
