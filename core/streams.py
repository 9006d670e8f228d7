"""The audit log's chain."""

from core.services.seal import UTC_TEXT, Stream

AUDIT_STREAM = Stream(
    name="audit",
    table="core_auditevent",
    columns=(
        "r.id",
        UTC_TEXT.format(column="r.at"),
        "r.action",
        "r.actor_kind",
        "r.actor_id",
        "r.actor_label",
        "r.partner_id",
        "r.object_type",
        "r.object_id",
        "r.facts",
        "r.request_id",
        "host(r.ip)",
        "r.auth_strength",
    ),
)
