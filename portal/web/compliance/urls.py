"""Addresses of compliance: the close, the reports, the exceptions, the audit log."""

from django.urls import path

from portal.web.compliance import (
    audit_views,
    checkpoint_views,
    home_views,
    privacy_views,
    report_actions,
    report_views,
    retention_views,
    score_views,
)

app_name = "compliance"

urlpatterns = [
    path("", home_views.home, name="home"),
    path("exceptions/<slug:kind>/", home_views.exception_list, name="exception-list"),
    path("reports/", report_views.report_list, name="report-list"),
    path("reports/<uuid:report_id>/", report_views.report_detail, name="report-detail"),
    path("reports/<uuid:report_id>/progress/", report_views.progress, name="report-progress"),
    path("reports/<uuid:report_id>/files/<uuid:file_id>/", report_views.download, name="report-file"),
    path("reports/<uuid:report_id>/review/", report_actions.review, name="report-review"),
    path("reports/<uuid:report_id>/approve/", report_actions.approve, name="report-approve"),
    path("reports/<uuid:report_id>/submit/", report_actions.submit, name="report-submit"),
    path("reports/<uuid:report_id>/answer/", report_actions.answer, name="report-answer"),
    path("reports/<uuid:report_id>/correct/", report_actions.correct, name="report-correct"),
    path("reports/<uuid:report_id>/compare/", report_actions.compare, name="report-compare"),
    path("reports/<uuid:report_id>/build/", report_actions.build, name="report-build"),
    path("scores/", score_views.score_list, name="score-list"),
    path("scores/model/", score_views.model_list, name="score-models"),
    path("scores/model/new/", score_views.model_new, name="score-model-new"),
    path("scores/model/<int:model_id>/", score_views.model_decide, name="score-model"),
    path("tiers/", score_views.tier_list, name="tier-list"),
    path("tiers/<uuid:proposal_id>/", score_views.tier_proposal, name="tier-proposal"),
    path("tiers/<uuid:proposal_id>/decide/", score_views.tier_decide, name="tier-decide"),
    path("privacy/", privacy_views.overview, name="privacy"),
    path("privacy/ask/", privacy_views.ask, name="privacy-ask"),
    path("privacy/<uuid:request_id>/", privacy_views.erase, name="privacy-erase"),
    path("privacy/<uuid:request_id>/copy/", privacy_views.export, name="privacy-export"),
    path("privacy/retention/", retention_views.retention, name="retention"),
    path("privacy/retention/propose/", retention_views.propose, name="retention-propose"),
    path("privacy/retention/<uuid:proposal_id>/", retention_views.decide, name="retention-decide"),
    path("audit/", audit_views.audit_list, name="audit"),
    path("audit/checkpoints/", checkpoint_views.checkpoint_list, name="checkpoints"),
    path(
        "audit/checkpoints/<int:checkpoint_id>/file/",
        checkpoint_views.checkpoint_file,
        name="checkpoint-file",
    ),
    path("audit/chains/", audit_views.chain_verify, name="chain-verify"),
]
