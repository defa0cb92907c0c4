"""Named stories between a vehicle, a charger and its operator, each with its only right end."""
