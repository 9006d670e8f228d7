"""The custody ledger's chain."""

from core.services.seal import UTC_TEXT, Stream

CUSTODY_STREAM = Stream(
    name="custody",
    table="licensing_ledgerentry",
    columns=(
        "r.id",
        "r.key_id",
        "r.product_id",
        "r.partner_id",
        "r.from_state",
        "r.to_state",
        "r.hold",
        "r.reason",
        "r.object_id",
        "r.actor_kind",
        "r.actor_id",
        "r.actor_label",
        "r.request_id",
        UTC_TEXT.format(column="r.recorded_at"),
    ),
)
