"""Pure decisions about documents: no ORM, no clock, no settings."""
