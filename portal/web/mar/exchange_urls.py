"""Addresses of the exchange with Microsoft."""

from django.urls import path

from portal.web.mar import exchange_views as views
from portal.web.mar import return_views

urlpatterns = [
    path("exchange/", views.exchange, name="exchange"),
    path("exchange/run/", views.run_now, name="exchange-run"),
    path("exchange/answers/", views.upload, name="exchange-upload"),
    path("exchange/cbrs/<uuid:report_id>/", views.cbr_detail, name="cbr-detail"),
    path("exchange/cbrs/<uuid:report_id>/file/", views.cbr_download, name="cbr-download"),
    path("exchange/cbrs/<uuid:report_id>/mark-sent/", views.cbr_mark_sent, name="cbr-mark-sent"),
    path("exchange/builds/<uuid:build_id>/resend/", views.build_resend, name="build-resend"),
    path("exchange/exceptions/<uuid:exception_id>/", views.exception_close, name="exception-close"),
    path("exchange/returns/", return_views.return_list, name="return-list"),
    path("exchange/returns/new/", return_views.return_new, name="return-new"),
    path("exchange/returns/<uuid:return_id>/", return_views.return_detail, name="return-detail"),
    path("exchange/returns/<uuid:return_id>/file/", return_views.return_download, name="return-download"),
]
