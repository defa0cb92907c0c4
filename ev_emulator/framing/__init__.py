"""How messages travel: V2GTP frames and the discovery of the charger."""
