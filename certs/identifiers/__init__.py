"""Contract, vehicle, charger and controller identifiers: parsed once, at the door."""
