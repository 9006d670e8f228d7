"""The pages of bulk invitations."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core.tenancy import mar_scope
from partners.models import Application, BulkInvitation
from partners.services.bulk_invitations import send_list
from tests.factories import AT, make_mar, make_member
from tests.web import sign_in

pytestmark = pytest.mark.django_db
PATH = "/mar/applications/invitations/"
HEADING = "company;country;contact_name;email;language;former_id\n"


def _as(role: str) -> Client:
    make_mar()
    return sign_in(Client(), make_member(role))


def _upload(client: Client, text: str):
    file = SimpleUploadedFile("rrp.csv", text.encode(), content_type="text/csv")
    return client.post(f"{PATH}new/", {"companies": file})


def _list(client: Client, number: int = 1, company: str = "Kreislauf PC") -> BulkInvitation:
    _upload(client, HEADING + f"{company};DE;Eva;eva{number}@x.example;;RRP-{number}\n")
    with mar_scope():
        return BulkInvitation.objects.order_by("-made_at").first()


def test_only_who_invites_uploads_and_everybody_of_the_house_reads():
    client = _as("mar_admin")
    invitation = _list(client)
    reader = _as("mar_finance")
    assert reader.get(PATH).status_code == 200
    assert reader.get(f"{PATH}{invitation.pk}/").status_code == 200
    assert reader.get(f"{PATH}new/").status_code == 403
    assert reader.post(f"{PATH}{invitation.pk}/send/").status_code == 403
    with mar_scope():
        assert BulkInvitation.objects.get().state == "checked"


def test_a_list_is_looked_at_before_it_is_sent():
    client = _as("mar_admin")
    invitation = _list(client)
    page = client.get(f"{PATH}{invitation.pk}/").text
    assert "Kreislauf PC" in page
    assert "Send 1 invitation" in page
    assert client.post(f"{PATH}{invitation.pk}/send/").status_code == 302
    assert "being written" in client.get(f"{PATH}{invitation.pk}/").text
    with mar_scope():
        send_list(invitation.pk, at=AT)
    page = client.get(f"{PATH}{invitation.pk}/").text
    assert "eva1@x.example" in page
    assert client.post(f"{PATH}{invitation.pk}/drop/").status_code == 409


def test_faults_are_shown_with_their_rows_and_nothing_is_kept():
    response = _upload(_as("mar_admin"), HEADING + "A;DE;Eva;eva@x.example;;\nB;XX;Eva;no;;\n")
    assert response.status_code == 422
    assert "2 faults, so nothing was kept" in response.text
    assert "“XX” is no country of the programme" in response.text
    with mar_scope():
        assert (BulkInvitation.objects.count(), Application.objects.count()) == (0, 0)


def test_a_dropped_list_invites_nobody():
    client = _as("mar_admin")
    invitation = _list(client)
    assert client.post(f"{PATH}{invitation.pk}/drop/").status_code == 302
    with mar_scope():
        assert (BulkInvitation.objects.get().state, Application.objects.count()) == ("dropped", 0)


def test_the_download_runs_no_formula():
    client = _as("mar_admin")
    invitation = _list(client, company='=HYPERLINK("http://x")')
    client.post(f"{PATH}{invitation.pk}/send/")
    with mar_scope():
        send_list(invitation.pk, at=AT)
    response = client.get(f"{PATH}{invitation.pk}/companies.csv")
    assert "'=HYPERLINK" in response.content.decode("utf-8-sig")
    assert "\n2,\"'=HYPERLINK" in response.content.decode("utf-8-sig")


def test_the_list_asks_the_same_number_of_questions_for_one_and_three():
    client, counts = _as("mar_admin"), []
    for numbers in ((1,), (2, 3)):
        for number in numbers:
            _list(client, number)
        client.get(PATH)
        with CaptureQueriesContext(connection) as captured:
            client.get(PATH)
        counts.append(len(captured))
    assert counts[0] == counts[1]
