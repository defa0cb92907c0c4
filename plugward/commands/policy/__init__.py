"""Commands about who may have which certificates."""
