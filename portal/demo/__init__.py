"""The demo programme: one MAR, twelve partners, a year of their work, made through the real services."""
