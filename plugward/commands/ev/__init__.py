"""Vehicles and chargers that speak ISO 15118."""
