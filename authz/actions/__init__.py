"""What charging stations are answered, whoever carries their messages."""
