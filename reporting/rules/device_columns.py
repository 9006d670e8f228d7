"""The columns of the device CSV, in the one place that names and orders them."""

from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True)
class DeviceLine:
    """One reported device; every cell is text, an unknown fact is an empty text.

    Months are 'YYYY-MM', dates 'YYYY-MM-DD', instants end in `_utc` and are ISO 8601 with 'Z'.
    Neither a full product key nor the name of a private person has a column here.
    """

    report_month: str
    tpr_code: str
    tpr_name: str
    tpr_country: str
    order_number: str
    licensable_part_number: str
    product_name: str
    licence_family: str
    product_key_id: str
    hardware_hash_sha256: str
    device_manufacturer: str
    device_model: str
    device_serial: str
    form_factor: str
    previous_licence_type: str
    previous_coa_serial: str
    refurb_completed_on: str
    wipe_standard: str
    wipe_certificate_no: str
    key_state: str
    cbr_report_id: str
    ms_report_id: str
    cbr_sent_utc: str
    ack_utc: str
    ack_code: str
    gmrl_serial: str
    sold_on: str
    sale_country: str
    channel: str
    recipient_class: str
    recipient_org: str
    recipient_proof_ref: str


DEVICE_COLUMNS: tuple[str, ...] = tuple(field.name for field in fields(DeviceLine))

DEVICE_COLUMN_MEANINGS: dict[str, str] = {
    "report_month": "Month of the report, YYYY-MM",
    "tpr_code": "Code of the refurbisher",
    "tpr_name": "Name of the refurbisher",
    "tpr_country": "Country of the refurbisher, ISO 3166-1 alpha-2",
    "order_number": "Order under which the key was assigned",
    "licensable_part_number": "Microsoft's part number of the product",
    "product_name": "Name of the product",
    "licence_family": "Commercial, Citizenship Windows or Citizenship Office",
    "product_key_id": "Microsoft's 13-digit id of the key; never the key",
    "hardware_hash_sha256": "SHA-256 of the hardware hash that was reported",
    "device_manufacturer": "Manufacturer as read from the device",
    "device_model": "Model as read from the device",
    "device_serial": "Serial number as read from the device",
    "form_factor": "Form factor by Microsoft's hardware report list",
    "previous_licence_type": "Earlier licence on the device: COA, GML or DPK",
    "previous_coa_serial": "Serial number of the earlier label",
    "refurb_completed_on": "Day on which refurbishment was completed",
    "wipe_standard": "Wiping standard and revision",
    "wipe_certificate_no": "Number of the wiping certificate",
    "key_state": "State of the key at the end of the month",
    "cbr_report_id": "Our id of the computer build report",
    "ms_report_id": "Microsoft's id of the computer build report",
    "cbr_sent_utc": "When the report was sent to Microsoft",
    "ack_utc": "When Microsoft's answer was recorded",
    "ack_code": "Microsoft's answer, 00 to 08",
    "gmrl_serial": "Serial number of the refurbisher label",
    "sold_on": "Day of the sale",
    "sale_country": "Country of the sale, ISO 3166-1 alpha-2",
    "channel": "Sales channel",
    "recipient_class": "Citizenship only: class of the recipient",
    "recipient_org": "Citizenship only: organisation that received the device",
    "recipient_proof_ref": "Citizenship only: reference of the stored proof",
}
