"""The partner's wing."""

from django.urls import path

from portal.web.tpr import (
    builds,
    devices,
    home,
    keys,
    orders,
    profile,
    settings_company,
    settings_contacts,
    settings_documents,
    settings_sites,
    standing,
)
from portal.web.tpr import exit as tpr_exit

app_name = "tpr"

urlpatterns = [
    path("", home.home, name="home"),
    path("settings/", home.settings_page, name="settings"),
    path("settings/profile/", profile.profile, name="profile"),
    path("exit/", tpr_exit.status, name="exit"),
    path("exit/file/", tpr_exit.download, name="exit-file"),
    path("settings/company/", settings_company.company, name="company"),
    path("settings/company/contact/", settings_company.contact_facts, name="company-contact"),
    path("settings/company/change/", settings_company.company_change, name="company-change"),
    path(
        "settings/company/changes/<uuid:change_id>/withdraw/",
        settings_company.withdraw,
        name="company-change-withdraw",
    ),
    path("settings/history/", settings_company.history, name="history"),
    path("settings/sites/", settings_sites.sites, name="sites"),
    path("settings/sites/new/", settings_sites.new_site, name="site-new"),
    path("settings/sites/<uuid:site_id>/", settings_sites.edit_site, name="site-edit"),
    path("settings/sites/<uuid:site_id>/close/", settings_sites.end_site, name="site-close"),
    path("settings/brands/new/", settings_sites.new_brand, name="brand-new"),
    path("settings/brands/<uuid:brand_id>/", settings_sites.edit_brand, name="brand-edit"),
    path("settings/brands/<uuid:brand_id>/close/", settings_sites.end_brand, name="brand-close"),
    path("settings/brands/<uuid:brand_id>/logo/", settings_sites.logo, name="brand-logo"),
    path("settings/contacts/", settings_contacts.contacts, name="contacts"),
    path("settings/contacts/<slug:area>/", settings_contacts.edit_contact, name="contact-edit"),
    path("settings/documents/", settings_documents.documents, name="documents"),
    path("settings/documents/new/", settings_documents.new_document, name="document-new"),
    path("settings/documents/<uuid:document_id>/", settings_documents.replace, name="document-replace"),
    path("settings/documents/<uuid:document_id>/remove/", settings_documents.remove, name="document-remove"),
    path("settings/documents/<uuid:document_id>/file/", settings_documents.download, name="document-file"),
    path("standing/", standing.standing, name="standing"),
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
