"""The database's own guards of acts on a person that take two: who is named has to be the one who acts."""

from core.database.acting import names_only_who_acts


def statements() -> list[str]:
    """Return the guards as SQL, safe to run again."""
    return [
        *names_only_who_acts(
            "partners_erasurerequest", "requested_by", "requested_by_user_id", "decided_by_user_id"
        ),
        *names_only_who_acts(
            "partners_ownerreset",
            "asked_by",
            "asked_by_user_id",
            "confirmed_by",
            "confirmed_by_user_id",
            "closed_by",
            "closed_by_user_id",
        ),
        *names_only_who_acts(
            "partners_retentionproposal",
            "proposed_by",
            "proposed_by_user_id",
            "decided_by",
            "decided_by_user_id",
        ),
    ]
