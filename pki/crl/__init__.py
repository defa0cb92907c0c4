"""Certificate revocation lists: built, numbered, published."""
