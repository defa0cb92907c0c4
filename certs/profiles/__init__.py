"""What each role's certificates look like, as data."""
