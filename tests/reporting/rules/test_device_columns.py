from dataclasses import fields

from reporting.rules.device_columns import DEVICE_COLUMN_MEANINGS, DEVICE_COLUMNS, DeviceLine

AGREED = (
    "report_month, tpr_code, tpr_name, tpr_country, order_number, licensable_part_number, product_name, "
    "licence_family, product_key_id, hardware_hash_sha256, device_manufacturer, device_model, device_serial, "
    "form_factor, previous_licence_type, previous_coa_serial, refurb_completed_on, wipe_standard, "
    "wipe_certificate_no, key_state, cbr_report_id, ms_report_id, cbr_sent_utc, ack_utc, ack_code, "
    "gmrl_serial, sold_on, sale_country, channel, recipient_class, recipient_org, recipient_proof_ref"
)


def test_the_columns_are_the_agreed_ones_in_their_order() -> None:
    assert tuple(AGREED.split(", ")) == DEVICE_COLUMNS


def test_each_column_is_text_and_has_a_meaning() -> None:
    assert {field.type for field in fields(DeviceLine)} == {str}
    assert tuple(DEVICE_COLUMN_MEANINGS) == DEVICE_COLUMNS


def test_no_column_can_hold_a_key_or_a_persons_name() -> None:
    assert [name for name in DEVICE_COLUMNS if name.startswith(("product_key", "recipient"))] == [
        "product_key_id",
        "recipient_class",
        "recipient_org",
        "recipient_proof_ref",
    ]
