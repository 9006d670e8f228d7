"""Addresses of applications."""

from django.urls import path

from portal.web.mar import applications_acts as acts
from portal.web.mar import applications_ask as ask
from portal.web.mar import applications_invite as invite
from portal.web.mar import applications_views as views

LIST = "applications/invitations/<uuid:bulk_id>/"
CASE = "applications/<uuid:application_id>/"

urlpatterns = [
    path("applications/", views.application_list, name="application-list"),
    path("applications/invitations/", invite.invitation_list, name="bulk-invitation-list"),
    path("applications/invitations/new/", invite.new, name="bulk-invitation-new"),
    path(f"{LIST}", invite.detail, name="bulk-invitation-detail"),
    path(f"{LIST}send/", invite.confirm, name="bulk-invitation-confirm"),
    path(f"{LIST}drop/", invite.drop, name="bulk-invitation-drop"),
    path(f"{LIST}companies.csv", invite.companies_csv, name="bulk-invitation-csv"),
    path(CASE, views.application_detail, name="application-detail"),
    path(f"{CASE}claim/", acts.claim, name="application-claim"),
    path(f"{CASE}let-go/", acts.release, name="application-let-go"),
    path(f"{CASE}recommend/", acts.recommend, name="application-recommend"),
    path(f"{CASE}approve/", acts.approve, name="application-approve"),
    path(f"{CASE}reject/", acts.reject, name="application-reject"),
    path(f"{CASE}send-back/", acts.send_back, name="application-send-back"),
    path(f"{CASE}papers/<uuid:document_id>/", views.paper, name="application-paper"),
    path(f"{CASE}ask/", ask.ask, name="application-ask"),
    path(f"{CASE}questions/<uuid:question_id>/close/", ask.close, name="application-question-close"),
    path(f"{CASE}carry-over/<uuid:item_id>/", acts.settle, name="application-settle"),
]
