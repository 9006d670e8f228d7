"""Addresses open to everyone: the programme, the checker, the finder, the application."""

from django.urls import path

from portal.web import choosing
from portal.web.public import apply, apply_links, apply_status, apply_steps, check, finder, views

urlpatterns = [
    path("", views.home, name="home"),
    path("check/", check.check, name="check"),
    path("check/result/", check.result, name="check-result"),
    path("choose/", choosing.choose_in_public, name="choose"),
    path("partners/", finder.finder, name="finder"),
    path("apply/", apply.start, name="apply"),
    path("apply/tasks/", apply.tasks, name="apply-tasks"),
    path("apply/pages/<slug:name>/", apply.page, name="apply-page"),
    path("apply/papers/<uuid:document_id>/", apply.paper, name="apply-paper"),
    path("apply/papers/<uuid:document_id>/remove/", apply.remove_paper, name="apply-paper-remove"),
    path("apply/knowledge/", apply_steps.knowledge, name="apply-knowledge"),
    path("apply/statement/", apply_steps.statement, name="apply-statement"),
    path("apply/answers/", apply_steps.answers, name="apply-answers"),
    path("apply/status/", apply_status.status, name="apply-status"),
    path("apply/questions/", apply_status.questions, name="apply-questions"),
    path("apply/appeal/", apply_status.appeal_page, name="apply-appeal"),
    path("apply/withdraw/", apply_status.withdraw_page, name="apply-withdraw"),
    path("apply/resume/", apply_links.resume, name="apply-resume"),
    path("apply/open/<uuid:application_id>/<str:token>/", apply_links.open_link, name="apply-open"),
    path("apply/leave/", apply.leave, name="apply-leave"),
]
