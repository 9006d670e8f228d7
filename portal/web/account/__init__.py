"""What a person does with his own sign-in: factors, sessions, data."""
