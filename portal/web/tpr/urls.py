"""The partner's wing."""

from django.urls import path

from portal.web.tpr import builds, devices, home, keys, orders

app_name = "tpr"

urlpatterns = [
    path("", home.home, name="home"),
    path("settings/", home.settings_page, name="settings"),
    path("order/", orders.catalogue, name="catalogue"),
    path("order/<slug:code>/", orders.new_order, name="order-new"),
    path("orders/", orders.order_list, name="order-list"),
    path("orders/<uuid:order_id>/", orders.order_detail, name="order-detail"),
    path("keys/", keys.key_list, name="key-list"),
    path("keys/<slug:product_key_id>/", keys.key_detail, name="key-detail"),
    path("keys/<slug:product_key_id>/reveal/", keys.reveal, name="key-reveal"),
    path("keys/<slug:product_key_id>/OA3.xml", keys.sample, name="key-sample"),
    path("builds/", builds.build_list, name="build-list"),
    path("builds/upload/", builds.upload, name="build-upload"),
    path("builds/uploads/<uuid:upload_id>/", builds.upload_detail, name="build-upload-detail"),
    path("builds/<uuid:build_id>/", builds.build_detail, name="build-detail"),
    path("builds/<uuid:build_id>/revert/", builds.revert, name="build-revert"),
    path("devices/", devices.device_list, name="device-list"),
    path("devices/<uuid:device_id>/", devices.device_detail, name="device-detail"),
]
