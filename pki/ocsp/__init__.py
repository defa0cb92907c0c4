"""The OCSP responder, as a function over bytes and the register."""
