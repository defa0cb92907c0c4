"""The authorization house's doors over HTTP."""
