"""Addresses of recipients, double registrations and quota exceptions."""

from django.urls import path

from portal.web.mar import conflicts_views, exceptions_views, recipients_views, renewals_views

_RECIPIENT = "recipients/<uuid:recipient_id>/"

urlpatterns = [
    path("recipients/", recipients_views.recipient_list, name="recipient-list"),
    path("recipients/conflicts/", conflicts_views.conflict_list, name="conflict-list"),
    path("recipients/conflicts/<uuid:conflict_id>/", conflicts_views.conflict_detail, name="conflict-detail"),
    path("recipients/conflicts/<uuid:conflict_id>/settle/", conflicts_views.settle, name="conflict-settle"),
    path(_RECIPIENT, recipients_views.recipient_detail, name="recipient-detail"),
    path(f"{_RECIPIENT}review/", recipients_views.review, name="recipient-review"),
    path(f"{_RECIPIENT}send-back/", recipients_views.send_back, name="recipient-send-back"),
    path(f"{_RECIPIENT}approve/", recipients_views.approve, name="recipient-approve"),
    path(f"{_RECIPIENT}refuse/", recipients_views.refuse, name="recipient-refuse"),
    path(f"{_RECIPIENT}return/", recipients_views.return_to_reviewer, name="recipient-return"),
    path(f"{_RECIPIENT}renewal/review/", renewals_views.review, name="renewal-review"),
    path(f"{_RECIPIENT}renewal/approve/", renewals_views.approve, name="renewal-approve"),
    path(f"{_RECIPIENT}renewal/refuse/", renewals_views.refuse, name="renewal-refuse"),
    path(
        f"{_RECIPIENT}evidence/<uuid:evidence_id>/file/",
        recipients_views.evidence_file,
        name="recipient-evidence-file",
    ),
    path("recipients/quota/", exceptions_views.exception_list, name="quota-list"),
    path("recipients/quota/<uuid:exception_id>/", exceptions_views.exception_detail, name="quota-detail"),
    path("recipients/quota/<uuid:exception_id>/letter/", exceptions_views.letter_file, name="quota-letter"),
    path("recipients/quota/<uuid:exception_id>/package/", exceptions_views.package, name="quota-package"),
    path(
        "recipients/quota/<uuid:exception_id>/package.zip",
        exceptions_views.package_file,
        name="quota-package-file",
    ),
    path("recipients/quota/<uuid:exception_id>/asked/", exceptions_views.asked, name="quota-asked"),
    path("recipients/quota/<uuid:exception_id>/answer/", exceptions_views.answer, name="quota-answer"),
]
