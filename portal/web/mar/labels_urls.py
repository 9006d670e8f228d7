"""Addresses of the MAR's labels."""

from django.urls import path

from portal.web.mar import label_views as views

urlpatterns = [
    path("stock/labels/", views.labels, name="labels"),
    path("stock/labels/receive/", views.receive, name="label-receive"),
    path("stock/labels/issue/", views.issue, name="label-issue"),
    path("stock/labels/<uuid:issue_id>/", views.issue_detail, name="label-issue-detail"),
    path("stock/labels/<uuid:issue_id>/back/", views.take_back, name="label-take-back"),
]
