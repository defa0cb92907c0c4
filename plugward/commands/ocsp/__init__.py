"""What can be asked of OCSP responders."""
