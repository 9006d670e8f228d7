"""Addresses of the forecast of stock, its alarms and the call-offs."""

from django.urls import path

from portal.web.mar import forecast_views

urlpatterns = [
    path("stock/forecast/<slug:code>/", forecast_views.forecast_detail, name="stock-forecast"),
]
