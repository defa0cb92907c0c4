"""What can be told to an authorization service about contracts."""
