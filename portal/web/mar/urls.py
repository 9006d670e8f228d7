"""Addresses of the MAR's wing. Each room brings its own list."""

from django.urls import path

from portal.web.mar import (
    applications_urls,
    checks_urls,
    custody_urls,
    desk_urls,
    exchange_urls,
    forecast_urls,
    home_views,
    labels_urls,
    orders_urls,
    partners_urls,
    prices_urls,
    recipients_urls,
    rules_urls,
    stock_urls,
)

app_name = "mar"

urlpatterns = [
    path("", home_views.home, name="home"),
    *applications_urls.urlpatterns,
    *partners_urls.urlpatterns,
    *checks_urls.urlpatterns,
    *recipients_urls.urlpatterns,
    *desk_urls.urlpatterns,
    *labels_urls.urlpatterns,
    *orders_urls.urlpatterns,
    *custody_urls.urlpatterns,
    *exchange_urls.urlpatterns,
    *forecast_urls.urlpatterns,
    *prices_urls.urlpatterns,
    *rules_urls.urlpatterns,
    *stock_urls.urlpatterns,
]
