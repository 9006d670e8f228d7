"""The applicant in a test's browser: he fills the pages as forms."""

from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from core.tenancy import mar_scope
from partners.models import Application
from partners.rules import application_statement
from tests.factories.applications import ANSWERS, RIGHT_ANSWERS, page_answers
from tests.partners import papers

START = {
    "kind": "shop", "branch": "new", "country": "DE", "contact_email": "eva@kreislauf.example", "second_address": "",
}  # fmt: skip
STATEMENT = {
    "name": "Eva Brandt", "role": "Owner", "agreed": "on", "text_sha256": application_statement.TEXT_SHA256,
}  # fmt: skip


def begin(client: Client, **changes: str) -> Application:
    """Start a draft on the public page and return it."""
    response = client.post("/apply/", START | changes)
    assert (response.status_code, response["Location"]) == (302, "/apply/tasks/"), response.content[:2000]
    with mar_scope():
        return Application.objects.latest("started_at")


def form_data(answers: dict[str, Any]) -> dict[str, Any]:
    """Return answers as a browser sends them: a box that is not ticked is not sent."""
    return {name: "on" if value is True else value for name, value in answers.items() if value is not False}


def fill_all(client: Client, draft: Application) -> None:
    """Fill every page of a draft."""
    for name in ANSWERS:
        if name == "transfer" and draft.branch == "new":
            continue
        answers = form_data(page_answers(name, draft.country, {}, kind=draft.kind))
        if name == "register" and draft.kind in {"charity", "school"}:
            answers["charity_proof"] = SimpleUploadedFile("statutes.pdf", papers.make_pdf())
        response = client.post(f"/apply/pages/{name}/", answers)
        assert response.status_code == 302, (name, response.context["form"].errors)
    assert client.post("/apply/knowledge/", RIGHT_ANSWERS).status_code == 200
    assert client.post("/apply/statement/", STATEMENT).status_code == 302
