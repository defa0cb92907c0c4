"""The owner of the EVCC: what it carries, and what it wants."""
