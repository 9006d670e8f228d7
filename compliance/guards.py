"""The database's own guard of a waiver: who proposes and who confirms is the one who acts."""

from core.database.acting import names_only_who_acts


def statements() -> list[str]:
    """Return the guards as SQL, safe to run again."""
    return names_only_who_acts(
        "compliance_winddownitem",
        "waived_by",
        "waived_by_id",
        "waiver_confirmed_by",
        "waiver_confirmed_by_id",
    )
