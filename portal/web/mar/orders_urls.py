"""Addresses of the MAR's view of orders and keys."""

from django.urls import path

from portal.web.mar import allocation_views, orders_views, waiting_views

urlpatterns = [
    path("orders/", orders_views.order_list, name="order-list"),
    path("allocation/", allocation_views.console, name="allocation"),
    path("allocation/<slug:code>/", allocation_views.product_queue, name="allocation-product"),
    path("allocation/<slug:code>/switch/", allocation_views.switch, name="allocation-switch"),
    path("orders/waiting/", waiting_views.waiting_list, name="order-waiting"),
    path("orders/<uuid:order_id>/decide/", waiting_views.decide, name="order-decide"),
    path("orders/<uuid:order_id>/", orders_views.order_detail, name="order-detail"),
    path("orders/<uuid:order_id>/cancel/", orders_views.cancel, name="order-cancel"),
    path("keys/<slug:product_key_id>/", orders_views.key_detail, name="key-detail"),
    path("keys/<slug:product_key_id>/recall/", orders_views.recall, name="key-recall"),
]
