"""Pages that both houses share: colleagues and machines' credentials."""
