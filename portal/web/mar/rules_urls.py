"""Addresses of agreements, programme changes and courses."""

from django.urls import path

from portal.web.mar import agreements_views, changes_views, courses_views, product_views, rule_views

urlpatterns = [
    path("rules/", agreements_views.agreement_list, name="agreement-list"),
    path("rules/agreements/new/", agreements_views.agreement_new, name="agreement-new"),
    path("rules/agreements/<uuid:agreement_id>/", agreements_views.agreement_detail, name="agreement-detail"),
    path("rules/agreements/<uuid:agreement_id>/new/", agreements_views.version_new, name="version-new"),
    path("rules/versions/<uuid:terms_id>/", agreements_views.version_detail, name="version-detail"),
    path("rules/versions/<uuid:terms_id>/remind/", agreements_views.remind, name="version-remind"),
    path("rules/acceptances/<uuid:acceptance_id>/paper/", agreements_views.paper, name="acceptance-paper"),
    path("rules/products/", product_views.product_list, name="product-list"),
    path("rules/products/new/", product_views.product_new, name="product-new"),
    path("rules/products/<slug:product_code>/write/", product_views.product_write, name="product-write"),
    path(
        "rules/products/versions/<uuid:product_version_id>/",
        product_views.product_version,
        name="product-version",
    ),
    path(
        "rules/products/versions/<uuid:product_version_id>/publish/",
        product_views.product_publish,
        name="product-publish",
    ),
    path(
        "rules/products/versions/<uuid:product_version_id>/discard/",
        product_views.product_discard,
        name="product-discard",
    ),
    path("rules/programme/", rule_views.rule_list, name="rule-list"),
    path("rules/programme/<str:rule_code>/", rule_views.rule_detail, name="rule-detail"),
    path("rules/programme/<str:rule_code>/write/", rule_views.rule_write, name="rule-write"),
    path(
        "rules/programme/<str:rule_code>/<int:rule_version_id>/simulate/",
        rule_views.rule_simulate,
        name="rule-simulate",
    ),
    path(
        "rules/programme/<str:rule_code>/<int:rule_version_id>/publish/",
        rule_views.rule_publish,
        name="rule-publish",
    ),
    path(
        "rules/programme/<str:rule_code>/<int:rule_version_id>/discard/",
        rule_views.rule_discard,
        name="rule-discard",
    ),
    path(
        "rules/programme/<str:rule_code>/<int:rule_version_id>/withdraw/",
        rule_views.rule_withdraw,
        name="rule-withdraw",
    ),
    path("rules/changes/", changes_views.change_list, name="change-list"),
    path("rules/changes/new/", changes_views.change_new, name="change-new"),
    path("rules/changes/<uuid:programme_change_id>/", changes_views.change_detail, name="change-detail"),
    path("rules/changes/<uuid:programme_change_id>/publish/", changes_views.publish, name="change-publish"),
    path("rules/changes/<uuid:programme_change_id>/discard/", changes_views.discard, name="change-discard"),
    path("rules/courses/", courses_views.course_list, name="course-list"),
    path("rules/courses/new/", courses_views.course_new, name="course-new"),
    path("rules/courses/<slug:course_code>/", courses_views.course_results, name="course-results"),
    path("rules/courses/<slug:course_code>/edit/", courses_views.course_edit, name="course-edit"),
]
