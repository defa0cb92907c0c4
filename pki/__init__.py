"""Issues, revokes and publishes the certificates of a V2G PKI."""
