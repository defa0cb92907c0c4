"""The owner of the SECC: what it offers, measures and asks its backend."""
