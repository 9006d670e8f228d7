"""How long an applicant's link and his draft live."""

LINK_DAYS = 14
REMINDER_DAYS = 14
EXPIRY_DAYS = 90
