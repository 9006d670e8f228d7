from reporting.rules.key_states import KeyStateCode, life_position, microsoft_name


def test_numbers_are_microsofts_but_for_the_portals_own() -> None:
    assert {state.value: microsoft_name(state) for state in KeyStateCode} == {
        1: "Fulfilled",
        2: "Consumed",
        3: "Bound",
        4: "NotifiedBound",
        5: "Returned",
        7: "ReportedBound",
        8: "ReportedReturn",
        9: "ActivationEnabled",
        10: "ActivationDenied",
        11: "Assigned",
        12: "Retrieved",
        13: "ActivationEnabledPendingUpdate",
        100: "Undone",
    }


def test_states_are_ordered_along_a_keys_life_and_unknown_ones_come_last() -> None:
    assert sorted([99, 5, 9, 1, 12, 11, 98], key=life_position) == [1, 11, 12, 9, 5, 98, 99]
    assert len({life_position(state) for state in KeyStateCode}) == len(KeyStateCode)
