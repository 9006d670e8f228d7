"""Addresses of the pages both houses share. They have no namespace: one name for everyone."""

from django.urls import path

from portal.web.house import (
    api_key_views,
    factor_views,
    people_views,
    privacy_views,
    view_as_views,
)

urlpatterns = [
    path("my-data/", privacy_views.privacy, name="privacy"),
    path("my-data/copy/", privacy_views.download, name="privacy-download"),
    path("my-data/forget-me/", privacy_views.ask, name="privacy-ask"),
    path("people/", people_views.people, name="people"),
    path("people/invite/", people_views.invite, name="people-invite"),
    path("people/invitations/<uuid:invitation_id>/cancel/", people_views.cancel, name="invitation-cancel"),
    path("people/invitations/<uuid:invitation_id>/resend/", people_views.resend, name="invitation-resend"),
    path("people/<uuid:membership_id>/role/", people_views.change, name="people-role"),
    path("people/<uuid:membership_id>/reset-factors/", factor_views.reset, name="people-reset-factors"),
    path("people/<uuid:membership_id>/remove/", people_views.remove, name="people-remove"),
    path("view-as/end/", view_as_views.end, name="view-as-end"),
    path("api-keys/", api_key_views.api_keys, name="api-key-list"),
    path("api-keys/new/", api_key_views.create, name="api-key-create"),
    path("api-keys/<uuid:api_key_id>/revoke/", api_key_views.revoke, name="api-key-revoke"),
]
