"""The log and the timeline speak in words: plurals, refusals, no code."""

import pytest

from core.models import AuditEvent
from portal.web.compliance.sentences import SENTENCES, facts_in_words, sentence


def _event(action: str, **facts: object) -> AuditEvent:
    return AuditEvent(action=action, facts=facts)


@pytest.mark.parametrize(
    ("action", "facts", "said", "left"),
    [
        ("licensing.order.placed", {"quantity": 1}, "ordered 1 licence", ""),
        ("licensing.order.placed", {"quantity": 3, "family": "x"}, "ordered 3 licences", "family: x"),
        ("licensing.order.placed", {}, "ordered 0 licences", ""),
        ("compliance.wind_down.keys_recalled", {"keys": 1}, "called 1 key back", ""),
        (
            "portal.request.refused",
            {"code": "second_key_for_device", "rule": "P-DEV-1"},
            "was refused: a second key for the same PC",
            "rule: P-DEV-1",
        ),
        ("portal.request.refused", {"code": "some_new_code"}, "was refused: some new code", ""),
        ("partners.brand.added", {}, "added the brand ?", ""),
        ("partners.some_thing.done", {}, "some thing done", ""),
        ("partners.badge.given", {"badge": "good_standing"}, "gave the badge good standing", ""),
        (
            "licensing.change.written",
            {"install_stop_at": "2027-03-12T00:00:00+00:00", "is_urgent": False},
            "wrote a programme change",
            "install stop at: 12 Mar 2027, 00:00 · is urgent: no",
        ),
    ],
)
def test_a_row_is_told_in_words(action, facts, said, left):
    event = _event(action, **facts)
    assert (sentence(event), facts_in_words(event)) == (said, left)


def test_every_sentence_can_be_said_without_its_facts():
    assert [action for action in SENTENCES if "%(" in sentence(_event(action))] == []
