"""Both sides at work over real connections."""
