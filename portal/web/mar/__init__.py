"""The MAR's wing: applications, partners, stock, orders and the exchange."""
