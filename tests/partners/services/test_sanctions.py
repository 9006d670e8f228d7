"""Lists come into force whole or not at all, and names are compared with them."""

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction

from core.actor import Actor
from core.tenancy import mar_scope
from partners.checks.sanctions import SanctionsLists
from partners.models import CheckResult, SanctionsEntry, SanctionsList
from partners.services import sanctions
from partners.services.checks import recheck_sanctions, request_checks, run_check
from partners.services.sanctions import ListKnown, ListTooLarge, load_list, receive_list
from tests.factories import AT
from tests.partners.checks.lists import entity, eu_list, row, simple_csv
from tests.partners.checks.servers import facts_of
from tests.partners.samples import audited, make_application, queued

pytestmark = pytest.mark.django_db
BY = Actor.system("test")
LIST = eu_list(
    entity(1, "Xaver Quendelfink", "Ksaver Kvendelfink"),
    entity(2, "Obskura Handels GmbH", kind="enterprise"),
)


def received(content: bytes = LIST, source: str = "eu_xml", name: str = "list.xml") -> SanctionsList:
    with mar_scope():
        return receive_list(content, source=source, file_name=name, by=BY, at=AT)


def loaded(content: bytes = LIST, source: str = "eu_xml") -> SanctionsList:
    new = received(content, source)
    with mar_scope():
        result = load_list(new.pk, at=AT)
    assert result is not None
    return result


def states() -> list[tuple[str, str, int]]:
    with mar_scope():
        return [
            (each.source, each.state, each.rows.count())
            for each in SanctionsList.objects.order_by("uploaded_at", "id")
        ]


def answer(**facts):
    return SanctionsLists(threshold=85).run(facts_of(**facts))


def test_an_upload_is_stored_and_left_to_a_task():
    new = received(name="C:\\lists\\20261110-FULL.xml")
    assert (new.state, new.file_name, new.entries) == ("waiting", "20261110-FULL.xml", 0)
    assert queued("partners.load_sanctions_list") == [{"list_id": str(new.pk)}]
    assert audited("partners.sanctions_list.received") == 1


def test_a_list_comes_into_force_with_its_date_and_entries():
    new = loaded()
    assert (new.state, str(new.published_on), new.entries, new.loaded_at) == ("loaded", "2026-11-10", 2, AT)
    with mar_scope():
        entries = list(
            SanctionsEntry.objects.order_by("pk").values_list("name", "name_norm", "aliases_norm", "kind")
        )
    assert entries == [
        ("Xaver Quendelfink", "xaver quendelfink", ["ksaver kvendelfink"], "person"),
        ("Obskura Handels GmbH", "obskura handels", [], "organisation"),
    ]
    assert audited("partners.sanctions_list.loaded") == 1


def test_loading_it_again_by_the_same_task_changes_nothing():
    new = loaded()
    with mar_scope():
        assert load_list(new.pk, at=AT) is None
    assert states() == [("eu_xml", "loaded", 2)]
    assert audited("partners.sanctions_list.loaded") == 1


def test_the_same_file_twice_changes_nothing():
    loaded()
    with pytest.raises(ListKnown) as refused:
        received()
    assert refused.value.refusals[0].rule == "P-CHK-3"
    assert states() == [("eu_xml", "loaded", 2)]


def test_the_same_file_while_it_is_being_loaded_changes_nothing():
    received()
    with pytest.raises(ListKnown):
        received()
    assert states() == [("eu_xml", "waiting", 0)]


def test_a_file_beyond_the_cap_is_refused(monkeypatch):
    monkeypatch.setattr(sanctions, "MAX_BYTES", 100)
    with pytest.raises(ListTooLarge) as refused:
        received()
    assert refused.value.refusals[0].rule == "P-CHK-4"
    assert states() == []


def test_a_newer_list_replaces_the_older_which_stays_as_a_row_without_entries():
    loaded()
    loaded(eu_list(entity(3, "Neuer Name"), published="2026-11-12"))
    assert sorted(states()) == [("eu_xml", "loaded", 1), ("eu_xml", "replaced", 0)]


def test_a_list_of_the_same_day_replaces_too_and_an_older_one_is_refused():
    loaded()
    loaded(eu_list(entity(3, "Neuer Name")))
    old = loaded(eu_list(entity(4, "Alter Name"), published="2026-11-09"))
    assert old.state == "refused"
    assert [(error["code"], error["params"]) for error in old.errors] == [
        ("older", {"theirs": "2026-11-09", "ours": "2026-11-10"})
    ]
    assert sorted(states()) == [("eu_xml", "loaded", 1), ("eu_xml", "refused", 0), ("eu_xml", "replaced", 0)]


def test_lists_of_two_sources_are_in_force_side_by_side():
    loaded()
    loaded(simple_csv(row()), "opensanctions_csv")
    assert sorted(states()) == [("eu_xml", "loaded", 2), ("opensanctions_csv", "loaded", 1)]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (eu_list(entity(1, "Gut"), entity(2, "")), "no_name"),
        (eu_list(*[entity(n, "Gut") for n in range(1500)], entity(7, "Doppelt")), "twice"),
        (eu_list(entity(1, "Gut"))[:-30], "not_xml"),
        (eu_list(), "empty"),
        (b"<html/>", "wrong_root"),
    ],
)
def test_any_error_refuses_the_whole_list_and_the_older_one_stays(content, code):
    loaded()
    refused = loaded(content)
    assert (refused.state, refused.errors[0]["code"]) == ("refused", code)
    assert sorted(states()) == [("eu_xml", "loaded", 2), ("eu_xml", "refused", 0)]
    assert audited("partners.sanctions_list.refused") == 1


def test_a_refused_file_may_be_tried_again():
    assert loaded(b"<html/>").state == "refused"
    assert loaded(b"<html/>").state == "refused"


def test_a_new_list_is_compared_with_undecided_applications():
    application = make_application(company="Obskura Handels AG")
    with mar_scope():
        for check in request_checks(application.pk, at=AT):
            run_check(check.pk, at=AT)
    loaded()
    assert queued("partners.recheck_sanctions") == [{}]
    with mar_scope():
        assert recheck_sanctions(at=AT) == 1
        waiting = CheckResult.objects.get(application=application, outcome="pending")
        assert run_check(waiting.pk, at=AT).outcome == "attention"


# -- comparing -------------------------------------------------------------------------------------------


def test_without_a_list_the_answer_says_that_nothing_was_compared():
    told = answer()
    assert (told.outcome, told.summary) == (
        "attention",
        "No sanctions list is loaded, so nothing was compared.",
    )
    assert told.facts == {"lists": [], "compared": False}


def test_a_name_that_is_not_there_is_in_order_and_the_lists_date_is_told():
    loaded()
    told = answer()
    assert (told.outcome, told.summary) == ("clear", "No likeness on the list of 2026-11-10.")
    assert told.facts["lists"] == [{"source": "eu_xml", "published_on": "2026-11-10", "entries": 2}]


@pytest.mark.parametrize(
    ("facts", "what", "name", "score"),
    [
        ({"company": "Obskura Handels UG"}, "company", "Obskura Handels GmbH", 100),
        ({"company": "Óbskura Händels"}, "company", "Obskura Handels GmbH", 100),
        ({"trade_name": "Handels Obskura"}, "trade_name", "Obskura Handels GmbH", 99),
        ({"owners": ("Quendelfink Xaver",)}, "owner", "Xaver Quendelfink", 99),
        ({"owners": ("Ksaver Kvendelfink",)}, "owner", "Xaver Quendelfink", 100),
        ({"owners": ("Xaver Maria Quendelfink",)}, "owner", "Xaver Quendelfink", 96),
        ({"owners": ("Xaver Quendelfinck",)}, "owner", "Xaver Quendelfink", 97),
        ({"company": "Xaver Quendelfink"}, "company", "Xaver Quendelfink", 100),
    ],
)
def test_a_likeness_names_who_is_like_whom_and_how_much(facts, what, name, score):
    loaded()
    told = answer(**facts)
    assert told.outcome == "attention"
    assert [(hit["what"], hit["name"], hit["score"], hit["published_on"]) for hit in told.facts["hits"]] == [
        (what, name, score, "2026-11-10")
    ]


def test_below_the_threshold_nobody_is_shown():
    loaded()
    assert SanctionsLists(threshold=97).run(facts_of(owners=("Xaver Maria Quendelfink",))).outcome == "clear"
    assert (
        SanctionsLists(threshold=96).run(facts_of(owners=("Xaver Maria Quendelfink",))).outcome == "attention"
    )


def test_a_replaced_list_is_not_compared_with_any_more():
    loaded()
    loaded(eu_list(entity(3, "Neuer Name"), published="2026-11-12"))
    assert answer(company="Obskura Handels").outcome == "clear"


# -- command and database --------------------------------------------------------------------------------


def test_the_command_loads_a_file_and_says_when_nothing_changes(tmp_path, capsys):
    file = tmp_path / "list.xml"
    file.write_bytes(LIST)
    call_command("load_sanctions", "--format", "eu_xml", str(file))
    call_command("load_sanctions", "--format", "eu_xml", str(file))
    assert capsys.readouterr().out.splitlines() == [
        "In force: 2 entries of 2026-11-10.",
        "This very file is here already. Nothing was changed.",
    ]
    assert states() == [("eu_xml", "loaded", 2)]


def test_the_command_names_the_wrong_entry(tmp_path, capsys):
    file = tmp_path / "list.csv"
    file.write_bytes(simple_csv(row(), row(id="NK-2", name="")))
    with pytest.raises(CommandError, match="Nothing was changed"):
        call_command("load_sanctions", "--format", "opensanctions_csv", str(file))
    assert capsys.readouterr().err == "Entry 3: The entry has no name.\n"
    assert states() == [("opensanctions_csv", "refused", 0)]


def test_the_command_needs_a_file(tmp_path):
    with pytest.raises(CommandError, match="There is no file"):
        call_command("load_sanctions", "--format", "eu_xml", str(tmp_path / "none.xml"))


def test_the_database_refuses_two_lists_in_force():
    loaded()
    with mar_scope(), pytest.raises(IntegrityError, match="one_list_in_force_a_source"), transaction.atomic():
        SanctionsList.objects.create(
            source="eu_xml", state="loaded", sha256="x", uploaded_by="x", uploaded_at=AT, loaded_at=AT,
            published_on=AT.date(), entries=1,
        )  # fmt: skip
    assert len(states()) == 1


def test_the_database_refuses_a_list_in_force_without_a_date():
    new = loaded()
    with mar_scope(), pytest.raises(IntegrityError, match="list_in_force_is_dated"), transaction.atomic():
        SanctionsList.objects.filter(pk=new.pk).update(published_on=None)
    assert states() == [("eu_xml", "loaded", 2)]
