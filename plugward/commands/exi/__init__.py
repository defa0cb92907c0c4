"""What can be done with ISO 15118 messages."""
