"""The device lines of a month: one row for each key whose build report was sent in the month.

A device belongs to the month of its ledger step to ReportedBound; a repeat in the same month is one
row, with the last report. An answer that came by the month's end stands beside it; one that comes
later is an adjustment of its own month. The facts of the device are those known when the lines are
frozen.
"""

from uuid import UUID

from licensing.rules.key_states import KeyState
from reporting.rules.device_columns import DEVICE_COLUMNS
from reporting.selectors.month_steps import AS_NUMBER, AS_UUID, FAMILY, STEP_CODE, MonthBounds
from reporting.selectors.rows import execute

_ISO = "to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"
_STATE_NAME = " ".join(f"WHEN {state.value} THEN '{state.microsoft_name}'" for state in KeyState)

_INSERT = f"""
WITH sent AS (
  SELECT DISTINCT ON (key_id) id, key_id, product_id, partner_id, object_id, at FROM report_steps
  WHERE at >= %(start)s AND to_state = {KeyState.REPORTED_BOUND:d}
  ORDER BY key_id, id DESC
), answered AS (
  SELECT DISTINCT ON (s.key_id) s.key_id, s.object_id, s.to_state, s.at FROM report_steps s
  JOIN sent ON sent.key_id = s.key_id AND s.id > sent.id WHERE s.reason = %(answered)s
  ORDER BY s.key_id, s.id DESC
), ordered AS (
  SELECT DISTINCT ON (s.key_id) s.key_id, s.object_id FROM report_steps s
  JOIN sent ON sent.key_id = s.key_id AND s.id < sent.id WHERE s.reason = %(placed)s
  ORDER BY s.key_id, s.id DESC
), lines AS (
  SELECT %(period)s AS report_month, p.code AS tpr_code, p.name AS tpr_name, p.country AS tpr_country,
    coalesce('O-' || lpad(o.number::text, 6, '0'), '') AS order_number, pr.lpn AS licensable_part_number,
    pr.name AS product_name, {FAMILY.format(product="pr")} AS licence_family, k.product_key_id,
    coalesce(b.hardware_hash_sha256, '') AS hardware_hash_sha256,
    coalesce(d.manufacturer, '') AS device_manufacturer,
    coalesce(d.model, '') AS device_model, coalesce(d.serial, '') AS device_serial,
    coalesce(b.form_factor, '') AS form_factor,
    coalesce(d.previous_licence_type, '') AS previous_licence_type,
    coalesce(d.previous_coa_serial, '') AS previous_coa_serial,
    coalesce(to_char(d.refurbished_on, 'YYYY-MM-DD'), '') AS refurb_completed_on,
    coalesce(d.wipe_standard, '') AS wipe_standard,
    coalesce(d.wipe_certificate_no, '') AS wipe_certificate_no,
    CASE st.state {_STATE_NAME} ELSE '' END AS key_state, coalesce(cbr.id::text, '') AS cbr_report_id,
    CASE WHEN a.key_id IS NULL THEN '' ELSE coalesce(cbr.ms_report_id, '') END AS ms_report_id,
    {_ISO.format(column="s.at")} AS cbr_sent_utc, coalesce({_ISO.format(column="a.at")}, '') AS ack_utc,
    {STEP_CODE.format(step="a", line="answer")} AS ack_code, coalesce(d.gmrl_serial, '') AS gmrl_serial,
    coalesce(to_char(d.sold_on, 'YYYY-MM-DD'), '') AS sold_on, coalesce(d.sale_country, '') AS sale_country,
    coalesce(d.sale_channel, '') AS channel,
    '' AS recipient_class, '' AS recipient_org, '' AS recipient_proof_ref
  FROM sent s JOIN licensing_productkey k ON k.id = s.key_id
    JOIN licensing_product pr ON pr.id = s.product_id
    JOIN partners_partner p ON p.id = s.partner_id JOIN report_standings st ON st.key_id = s.key_id
    LEFT JOIN licensing_computerbuildreport cbr ON cbr.id = {AS_UUID.format(column="s.object_id")}
    LEFT JOIN licensing_cbrline line ON line.report_id = cbr.id AND line.key_id = s.key_id
    LEFT JOIN licensing_build b ON b.id = line.build_id LEFT JOIN licensing_device d ON d.id = b.device_id
    LEFT JOIN answered a ON a.key_id = s.key_id
    LEFT JOIN licensing_cbrline answer ON answer.id = {AS_NUMBER.format(column="a.object_id")}
    LEFT JOIN ordered ord ON ord.key_id = s.key_id
    LEFT JOIN licensing_orderline ol ON ol.id = {AS_UUID.format(column="ord.object_id")}
    LEFT JOIN licensing_order o ON o.id = ol.order_id
)
INSERT INTO reporting_reportdeviceline (report_id, position, COLUMNS)
SELECT %(report_id)s, row_number() OVER (ORDER BY tpr_code, cbr_sent_utc, product_key_id), COLUMNS FROM lines
"""


def insert_device_lines(bounds: MonthBounds, *, report_id: UUID) -> int:
    """Freeze the device lines of the month by one statement and return how many they are.

    Reads the temporary tables of `gather_steps`.
    """
    statement = _INSERT.replace("COLUMNS", ", ".join(DEVICE_COLUMNS))
    return execute(statement, {**bounds.parameters(), "report_id": report_id})
