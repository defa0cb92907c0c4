"""Commands about who may call the PKI."""
