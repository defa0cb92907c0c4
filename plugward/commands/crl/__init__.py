"""What can be read out of certificate revocation lists."""
