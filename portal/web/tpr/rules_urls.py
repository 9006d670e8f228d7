"""Addresses of the partner's rules: the inbox, agreements, training."""

from django.urls import path

from portal.web.tpr import agreements, courses, programme, rules

urlpatterns = [
    path("rules/", rules.inbox, name="rules"),
    path("rules/programme/", programme.programme, name="programme"),
    path("rules/programme/<int:rule_version_id>/", programme.rule_version, name="rule-version"),
    path("rules/programme/<int:rule_version_id>/read/", programme.rule_read, name="rule-read"),
    path("rules/changes/<uuid:programme_change_id>/", rules.change_detail, name="change-detail"),
    path("rules/changes/<uuid:programme_change_id>/read/", rules.change_read, name="change-read"),
    path("rules/agreements/", agreements.agreement_list, name="agreement-list"),
    path("rules/agreements/<uuid:agreement_id>/", agreements.agreement_detail, name="agreement-detail"),
    path("rules/agreements/<uuid:agreement_id>/accept/", agreements.accept, name="agreement-accept"),
    path("rules/acceptances/<uuid:acceptance_id>/paper/", agreements.paper, name="acceptance-paper"),
    path("rules/courses/", courses.course_list, name="course-list"),
    path("rules/courses/<slug:course_code>/", courses.course_detail, name="course-detail"),
    path("rules/courses/<slug:course_code>/begin/", courses.begin, name="test-begin"),
    path("rules/courses/<slug:course_code>/test/", courses.test, name="test"),
]
