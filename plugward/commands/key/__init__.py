"""The commands of private keys."""
