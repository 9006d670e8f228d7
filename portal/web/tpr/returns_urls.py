"""Addresses of what a partner gives back."""

from django.urls import path

from portal.web.tpr import returns

urlpatterns = [
    path("returns/", returns.return_list, name="return-list"),
    path("returns/new/", returns.return_new, name="return-new"),
    path("returns/<uuid:partner_return_id>/", returns.return_detail, name="return-detail"),
]
