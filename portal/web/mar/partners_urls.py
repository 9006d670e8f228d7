"""Addresses of partners."""

from django.urls import path

from portal.web.house import view_as_views
from portal.web.mar import (
    company_views,
    exit_views,
    limits_views,
    office_views,
    owner_reset_views,
    partner_notes_views,
    partner_tabs,
    partners_views,
    standing_views,
)

urlpatterns = [
    path("office/", office_views.office, name="office"),
    path("office/edit/", office_views.edit_office, name="office-edit"),
    path("office/contacts/<slug:area>/", office_views.edit_contact, name="office-contact"),
    path("partners/", partners_views.partner_list, name="partner-list"),
    path("partners/<uuid:partner_id>/", partner_tabs.overview, name="partner-detail"),
    path("partners/<uuid:partner_id>/orders/", partner_tabs.orders, name="partner-orders"),
    path("partners/limits/", limits_views.waiting, name="limit-waiting"),
    path("partners/<uuid:partner_id>/limits/", limits_views.limits, name="partner-limits"),
    path("partners/<uuid:partner_id>/limits/change/", limits_views.change, name="partner-limit-change"),
    path(
        "partners/<uuid:partner_id>/limits/<uuid:limit_change_id>/approve/",
        limits_views.approve,
        name="partner-limit-approve",
    ),
    path(
        "partners/<uuid:partner_id>/limits/<uuid:limit_change_id>/discard/",
        limits_views.discard,
        name="partner-limit-discard",
    ),
    path("partners/<uuid:partner_id>/keys/", partner_tabs.keys, name="partner-keys"),
    path("partners/<uuid:partner_id>/devices/", partner_tabs.devices, name="partner-devices"),
    path("partners/<uuid:partner_id>/reports/", partner_tabs.reports, name="partner-reports"),
    path("partners/<uuid:partner_id>/documents/", partner_tabs.documents, name="partner-documents"),
    path("partners/<uuid:partner_id>/people/", partner_tabs.people, name="partner-people"),
    path("partners/<uuid:partner_id>/company/", partner_tabs.company, name="partner-company"),
    path("partners/<uuid:partner_id>/agreements/", partner_tabs.agreements, name="partner-agreements"),
    path("partners/<uuid:partner_id>/notes/", partner_notes_views.notes, name="partner-notes"),
    path(
        "partners/<uuid:partner_id>/notes/<uuid:note_id>/pin/",
        partner_notes_views.pin,
        name="partner-note-pin",
    ),
    path(
        "partners/<uuid:partner_id>/company/<uuid:change_id>/",
        company_views.decide_change,
        name="company-change",
    ),
    path("partners/<uuid:partner_id>/timeline/", partner_tabs.timeline, name="partner-timeline"),
    path(
        "partners/<uuid:partner_id>/owner-reset/", owner_reset_views.owner_reset, name="partner-owner-reset"
    ),
    path(
        "partners/<uuid:partner_id>/owner-reset/<uuid:case_id>/",
        owner_reset_views.decide,
        name="partner-owner-reset-decide",
    ),
    path(
        "partners/<uuid:partner_id>/owner-reset/<uuid:case_id>/evidence/",
        owner_reset_views.evidence,
        name="partner-owner-reset-evidence",
    ),
    path("partners/<uuid:partner_id>/exit/", exit_views.status, name="partner-exit"),
    path("partners/<uuid:partner_id>/exit/begin/", exit_views.begin, name="partner-exit-begin"),
    path("partners/<uuid:partner_id>/exit/end/", exit_views.move_end, name="partner-exit-end"),
    path("partners/<uuid:partner_id>/exit/keys/", exit_views.take_back_keys, name="partner-exit-keys"),
    path("partners/<uuid:partner_id>/exit/recall/", exit_views.recall_keys, name="partner-exit-recall"),
    path("partners/<uuid:partner_id>/exit/file/make/", exit_views.make_file, name="partner-exit-make-file"),
    path("partners/<uuid:partner_id>/exit/file/", exit_views.download_file, name="partner-exit-file"),
    path("partners/<uuid:partner_id>/exit/finish/", exit_views.finish, name="partner-exit-finish"),
    path(
        "partners/<uuid:partner_id>/exit/<slug:kind>/settle/", exit_views.settle, name="partner-exit-settle"
    ),
    path("partners/<uuid:partner_id>/exit/<slug:kind>/waive/", exit_views.waive, name="partner-exit-waive"),
    path(
        "partners/<uuid:partner_id>/exit/<slug:kind>/confirm/",
        exit_views.confirm_waiver,
        name="partner-exit-confirm",
    ),
    path("partners/<uuid:partner_id>/view-as/", view_as_views.begin, name="partner-view-as"),
    path("partners/<uuid:partner_id>/standing/", standing_views.standing, name="partner-standing"),
    path("partners/<uuid:partner_id>/withdraw/", standing_views.withdraw, name="partner-withdraw"),
    path("partners/<uuid:partner_id>/suspend/", standing_views.suspend, name="partner-suspend"),
    path("partners/<uuid:partner_id>/lift/", standing_views.lift, name="partner-lift"),
    path("partners/<uuid:partner_id>/restrict/", standing_views.restrict, name="partner-restrict"),
    path(
        "partners/<uuid:partner_id>/restrictions/<uuid:block_id>/lift/",
        standing_views.lift_block,
        name="standing-lift-block",
    ),
    path(
        "partners/<uuid:partner_id>/restrictions/<uuid:block_id>/confirm/",
        standing_views.confirm,
        name="standing-confirm",
    ),
    path(
        "partners/<uuid:partner_id>/restrictions/<uuid:block_id>/keep/",
        standing_views.keep,
        name="standing-keep",
    ),
    path("partners/<uuid:partner_id>/grace/", standing_views.grace, name="partner-grace"),
    path(
        "partners/<uuid:partner_id>/graces/<uuid:grace_id>/end/",
        standing_views.grace_end,
        name="standing-grace-end",
    ),
]
