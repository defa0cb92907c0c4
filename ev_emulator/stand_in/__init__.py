"""An operator's backend in memory: what chargers ask when no real one is there."""
