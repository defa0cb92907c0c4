"""Charging stations that are connected, and how they are let in."""
